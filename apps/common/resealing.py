"""Sealed secrets of whole tables under the newest key, so that an old one can be taken away."""

import logging
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Model, QuerySet

from apps.common import sealing

logger = logging.getLogger(__name__)


def rows_reseal(rows: QuerySet[Any], *columns: str) -> tuple[int, int]:
    """Seal these columns anew, each row in a transaction of its own; an empty column stays empty.

    Returns how many rows were sealed anew, and how many hold something that no key opens: they stay
    as they are, and the log names them.
    """
    done = lost = 0
    for pk in rows.values_list("pk", flat=True):
        with transaction.atomic():
            row = rows.select_for_update().filter(pk=pk).first()
            if row is None:  # gone meanwhile
                continue
            if _reseal(row, columns):
                done += 1
            else:
                lost += 1
    return done, lost


def _reseal(row: Model, columns: tuple[str, ...]) -> bool:
    try:
        sealed = {
            each: sealing.reseal(bytes(value)) for each in columns if (value := getattr(row, each))
        }
    except InvalidToken:
        logger.warning("no key opens the secret of %s %s", type(row).__name__, row.pk)
        return False
    for name, value in sealed.items():
        setattr(row, name, value)
    row.save(update_fields=columns)
    return True
