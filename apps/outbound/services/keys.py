"""Signing keys under a new key of the environment."""

from apps.common.resealing import rows_reseal
from apps.outbound.models import Webhook


def webhooks_reseal() -> tuple[int, int]:
    """How many were sealed anew, and how many no key opens."""
    return rows_reseal(Webhook.objects.all(), "sealed", "previous_sealed")
