"""Whether what is open is still there: what was deleted or moved away is in no list of changes.

A few are asked for with each look at their tracker, each of them once a day. Only after the list of the
project was read: else a token that lost its rights would make everything look deleted.
"""

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.trackers.clients.line import Line
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.clients.types import Seen
from apps.trackers.models import MirroredIssue, Ticket, TicketState, Tracker
from apps.trackers.services.mirrored import issues_follow

EVERY = dt.timedelta(days=1)
LOOKED_FOR = dt.timedelta(days=30)  # what is gone: a token may have lost a right, and get it back
AT_ONCE = 5  # of tickets and of mirrored issues, with each look


def issues_check(tracker: Tracker, line: Line) -> None:
    """Raises: OutgoingFailed."""
    client, now = CLIENTS[tracker.kind], timezone.now()
    due, lately = now - EVERY, now - LOOKED_FOR
    there = Q(state=TicketState.OPEN) | Q(state=TicketState.GONE, changed_at__gt=lately)
    tickets = Ticket.objects.filter(there, tracker=tracker)
    tickets = tickets.annotate(asked_at=Coalesce("checked_at", "filed_at", "created_at"))
    for ticket in tickets.filter(asked_at__lt=due).order_by("asked_at")[:AT_ONCE]:
        _note_ticket(ticket, client.look(line, ticket.key))
    still = Q(gone_at=None) | Q(gone_at__gt=lately)
    links = MirroredIssue.objects.filter(still, tracker=tracker, is_closed=False)
    links = links.select_related("item", "tracker").annotate(
        asked_at=Coalesce("checked_at", "made_at")
    )
    for link in links.filter(asked_at__lt=due).order_by("asked_at")[:AT_ONCE]:
        _note_link(link, client.look(line, link.key))


@transaction.atomic
def _note_ticket(ticket: Ticket, seen: Seen | None) -> None:
    now, before = timezone.now(), ticket.state
    state = TicketState.GONE
    told: dict[str, object] = {}
    if seen is not None:
        state = TicketState.CLOSED if seen.is_closed else TicketState.OPEN
        told = {"key": seen.key[:60], "url": seen.url[:1000]}
    rows = Ticket.objects.filter(pk=ticket.pk, state=before)
    if state == before:
        rows.update(checked_at=now, **told)
    elif rows.update(checked_at=now, state=state, changed_at=now, **told):
        record(
            actor=portal_actor("trackers"),
            action="ticket.follow",
            target=ticket,
            system_id=ticket.system_id,
            changes={"state": [before, state]},
        )


@transaction.atomic
def _note_link(link: MirroredIssue, seen: Seen | None) -> None:
    now = timezone.now()
    MirroredIssue.objects.filter(pk=link.pk).update(checked_at=now)
    if seen is not None:  # as in a list of changes; there again, if it was gone
        issues_follow(link.tracker, [seen])
    elif link.gone_at is None:
        MirroredIssue.objects.filter(pk=link.pk).update(gone_at=now)
        record(
            actor=portal_actor("trackers"),
            action="item.mirrored_state",
            target=link.item,
            system_id=link.item.system_id,
            changes={"gone from the tracker": [False, True]},
        )
