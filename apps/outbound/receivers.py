"""What the outbox tells this app."""

from typing import Any

from apps.common.models import OutboxEvent
from apps.outbound.services.enqueue import deliveries_make


def on_event(event_id: int, payload: dict[str, Any]) -> None:
    deliveries_make(event=OutboxEvent.objects.get(pk=event_id), payload=payload)
