"""Closing in the tracker what is fixed here, where the connection says so.

Closing is repeated until it is known to be done, which does no harm; the comment is sent at most once. A
fix closes a ticket once: whoever opens it again in the tracker is not overruled until another fix.
"""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.outgoing import OutgoingFailed
from apps.scans.models import FindingState
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import Ticket, TicketFinding, TicketState
from apps.trackers.services.lines import is_refused, line_of, went_well, went_wrong

LEASE = dt.timedelta(minutes=5)
REFUSED_WAIT = dt.timedelta(hours=6)


def close_due(limit: int = 50) -> int:
    """Several workers may run this at once. Returns how many attempts were made."""
    tried = 0
    while tried < limit and (ticket := _claim()) is not None:
        _close(ticket)
        tried += 1
    return tried


@transaction.atomic
def _claim() -> Ticket | None:
    now = timezone.now()
    more = TicketFinding.objects.filter(ticket=OuterRef("pk"))
    fixed = Q(finding__state=FindingState.FIXED)
    later = more.filter(fixed, finding__fixed_at__gt=OuterRef("closed_for_fix_at"))
    news = Q(closed_for_fix_at=None) | Q(closed_for_fix_at__lt=F("finding__fixed_at"))
    # Of several findings none is open any more, and one of them is fixed.
    is_over = (fixed | Q(Exists(more.filter(fixed)))) & ~Q(finding__state=FindingState.OPEN)
    is_over &= ~Q(Exists(more.filter(finding__state=FindingState.OPEN)))
    ticket: Ticket | None = (
        Ticket.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("tracker")
        .filter(is_over, news | Exists(later), state=TicketState.OPEN)
        .filter(next_attempt_at__lte=now, tracker__closes_fixed=True)
        .filter(tracker__is_paused=False, tracker__next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if ticket is not None:
        ticket.next_attempt_at = now + LEASE
        ticket.save(update_fields=["next_attempt_at"])
    return ticket


def _close(ticket: Ticket) -> None:
    client = CLIENTS[ticket.tracker.kind]
    try:
        line = line_of(ticket.tracker)
        client.close(line, ticket.key)
        _note(ticket)
        client.comment(line, ticket.key, _("SecOps Portal: the newest report no longer sees this."))
    except (OutgoingFailed, Conflict) as error:
        _note_failure(ticket, error)


@transaction.atomic
def _note(ticket: Ticket) -> None:
    now = timezone.now()
    went_well(ticket.tracker_id)
    Ticket.objects.filter(pk=ticket.pk).update(
        state=TicketState.CLOSED,
        closed_for_fix_at=now,
        changed_at=now,
        next_attempt_at=now,
        error="",
    )
    record(
        actor=portal_actor("trackers"),
        action="ticket.close",
        target=ticket,
        system_id=ticket.system_id,
        changes={"key": ticket.key},
    )


@transaction.atomic
def _note_failure(ticket: Ticket, error: OutgoingFailed | Conflict) -> None:
    """What is refused for one ticket says nothing of the others; the tracker itself waits for what does."""
    refused = is_refused(error)
    wait = REFUSED_WAIT if refused else dt.timedelta(0)
    Ticket.objects.filter(pk=ticket.pk).update(
        error=error.message, next_attempt_at=timezone.now() + wait
    )
    if not refused:
        went_wrong(ticket.tracker_id, error)
