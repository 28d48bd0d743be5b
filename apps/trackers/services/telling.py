"""Decisions written back: a comment on the issue that an item comes from, where its mirror says so.

Written with the decision's event, sent by a worker. Sent at most once: where it is not known whether a
comment arrived, it is not sent again by itself.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.places import unplaced
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.outgoing import OutgoingFailed, errors
from apps.planning.models import Decision, PlanningItem
from apps.trackers import dispatch
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import CommentState, DecisionComment, MirroredIssue, Told
from apps.trackers.services.lines import is_refused, line_of, went_well, went_wrong

LEASE = dt.timedelta(minutes=2)  # longer than a request can take
LONGEST_REASON = 4000
# The request did not arrive, or was answered with a clear no: another one is the first.
_NOT_SENT = frozenset(
    {
        *(errors.URL, errors.SCHEME, errors.PORT, errors.HOST, errors.ADDRESS, errors.NAME),
        *(errors.CONNECT, errors.TLS, errors.AUTH, errors.RATE),
    }
)
_UNSURE = "It is not known whether it arrived. Look at the issue before it is sent again."
_OFF = "Decisions are no longer told in this tracker."


@transaction.atomic
def decision_tell(*, decision_id: int, what: str) -> bool:
    """Queue a comment on the issue of the decision's item. Done again it adds none.

    Of a decision that nobody told there, nothing more is told. Returns whether there is one.
    """
    found = Decision.objects.select_related("item", "option").filter(pk=decision_id).first()
    link = _link_of(found) if found else None
    if found is None or link is None:
        return False
    if what != Told.RECORDED:
        told = DecisionComment.objects.filter(decision=found, what=Told.RECORDED)
        if not told.exists():
            return False
    _row, is_new = DecisionComment.objects.get_or_create(
        decision=found,
        what=what,
        defaults={"mirrored": link, "body": _body(link, found, Told(what))},
    )
    if is_new:
        transaction.on_commit(dispatch.tell_decisions)
    return True


def _link_of(decision: Decision) -> MirroredIssue | None:
    return (
        MirroredIssue.objects.select_related("tracker")
        .filter(item=decision.item_id)
        .filter(tracker__mirror__tells_decisions=True)
        .first()
    )


@unplaced()
def _body(link: MirroredIssue, decision: Decision, what: Told) -> str:
    """SECURITY: option, reason and last day, in a block that mentions nobody and commands nothing; no values."""
    quoted, key = CLIENTS[link.tracker.kind].quoted, decision.item.key
    address = settings.BASE_URL + reverse("item-detail", args=[decision.item_id])
    end = f"SecOps Portal, {key}: {address}#decision\n"
    option = decision.option.title
    if what == Told.RECORDED:
        until = f"\n\nValid until {decision.valid_until:%Y-%m-%d}." if decision.valid_until else ""
        said = f"{option}\n\n{decision.reason.strip()[:LONGEST_REASON]}{until}"
        return f"Decided:\n\n{quoted(said)}\n\n{end}"
    if what == Told.EXPIRED:
        return f"Its time is over, and the item is open again:\n\n{quoted(option)}\n\n{end}"
    again = Decision.objects.filter(item=decision.item_id, ended_at=None).first()
    then = (
        f"In force again:\n\n{quoted(again.option.title)}" if again else "The item is open again."
    )
    return f"Undone:\n\n{quoted(option)}\n\n{then}\n\n{end}"


def tell_due(limit: int = 50) -> int:
    """Several workers may run this at once. Returns how many attempts were made."""
    _give_up_lost()
    tried = 0
    while tried < limit and (comment := _claim()) is not None:
        _send(comment)
        tried += 1
    return tried


def _give_up_lost() -> None:
    """What a worker was sending when it died."""
    lost = DecisionComment.objects.filter(
        state=CommentState.SENDING, next_attempt_at__lte=timezone.now()
    )
    lost.update(state=CommentState.FAILED, error=_UNSURE)


@transaction.atomic
def _claim() -> DecisionComment | None:
    now = timezone.now()
    comment: DecisionComment | None = (
        DecisionComment.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("mirrored__tracker", "mirrored__item")
        .filter(state=CommentState.QUEUED, next_attempt_at__lte=now)
        .filter(mirrored__tracker__is_paused=False, mirrored__tracker__next_attempt_at__lte=now)
        .order_by("id")
        .first()
    )
    if comment is not None:
        comment.state, comment.next_attempt_at = CommentState.SENDING, now + LEASE
        comment.save(update_fields=["state", "next_attempt_at"])
    return comment


def _send(comment: DecisionComment) -> None:
    link = comment.mirrored
    try:
        CLIENTS[link.tracker.kind].comment(line_of(link.tracker), link.key, comment.body)
    except (OutgoingFailed, Conflict) as error:  # Conflict: no key opens the token
        _note_failure(comment, error)
    else:
        _note(comment)


@transaction.atomic
def _note(comment: DecisionComment) -> None:
    now, link = timezone.now(), comment.mirrored
    went_well(link.tracker_id)
    DecisionComment.objects.filter(pk=comment.pk).update(
        state=CommentState.SENT, sent_at=now, error=""
    )
    record(
        actor=portal_actor("trackers"),
        action="decision.told",
        target=link.item,
        system_id=link.item.system_id,
        changes={"tracker": link.tracker.name, "issue": link.key, "what": comment.what},
    )


@transaction.atomic
def _note_failure(comment: DecisionComment, error: OutgoingFailed | Conflict) -> None:
    was_not_sent = isinstance(error, Conflict) or error.code in _NOT_SENT
    refused = is_refused(error)
    state = CommentState.QUEUED if was_not_sent else CommentState.FAILED
    DecisionComment.objects.filter(pk=comment.pk).update(
        state=state,
        error=error.message if was_not_sent or refused else f"{error.message} {_UNSURE}",
        next_attempt_at=timezone.now(),  # the tracker's own pause holds it back
    )
    if not refused:
        went_wrong(comment.mirrored.tracker_id, error)


def tellings_stop(tracker_id: int) -> None:
    """What waits is not sent any more; called in a transaction, as decisions are no longer told."""
    DecisionComment.objects.filter(
        Q(mirrored__tracker=tracker_id), state=CommentState.QUEUED
    ).update(state=CommentState.FAILED, error=_OFF)


@transaction.atomic
def tell_again(*, actor: Actor, item: PlanningItem) -> int:
    """Send what did not arrive. Returns how many. Raises: NotPermitted, Missing, Conflict (there is nothing)."""
    require(actor, Permission.DECISION_RECORD, item)
    rows = DecisionComment.objects.filter(mirrored__item=item, state=CommentState.FAILED)
    count: int = rows.filter(mirrored__tracker__mirror__tells_decisions=True).update(
        state=CommentState.QUEUED, next_attempt_at=timezone.now(), error=""
    )
    if not count:
        raise Conflict("Nothing waits to be sent again.")
    record(
        actor=actor,
        action="decision.tell_again",
        target=item,
        system_id=item.system_id,
        changes={"sent_again": count},
    )
    transaction.on_commit(dispatch.tell_decisions)
    return count
