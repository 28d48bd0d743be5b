from django.apps import AppConfig


class ScansConfig(AppConfig):
    name = "apps.scans"
    label = "scans"

    def ready(self) -> None:
        from apps.scans import checks  # noqa: F401, PLC0415  # registers the system checks
