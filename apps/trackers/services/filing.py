"""Filing what is due: claimed on its own commit, asked outside of any transaction, noted in another.

An issue is looked for by its marker before it is created, so that an attempt that died, or whose
answer got lost, after the tracker had created it makes no second one.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.outgoing import OutgoingFailed
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.clients.types import Seen
from apps.trackers.models import Ticket, TicketState, Tracker
from apps.trackers.services.lines import is_refused, line_of, went_well, went_wrong

# Longer than an attempt can take (the pages of a look and a creation); then a dead worker's row is due.
LEASE = dt.timedelta(minutes=5)
MOST_ATTEMPTS = 12
CLOCKS_DIFFER = dt.timedelta(hours=1)


def file_due(limit: int = 50) -> int:
    """Several workers may run this at once. Returns how many attempts were made."""
    tried = 0
    while tried < limit and (ticket := _claim()) is not None:
        _file(ticket)
        tried += 1
    return tried


@transaction.atomic
def _claim() -> Ticket | None:
    now = timezone.now()
    ticket: Ticket | None = (
        Ticket.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("tracker")
        .filter(state=TicketState.QUEUED, next_attempt_at__lte=now)
        .filter(tracker__is_paused=False, tracker__next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if ticket is not None:
        ticket.attempts += 1
        ticket.next_attempt_at = now + LEASE
        ticket.save(update_fields=["attempts", "next_attempt_at"])
    return ticket


def _file(ticket: Ticket) -> None:
    try:
        seen = _found_or_created(ticket)
    except (OutgoingFailed, Conflict) as error:  # Conflict: no key opens the token
        _note_failure(ticket, error)
    else:
        _note(ticket, seen)


def _found_or_created(ticket: Ticket) -> Seen:
    client, line = CLIENTS[ticket.tracker.kind], line_of(ticket.tracker)
    found = client.find(line, ticket.marker, ticket.created_at - CLOCKS_DIFFER)
    if found is not None:
        return found
    return client.create(line, ticket.title, ticket.body, ticket.marker)


@transaction.atomic
def _note(ticket: Ticket, seen: Seen) -> None:
    now = timezone.now()
    went_well(ticket.tracker_id)
    state = TicketState.CLOSED if seen.is_closed else TicketState.OPEN
    told = {"key": seen.key[:60], "url": seen.url[:1000]}
    done = Ticket.objects.filter(pk=ticket.pk, state=TicketState.QUEUED).update(
        state=state, error="", filed_at=now, changed_at=now, **told
    )
    # Following starts where the first ticket did: its changes are all later.
    Tracker.objects.filter(pk=ticket.tracker_id, followed_until=None).update(
        followed_until=ticket.created_at - CLOCKS_DIFFER
    )
    if done:
        record(
            actor=portal_actor("trackers"),
            action="ticket.filed",
            target=ticket,
            system_id=ticket.system_id,
            changes=told,
        )


@transaction.atomic
def _note_failure(ticket: Ticket, error: OutgoingFailed | Conflict) -> None:
    """A refused issue waits for a person; a tracker that is away or a wrong token only delays it."""
    fails = is_refused(error) or ticket.attempts >= MOST_ATTEMPTS
    Ticket.objects.filter(pk=ticket.pk, state=TicketState.QUEUED).update(
        state=TicketState.FAILED if fails else TicketState.QUEUED,
        error=error.message,
        next_attempt_at=timezone.now(),  # the tracker's own pause holds it back
    )
    went_wrong(ticket.tracker_id, error)
