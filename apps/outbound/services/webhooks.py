"""The only writer of webhooks."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import sealing
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.common.outgoing import OutgoingFailed, Policy
from apps.outbound import dispatch, signing
from apps.outbound.kinds import TEST, EventName, MessageKind
from apps.outbound.messages import body_of
from apps.outbound.models import DeliveryState, Webhook, WebhookDelivery
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

OVERLAP = dt.timedelta(hours=24)  # for which the key before signs along


@dataclass(frozen=True)
class MadeWebhook:
    webhook: Webhook
    secret: str  # to show once


@transaction.atomic
def webhook_create(
    *,
    actor: Actor,
    name: str,
    url: str,
    events: Sequence[str],
    kind: str = MessageKind.STANDARD,
    system: System | None = None,
) -> MadeWebhook:
    """Tell an address from now on. Raises: NotPermitted, Invalid, Conflict (no key to seal with)."""
    require(actor, Permission.WEBHOOK_MANAGE)
    row = Webhook(system=system, made_by=actor.user)
    _fill(row, name=name, url=url, events=events, kind=kind)
    secret = signing.new_secret()
    row.sealed = sealing.seal(row.uid, secret)
    row.save()
    record(actor=actor, action="webhook.create", target=row, changes=_told(row))
    return MadeWebhook(row, secret)


@transaction.atomic
def webhook_edit(
    *,
    actor: Actor,
    webhook: Webhook,
    version: int | None,
    name: str,
    url: str,
    events: Sequence[str],
    kind: str,
    system: System | None,
) -> Webhook:
    """Raises: NotPermitted, Invalid, EditConflict."""
    require(actor, Permission.WEBHOOK_MANAGE)
    row = lock_for_edit(Webhook, webhook.pk, version)
    before = _told(row)
    row.system = system
    _fill(row, name=name, url=url, events=events, kind=kind)
    row.save()
    after = _told(row)
    changes = {each: [before[each], after[each]] for each in after if before[each] != after[each]}
    record(actor=actor, action="webhook.edit", target=row, changes=changes)
    return row


@transaction.atomic
def webhook_rotate(*, actor: Actor, webhook: Webhook) -> MadeWebhook:
    """A new signing key; the old one signs along for a day. Raises: NotPermitted, Conflict."""
    require(actor, Permission.WEBHOOK_MANAGE)
    row = lock_for_edit(Webhook, webhook.pk, None)
    secret = signing.new_secret()
    row.previous_sealed, row.previous_until = row.sealed, timezone.now() + OVERLAP
    row.sealed = sealing.seal(row.uid, secret)
    row.save()
    record(actor=actor, action="webhook.rotate", target=row, changes={"secret": ["", "replaced"]})
    return MadeWebhook(row, secret)


@transaction.atomic
def webhook_pause(*, actor: Actor, webhook: Webhook, is_paused: bool) -> Webhook:
    """Paused, it hears of nothing that happens meanwhile. Going on also ends a disabling."""
    require(actor, Permission.WEBHOOK_MANAGE)
    row = lock_for_edit(Webhook, webhook.pk, None)
    told = {"is_on": [not row.is_paused and row.disabled_at is None, not is_paused]}
    row.is_paused = is_paused
    if not is_paused:
        row.disabled_at = row.failing_since = None
        row.last_error = ""
    row.save()
    action = "webhook.pause" if is_paused else "webhook.resume"
    record(
        actor=actor,
        action=action,
        target=row,
        changes=told,
    )
    if not is_paused:
        transaction.on_commit(dispatch.deliver)
    return row


@transaction.atomic
def webhook_delete(*, actor: Actor, webhook: Webhook) -> Removal:
    """With its log; both can be put back."""
    require(actor, Permission.WEBHOOK_MANAGE)
    record(actor=actor, action="webhook.delete", target=webhook, changes=_told(webhook))
    return removal_make(actor=actor, kind=WEBHOOK.name, row=webhook)


@transaction.atomic
def webhook_ping(*, actor: Actor, webhook: Webhook) -> WebhookDelivery:
    """Send a test message; the log shows how it went. Raises: NotPermitted, Conflict when it is off."""
    require(actor, Permission.WEBHOOK_MANAGE)
    _check_is_on(webhook)
    data = {"summary": _("SecOps Portal reaches you."), "url": settings.BASE_URL, "system": None}
    now = timezone.now()
    row = WebhookDelivery.objects.create(
        webhook=webhook, event=TEST, body=body_of(webhook.kind, TEST, now, data)
    )
    record(actor=actor, action="webhook.ping", target=webhook)
    transaction.on_commit(dispatch.deliver)
    return row


@transaction.atomic
def delivery_again(*, actor: Actor, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send a message again, under its own id, so that the receiver knows a repeat.

    Raises: NotPermitted, Conflict while it waits to be sent anyway, or when the webhook is off.
    """
    require(actor, Permission.WEBHOOK_MANAGE)
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook")
    row = rows.get(pk=delivery.pk)
    _check_is_on(row.webhook)
    if row.state == DeliveryState.QUEUED and row.attempts == 0:
        raise Conflict("It is on its way already.")
    row.state, row.attempts, row.next_attempt_at = DeliveryState.QUEUED, 0, timezone.now()
    row.save()
    record(
        actor=actor,
        action="webhook.redeliver",
        target=row.webhook,
        changes={"message": row.message_id},
    )
    transaction.on_commit(dispatch.deliver)
    return row


def _check_is_on(webhook: Webhook) -> None:
    if webhook.is_paused or webhook.disabled_at:
        raise Conflict("This webhook is off. Switch it on first.")


def _fill(row: Webhook, *, name: str, url: str, events: Sequence[str], kind: str) -> None:
    """Raises: Invalid, with each field that cannot be."""
    name, url = name.strip(), url.strip()
    problems: dict[str, str] = {}
    if not name or len(name) > 120 or not name.isprintable():
        problems["name"] = "Give a name of at most 120 characters."
    elif Webhook.objects.filter(name=name).exclude(pk=row.pk).exists():
        problems["name"] = "There is a webhook of this name already."
    if kind not in MessageKind.values:
        problems["kind"] = f"Choose one of {', '.join(MessageKind.values)}."
    if not events:
        problems["events"] = "Choose at least one event."
    elif unknown := sorted(set(events) - set(EventName.values)):
        problems["events"] = f"There is no event {unknown[0]!r}."
    try:
        Policy.from_settings().check_url(url)
    except OutgoingFailed as error:
        problems["url"] = error.message
    if len(url) > 2000:
        problems["url"] = "At most 2000 characters."
    if problems:
        raise Invalid(problems)
    row.name, row.url, row.kind = name, url, kind
    row.events = [each for each in EventName.values if each in events]


def _told(row: Webhook) -> dict[str, object]:
    return {
        "name": row.name,
        "url": row.shown_url,
        "kind": row.kind,
        "events": list(row.events),
        "system": row.system.key if row.system else None,
    }


def _webhook_returned(_actor: Actor, _webhook: Webhook) -> None:
    transaction.on_commit(dispatch.deliver)


WEBHOOK = Kind(
    name="webhook",
    label=lazy("Webhook"),
    icon="send",
    permission=Permission.WEBHOOK_MANAGE,
    taken="There is another webhook of that name by now; give that one another name first.",
    page=lambda webhook: reverse("webhook-detail", args=[webhook.pk]),
    note=lazy("It is not told of what happened meanwhile. Its signing key is the one it had."),
    returned=_webhook_returned,
)
