"""Whether what is open is still there: what was deleted or moved away is in no list of changes.

A few are asked for with each look at their tracker, each of them once a day. Only after the list of the
project was read: else a token that lost its rights would make everything look deleted.
"""

import datetime as dt

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.trackers.clients.line import Line
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import MirroredIssue, Ticket, TicketState, Tracker

EVERY = dt.timedelta(days=1)
AT_ONCE = 5  # of tickets and of mirrored issues, with each look


def issues_check(tracker: Tracker, line: Line) -> None:
    """Raises: OutgoingFailed."""
    client, due = CLIENTS[tracker.kind], timezone.now() - EVERY
    tickets = Ticket.objects.filter(tracker=tracker, state=TicketState.OPEN)
    asked_at = Coalesce("checked_at", "filed_at", "created_at")
    for ticket in (
        tickets.annotate(asked_at=asked_at).filter(asked_at__lt=due).order_by("asked_at")[:AT_ONCE]
    ):
        _note_ticket(ticket, client.key_now(line, ticket.key))
    links = MirroredIssue.objects.filter(tracker=tracker, is_closed=False, gone_at=None)
    links = links.select_related("item").annotate(asked_at=Coalesce("checked_at", "made_at"))
    for link in links.filter(asked_at__lt=due).order_by("asked_at")[:AT_ONCE]:
        _note_link(link, client.key_now(line, link.key))


@transaction.atomic
def _note_ticket(ticket: Ticket, key: str) -> None:
    now = timezone.now()
    rows = Ticket.objects.filter(pk=ticket.pk, state=TicketState.OPEN)
    if key:
        moved = {"key": key[:60], "url": ticket.url.replace(ticket.key, key)[:1000]}
        rows.update(checked_at=now, **(moved if key != ticket.key else {}))
        return
    if rows.update(checked_at=now, state=TicketState.GONE, changed_at=now):
        record(
            actor=portal_actor("trackers"),
            action="ticket.follow",
            target=ticket,
            system_id=ticket.system_id,
            changes={"state": [TicketState.OPEN, TicketState.GONE]},
        )


@transaction.atomic
def _note_link(link: MirroredIssue, key: str) -> None:
    now = timezone.now()
    rows = MirroredIssue.objects.filter(pk=link.pk)
    if key:
        rows.update(checked_at=now)
        return
    rows.update(checked_at=now, gone_at=now)
    record(
        actor=portal_actor("trackers"),
        action="item.mirrored_state",
        target=link.item,
        system_id=link.item.system_id,
        changes={"gone from the tracker": [False, True]},
    )
