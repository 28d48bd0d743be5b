"""What became of tickets and mirrored issues: each tracker is asked what changed since it was asked last."""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.outgoing import OutgoingFailed
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.clients.types import Seen
from apps.trackers.models import MirroredIssue, Ticket, TicketState, Tracker
from apps.trackers.services.checking import issues_check
from apps.trackers.services.lines import line_of, went_well, went_wrong
from apps.trackers.services.mirrored import issues_follow

EVERY = dt.timedelta(minutes=5)
FILED = (TicketState.OPEN, TicketState.CLOSED)
KNOWN = (*FILED, TicketState.GONE)


def follow_due() -> int:
    """Several workers may run this at once. Returns how many trackers were asked."""
    asked = 0
    while (tracker := _claim()) is not None:
        _follow(tracker)
        asked += 1
    return asked


@transaction.atomic
def _claim() -> Tracker | None:
    now = timezone.now()
    filed = Ticket.objects.filter(tracker=OuterRef("pk"), state__in=KNOWN)
    mirrored = MirroredIssue.objects.filter(tracker=OuterRef("pk"))
    tracker = (
        Tracker.objects.select_for_update(skip_locked=True)
        .filter(Exists(filed) | Exists(mirrored), is_paused=False)
        .filter(next_attempt_at__lte=now, follow_at__lte=now)
        .order_by("follow_at")
        .first()
    )
    if tracker is not None:
        tracker.follow_at = now + EVERY  # also the lease, were this worker to die
        tracker.save(update_fields=["follow_at"])
    return tracker


def _follow(tracker: Tracker) -> None:
    since = tracker.followed_until or tracker.created_at
    try:
        line = line_of(tracker)
        for page in CLIENTS[tracker.kind].changed(line, since):
            _note(tracker, page)
        issues_check(tracker, line)
    except (OutgoingFailed, Conflict) as error:
        with transaction.atomic():
            went_wrong(tracker.pk, error)
    else:
        went_well(tracker.pk)


@transaction.atomic
def _note(tracker: Tracker, page: list[Seen]) -> None:
    """The states of one page, with the cursor behind it: a death after this repeats nothing."""
    for state in FILED:
        keys = [one.key for one in page if one.is_closed == (state == TicketState.CLOSED)]
        others = {*KNOWN} - {state}
        changed = Ticket.objects.select_for_update().filter(
            tracker=tracker, key__in=keys, state__in=others
        )
        for ticket in changed:
            before, ticket.state, ticket.changed_at = ticket.state, state, timezone.now()
            ticket.save(update_fields=["state", "changed_at"])
            record(
                actor=portal_actor("trackers"),
                action="ticket.follow",
                target=ticket,
                system_id=ticket.system_id,
                changes={"state": [before, state]},
            )
    issues_follow(tracker, page)
    if page:
        until = max(one.updated_at for one in page)
        Tracker.objects.filter(pk=tracker.pk).update(followed_until=until)
