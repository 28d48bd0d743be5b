from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "People, teams and tokens"

    def ready(self) -> None:
        from apps.accounts import checks  # noqa: F401, PLC0415  # registers the system checks
