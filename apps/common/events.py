"""The outbox: events are rows written in the transaction that caused them, delivered at least once.

Handlers are named in settings.SECOPS_EVENT_HANDLERS (event name -> dotted paths) and must be idempotent:
`handler(event_id: int, payload: dict) -> None`.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.common import dispatch
from apps.common.models import OutboxDelivery, OutboxEvent

logger = logging.getLogger(__name__)

Handler = Callable[[int, dict[str, Any]], None]
BACK_OFF = (5, 30, 120, 600, 3600)  # seconds after the 1st, 2nd ... failure; the last one repeats


def append(name: str, payload: Mapping[str, Any]) -> None:
    """Write an event. Must run inside the transaction of what it tells of.

    Raises: RuntimeError outside a transaction, since then the event could outlive a rolled-back change.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"event {name} was appended outside a transaction")
    event = OutboxEvent.objects.create(name=name, payload=dict(payload))
    handlers = settings.SECOPS_EVENT_HANDLERS.get(name, [])
    OutboxDelivery.objects.bulk_create(
        OutboxDelivery(event=event, handler=handler) for handler in handlers
    )
    if handlers:
        transaction.on_commit(lambda: dispatch.send("common.deliver"))


def deliver_due(limit: int = 100) -> int:
    """Deliver what is due, one short transaction each. Returns how many deliveries were tried.

    Several workers may run this at once: SKIP LOCKED gives each row to one of them.
    """
    tried = 0
    while tried < limit and _deliver_one():
        tried += 1
    return tried


def _deliver_one() -> bool:
    with transaction.atomic():
        delivery = (
            OutboxDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(delivered_at=None, next_attempt_at__lte=timezone.now())
            .order_by("next_attempt_at", "id")
            .first()
        )
        if delivery is None:
            return False
        delivery.attempts += 1
        try:
            # A savepoint: a handler that fails takes back its own half-done work and nothing else.
            with transaction.atomic():
                handler: Handler = import_string(delivery.handler)
                handler(delivery.event_id, delivery.event.payload)
            delivery.delivered_at = timezone.now()
            delivery.last_error = ""
        except Exception as error:
            logger.exception("delivery of %s to %s failed", delivery.event, delivery.handler)
            delivery.last_error = f"{type(error).__name__}: {error}"[:2000]
            wait = BACK_OFF[min(delivery.attempts, len(BACK_OFF)) - 1]
            delivery.next_attempt_at = timezone.now() + dt.timedelta(seconds=wait)
        delivery.save()
    return True
