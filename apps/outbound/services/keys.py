"""Signing keys under a new key of the environment."""

import logging

from cryptography.fernet import InvalidToken
from django.db import transaction

from apps.common import sealing
from apps.outbound.models import Webhook

logger = logging.getLogger(__name__)


def webhooks_reseal() -> tuple[int, int]:
    """How many were sealed anew, and how many no key opens."""
    done = lost = 0
    for pk in Webhook.objects.values_list("pk", flat=True):
        with transaction.atomic():
            row = Webhook.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                row.sealed = sealing.reseal(bytes(row.sealed))
                if row.previous_sealed:
                    row.previous_sealed = sealing.reseal(bytes(row.previous_sealed))
            except InvalidToken:
                logger.warning("no key opens the signing key of webhook %s", row.pk)
                lost += 1
                continue
            row.save(update_fields=["sealed", "previous_sealed"])
            done += 1
    return done, lost
