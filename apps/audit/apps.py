from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "apps.audit"
    label = "audit"

    def ready(self) -> None:
        post_migrate.connect(_grant, sender=self)


def _grant(**_words: Any) -> None:
    """After all migrations, when every table is there."""
    from apps.audit.serving import serving_role_grant  # noqa: PLC0415  # models are not loaded before

    if settings.SECOPS_SERVING_ROLE:
        serving_role_grant(settings.SECOPS_SERVING_ROLE)
