"""Tokens under the newest key, so that an old one can be taken away."""

import logging

from cryptography.fernet import InvalidToken
from django.db import transaction

from apps.common import sealing
from apps.trackers.models import Tracker

logger = logging.getLogger(__name__)


@transaction.atomic
def trackers_reseal() -> tuple[int, int]:
    """How many tokens were sealed anew, and how many no key opens."""
    resealed = unopened = 0
    for row in Tracker.objects.select_for_update().order_by("pk"):
        try:
            row.sealed = sealing.reseal(bytes(row.sealed))
        except InvalidToken:
            logger.warning("no key opens the token of tracker %s", row.pk)
            unopened += 1
            continue
        row.save(update_fields=["sealed"])
        resealed += 1
    return resealed, unopened
