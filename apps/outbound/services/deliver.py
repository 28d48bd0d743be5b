"""Sending what is due: claimed on its own commit, sent outside of any transaction, noted in another."""

import datetime as dt
import random
import time
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common import events, sealing
from apps.common.errors import Conflict
from apps.common.outgoing import Client, Limits, OutgoingFailed
from apps.outbound import signing
from apps.outbound.models import DeliveryState, Webhook, WebhookDelivery

# Seconds after the 1st, 2nd ... failed attempt, as the specification proposes: some four days in all.
BACK_OFF = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
LEASE = dt.timedelta(
    seconds=60
)  # longer than an attempt can take; then a dead worker's row is due again
LIMITS = Limits(connect=5.0, idle=10.0, total=20.0, max_bytes=64 * 1024, max_redirects=0)
DISABLED_AFTER = dt.timedelta(days=5)  # without a single success
GONE = 410  # "the receiver ... wants to be unsubscribed"
LONGEST_WAIT = 86_400.0  # that a receiver may ask for, in seconds
KEPT = dt.timedelta(days=30)


@dataclass(frozen=True)
class Outcome:
    """status: HTTP, None where there was no answer. error: empty when it was delivered."""

    status: int | None
    error: str = ""
    wait: float = 0.0


def deliver_due(limit: int = 100) -> int:
    """Several workers may run this at once. Returns how many attempts were made."""
    tried = 0
    while tried < limit:
        delivery = _claim()
        if delivery is None:
            break
        began = time.monotonic()
        outcome = _attempt(delivery)
        _note(delivery, outcome, round((time.monotonic() - began) * 1000))
        tried += 1
    return tried


def deliveries_forget() -> int:
    """The log of a month; what still waits stays."""
    old = WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEPT)
    return old.exclude(state=DeliveryState.QUEUED, webhook__disabled_at=None).delete()[0]


@transaction.atomic
def _claim() -> WebhookDelivery | None:
    delivery = (
        WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("webhook")
        .filter(state=DeliveryState.QUEUED, next_attempt_at__lte=timezone.now())
        .filter(webhook__is_paused=False, webhook__disabled_at=None)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if delivery is not None:
        delivery.attempts += 1
        delivery.next_attempt_at = timezone.now() + LEASE
        delivery.save(update_fields=["attempts", "next_attempt_at"])
    return delivery


def _attempt(delivery: WebhookDelivery) -> Outcome:
    webhook, body = delivery.webhook, delivery.body.encode()
    try:
        signed = signing.headers(_keys(webhook), delivery.message_id, int(time.time()), body)
        sent = {"Content-Type": "application/json", **signed}
        with Client(limits=LIMITS).send(
            "POST", webhook.url, headers=sent, body=body, follow=False
        ) as answer:
            return _judged(answer.status, answer.header("Retry-After"))
    except (OutgoingFailed, Conflict) as error:  # Conflict: no key opens the secret
        return Outcome(None, error.message)


def _judged(status: int, retry_after: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        return Outcome(status, "It redirects, which is not followed. Give the address it leads to.")
    is_number = retry_after.isascii() and retry_after.isdigit()
    wait = min(float(retry_after), LONGEST_WAIT) if is_number else 0.0
    return Outcome(status, f"It answered {status}.", wait)


def _keys(webhook: Webhook) -> list[str]:
    """The newest first. Raises: Conflict."""
    keys = [sealing.unseal(webhook.uid, bytes(webhook.sealed))]
    if (
        webhook.previous_sealed
        and webhook.previous_until
        and webhook.previous_until > timezone.now()
    ):
        keys.append(sealing.unseal(webhook.uid, bytes(webhook.previous_sealed)))
    return keys


@transaction.atomic
def _note(delivery: WebhookDelivery, outcome: Outcome, took_ms: int) -> None:
    webhook = Webhook.objects.select_for_update().filter(pk=delivery.webhook_id).first()
    if webhook is None:  # taken away while the message was on its way
        return
    now = timezone.now()
    delivery.tried_at, delivery.took_ms = now, took_ms
    delivery.status, delivery.error = outcome.status, outcome.error
    if not outcome.error:
        delivery.state = DeliveryState.DELIVERED
        webhook.last_success_at, webhook.failing_since, webhook.last_error = now, None, ""
    else:
        if delivery.attempts > len(BACK_OFF):
            delivery.state = DeliveryState.FAILED
        else:
            pause = BACK_OFF[delivery.attempts - 1] * (1 + random.random() / 4)  # noqa: S311  # spreads load
            delivery.next_attempt_at = now + dt.timedelta(seconds=max(pause, outcome.wait))
        webhook.failing_since = webhook.failing_since or now
        webhook.last_error = outcome.error
        if outcome.status == GONE or now - webhook.failing_since >= DISABLED_AFTER:
            _disable(webhook, now)
    delivery.save(
        update_fields=["state", "next_attempt_at", "tried_at", "took_ms", "status", "error"]
    )
    webhook.save(update_fields=["last_success_at", "failing_since", "last_error", "disabled_at"])


def _disable(webhook: Webhook, now: dt.datetime) -> None:
    """Its owner is told through the outbox; what waits goes out when somebody switches it on again."""
    webhook.disabled_at = now
    told = {"name": webhook.name, "message": webhook.last_error}
    record(actor=portal_actor("outbound"), action="webhook.disable", target=webhook, changes=told)
    path = reverse("webhook-detail", args=[webhook.pk])
    events.append("webhook.disabled", {**told, "owner_id": webhook.made_by_id, "path": path})
