"""Security's recommendation, the owner's decision: two things, never one."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.common import events
from apps.common.errors import Conflict, Invalid
from apps.planning.models import (
    Decision,
    DecisionEnd,
    ItemStatus,
    Option,
    PlanningItem,
    Recommendation,
)

UNDO_WITHIN = dt.timedelta(days=7)  # afterwards it is taken up again, or decided anew


@transaction.atomic
def recommendation_make(
    *, actor: Actor, item: PlanningItem, option: Option | None, reason: str
) -> Recommendation:
    """Say what security would choose and why; it binds nobody. No option: advice on the item as a whole."""
    require(actor, Permission.RECOMMEND, item)
    _check(item, option, reason)
    recommendation = Recommendation.objects.create(
        item=item, option=option, reason=reason, made_by=actor.user
    )
    record(
        actor=actor,
        action="recommendation.make",
        target=recommendation,
        system_id=item.system_id,
        changes=made(recommendation),
    )
    told = {"recommendation_id": recommendation.pk, "item_id": item.pk}
    events.append("recommendation.made", told)
    return recommendation


@transaction.atomic
def decision_record(
    *,
    actor: Actor,
    item: PlanningItem,
    option: Option,
    reason: str,
    valid_until: dt.date | None = None,
    instead_of: int | None = None,
) -> Decision:
    """Record what the owner chose and why; it replaces the decision in force.

    instead_of: the number of the decision that its maker saw in force, 0 for none; None asks nothing.
    Nothing here compares it with the recommendation: a decision against advice is a decision.
    Raises: NotPermitted, Invalid, Conflict where another decision is in force than the one that was seen.
    """
    require(actor, Permission.DECISION_RECORD, item)
    _check(item, option, reason)
    if valid_until is not None and valid_until <= timezone.localdate():
        raise Invalid({"valid_until": "Give a day in the future, or none."})
    row = PlanningItem.objects.select_for_update().get(pk=item.pk)
    ended = _end_current(row, DecisionEnd.REPLACED)
    if instead_of is not None and instead_of != (ended.pk if ended else 0):
        raise Conflict(
            "Another decision was recorded, or taken back, since you read this item. Nothing is changed."
        )
    decision = Decision.objects.create(
        item=row, option=option, reason=reason, decided_by=actor.user, valid_until=valid_until
    )
    _set_status(row, ItemStatus.DECIDED)
    record(
        actor=actor,
        action="decision.record",
        target=decision,
        system_id=row.system_id,
        changes={"option": option.title, "valid_until": valid_until},
    )
    events.append("decision.recorded", {"decision_id": decision.pk, "item_id": row.pk})
    return decision


@transaction.atomic
def decision_revisit(*, actor: Actor, item: PlanningItem, reason: str = "") -> None:
    """Take a decided item up again; why stands with the decision that ends.

    Raises: Conflict when no decision is in force.
    """
    require(actor, Permission.DECISION_RECORD, item)
    row = PlanningItem.objects.select_for_update().get(pk=item.pk)
    ended = _end_current(row, DecisionEnd.REVISITED, reason.strip())
    if ended is None:
        raise Conflict("No decision is in force on this item.")
    _set_status(row, ItemStatus.OPEN)
    record(
        actor=actor,
        action="decision.revisit",
        target=ended,
        system_id=row.system_id,
        changes={"reason": ended.end_reason},
    )


@transaction.atomic
def decision_undo(
    *, actor: Actor, decision: Decision, reason: str
) -> tuple[Decision, Decision | None]:
    """Take back a decision in force, made by mistake: (it, what holds again or None).

    Within UNDO_WITHIN. Nothing is rewritten: the decision ends as undone, and one that it had replaced
    holds again through a new row with its words, its day and its person. Raises: Invalid, Conflict.
    """
    row = PlanningItem.objects.select_for_update().get(pk=decision.item_id)
    require(actor, Permission.DECISION_RECORD, row)
    if not reason.strip():
        raise Invalid({"reason": "Say why it is undone."})
    current = Decision.objects.get(pk=decision.pk)
    if current.ended_at is not None:
        raise Conflict("This decision is no longer in force.")
    if not undoable(current):
        raise Conflict(
            f"A decision is undone within {UNDO_WITHIN.days} days only; take it up again instead."
        )
    replaced = _replaced_by(current)
    current.ended_at, current.end = timezone.now(), DecisionEnd.UNDONE
    current.end_reason = reason.strip()
    current.save(update_fields=["ended_at", "end", "end_reason"])
    restored = _restored(replaced) if replaced else None
    _set_status(row, ItemStatus.DECIDED if restored else ItemStatus.OPEN)
    record(
        actor=actor,
        action="decision.undo",
        target=current,
        system_id=row.system_id,
        changes={"reason": reason, "holds_again": restored.pk if restored else None},
    )
    events.append(
        "decision.undone",
        {
            "decision_id": current.pk,
            "item_id": row.pk,
            "by": actor.user.pk if actor.user else None,
        },
    )
    return current, restored


def undoable(decision: Decision) -> bool:
    """Whether a decision may be undone now; what an undoing brought back is decided anew instead."""
    is_new = timezone.now() - decision.decided_at <= UNDO_WITHIN
    return decision.ended_at is None and decision.restores_id is None and is_new


def _replaced_by(decision: Decision) -> Decision | None:
    """What this one replaced, unless its last day is over by now."""
    before = Decision.objects.filter(item=decision.item_id, pk__lt=decision.pk).first()
    if before is None or before.end != DecisionEnd.REPLACED:
        return None
    is_over = before.valid_until is not None and before.valid_until < timezone.localdate()
    return None if is_over else before


def _restored(before: Decision) -> Decision:
    return Decision.objects.create(
        item_id=before.item_id,
        option_id=before.option_id,
        reason=before.reason,
        decided_by_id=before.decided_by_id,
        decided_at=before.decided_at,
        valid_until=before.valid_until,
        restores=before,
    )


def decisions_expire(today: dt.date | None = None) -> int:
    """End the decisions whose last day is over: what they accepted is open again. Returns how many.

    Those of an archived system wait until it comes back.
    """
    day = today or timezone.localdate()
    in_force = Decision.objects.filter(ended_at=None, item__system__archived_at=None)
    over = in_force.filter(valid_until__lt=day).values_list("pk", "item_id")
    return sum(_expire(pk, item_id) for pk, item_id in list(over))


@transaction.atomic
def _expire(decision_id: int, item_id: int) -> int:
    # The item first, as whoever decides locks it: else each could wait for what the other one has.
    item = PlanningItem.objects.select_for_update().get(pk=item_id)
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .filter(pk=decision_id, ended_at=None)
        .first()
    )
    if decision is None:
        return 0
    decision.ended_at, decision.end = timezone.now(), DecisionEnd.EXPIRED
    decision.save(update_fields=["ended_at", "end"])
    _set_status(item, ItemStatus.OPEN)
    actor = portal_actor("expiry")
    record(
        actor=actor,
        action="decision.expire",
        target=decision,
        system_id=item.system_id,
        changes={"end": ["", decision.end]},
    )
    events.append("decision.expired", {"decision_id": decision.pk, "item_id": item.pk})
    return 1


def _check(item: PlanningItem, option: Option | None, reason: str) -> None:
    problems = {}
    if option is not None and option.item_id != item.pk:
        problems["option"] = "Choose an option of this item."
    if not reason.strip():
        problems["reason"] = "Say why: whoever reads this in a year will ask."
    if problems:
        raise Invalid(problems)


def _end_current(item: PlanningItem, end: DecisionEnd, reason: str = "") -> Decision | None:
    current = Decision.objects.filter(item=item, ended_at=None).first()
    if current is not None:
        current.ended_at, current.end, current.end_reason = timezone.now(), end, reason
        current.save(update_fields=["ended_at", "end", "end_reason"])
    return current


def _set_status(item: PlanningItem, status: ItemStatus) -> None:
    item.status = status
    item.version += 1
    item.save(update_fields=["status", "version", "updated_at"])
