"""From an event of the outbox to one message for each webhook that wants it."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.common.models import OutboxEvent
from apps.outbound import dispatch
from apps.outbound.facts import facts_of
from apps.outbound.messages import body_of
from apps.outbound.models import Webhook, WebhookDelivery


def deliveries_make(*, event: OutboxEvent, payload: dict[str, Any]) -> int:
    """Idempotent: a second delivery of the event makes no second message. Returns how many want it."""
    wanting = Webhook.objects.filter(
        events__contains=[event.name], is_paused=False, disabled_at=None
    )
    if not wanting.exists():
        return 0
    facts = facts_of(event.name, payload)
    if facts is None:
        return 0
    here = Q(system=None) | Q(system=facts.system) if facts.system else Q(system=None)
    data = facts.told()
    rows = [
        WebhookDelivery(
            webhook=webhook,
            event_id=event.pk,
            event=event.name,
            body=body_of(webhook.kind, event.name, event.created_at, data),
        )
        for webhook in wanting.filter(here)
    ]
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(dispatch.deliver)
    return len(rows)
