"""Idempotency-Key on POST (IETF draft-ietf-httpapi-idempotency-key-header): a repeat has no second effect."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.common.errors import Conflict, Invalid
from apps.common.models import IdempotencyRecord

KEPT = dt.timedelta(hours=48)
# A first request that died without an answer frees its key after this time.
ABANDONED = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Kept:
    """An answer that was given before."""

    status: int
    body: Any
    headers: dict[str, str]


def begin(actor_key: str, key: str, method_and_path: str, body: bytes) -> Kept | None:
    """Claim the key, or return the answer that it already has.

    Raises: Invalid when the key was used for another request; Conflict while the first one still runs.
    """
    if not key.isprintable() or len(key) > 200:
        raise Invalid({"Idempotency-Key": "Use 1 to 200 printable characters."})
    digest = hashlib.sha256(method_and_path.encode() + b"\n" + body).digest()
    try:
        with transaction.atomic():
            IdempotencyRecord.objects.create(actor_key=actor_key, key=key, request_hash=digest)
    except IntegrityError:
        return _known(actor_key, key, digest)
    return None


def _known(actor_key: str, key: str, digest: bytes) -> Kept | None:
    record = IdempotencyRecord.objects.filter(actor_key=actor_key, key=key).first()
    if record is None:  # the first request failed and let go, since we looked
        raise _running()
    if bytes(record.request_hash) != digest:
        raise Invalid({"Idempotency-Key": "This key was used for another request."})
    if record.status is not None:
        return Kept(record.status, record.body, record.headers)
    claimed = IdempotencyRecord.objects.filter(
        pk=record.pk, status=None, created_at__lt=timezone.now() - ABANDONED
    ).update(created_at=timezone.now())
    if claimed:
        return None
    raise _running()


def _running() -> Conflict:
    return Conflict("The first request with this Idempotency-Key is still running; ask again soon.")


def finish(actor_key: str, key: str, status: int, body: Any, headers: dict[str, str]) -> None:
    IdempotencyRecord.objects.filter(actor_key=actor_key, key=key).update(
        status=status, body=body, headers=headers
    )


def release(actor_key: str, key: str) -> None:
    """Free the key of a request that failed: nothing was done, so a repeat may try again."""
    IdempotencyRecord.objects.filter(actor_key=actor_key, key=key, status=None).delete()


def forget_old() -> int:
    count, _ = IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return count
