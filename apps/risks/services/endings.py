"""How statements end, withdrawn or superseded, and how that is undone."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common import events
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.risks.models import RiskStatement, StatementEnd, StatementState

UNDO_WITHIN = dt.timedelta(days=7)  # afterwards a new statement says it better
MOST_SUCCESSORS = 20


@transaction.atomic
def statement_withdraw(*, actor: Actor, statement: RiskStatement, reason: str) -> RiskStatement:
    """Take a statement back: it no longer counts and stays readable. Raises: Invalid, Conflict."""
    require(actor, Permission.STATEMENT_EDIT, statement)
    _check_reason(reason, "Say why it no longer holds.")
    row = lock_for_edit(RiskStatement, statement.pk, None)
    if row.state == StatementState.WITHDRAWN:
        raise Conflict("It is withdrawn already.")
    if row.state == StatementState.SUPERSEDED:
        raise Conflict("It is superseded; what took its place can be withdrawn.")
    _end(actor, row, StatementState.WITHDRAWN, reason)
    return row


@transaction.atomic
def statement_supersede(
    *, actor: Actor, statement: RiskStatement, successors: Sequence[RiskStatement], reason: str
) -> RiskStatement:
    """Let others say it: they count in its place, and it stays readable and leads to them.

    successors: published statements of the same system, so that no total has a hole.
    Raises: Invalid, Conflict.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    _check_reason(reason, "Say why others say it better.")
    # All in the order of their numbers, so that two who replace each other's do not wait for ever.
    numbers = {statement.pk, *(each.pk for each in successors)}
    locked = {
        row.pk: row
        for row in RiskStatement.objects.select_for_update(of=("self",))
        .filter(pk__in=numbers)
        .order_by("pk")
    }
    row: RiskStatement = locked.pop(statement.pk)
    if row.state != StatementState.PUBLISHED:
        raise Conflict("Only what is published can be superseded; a draft is withdrawn.")
    if problem := _wrong(row, list(locked.values())):
        raise Invalid({"successors": problem})
    row.successors.set(locked.values())
    _end(actor, row, StatementState.SUPERSEDED, reason, sorted(locked))
    return row


def _wrong(row: RiskStatement, successors: list[RiskStatement]) -> str:
    if not successors:
        return "Name at least one other statement."
    if len(successors) > MOST_SUCCESSORS:
        return f"At most {MOST_SUCCESSORS}."
    if foreign := [each.key for each in successors if each.system_id != row.system_id]:
        return f"Of another system: {', '.join(foreign)}."
    if unpublished := [each.key for each in successors if each.state != StatementState.PUBLISHED]:
        return f"Not published: {', '.join(unpublished)}. Publish it first, so that it counts."
    return ""


@transaction.atomic
def statement_restore(*, actor: Actor, statement: RiskStatement, reason: str) -> RiskStatement:
    """Undo the newest withdrawal or replacement: the statement is as it was before.

    Within UNDO_WITHIN. What was is kept; the undoing is written down beside it.
    Raises: Invalid, Conflict.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    _check_reason(reason, "Say why it holds again.")
    row: RiskStatement = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    end = undoable(row)
    if end is None:
        raise Conflict(
            f"This is undone within {UNDO_WITHIN.days} days only; write a new statement."
            if row.is_ended
            else "It is in force; there is nothing to undo."
        )
    row.successors.clear()
    row.state = StatementState(end.before)
    row.save(update_fields=["state", "updated_at"])
    made = StatementEnd.objects.create(
        statement=row,
        before=end.after,
        after=end.before,
        reason=reason.strip(),
        undoes=end,
        made_by=actor.user,
    )
    record(
        actor=actor,
        action="statement.restore",
        target=row,
        system_id=row.system_id,
        changes={"state": [end.after, end.before], "reason": reason},
    )
    events.append("statement.restored", {"statement_id": row.pk, "end_id": made.pk})
    return row


def undoable(statement: RiskStatement) -> StatementEnd | None:
    """The ending that may be undone now."""
    if not statement.is_ended:
        return None
    end = statement.ends.first()
    if end is None or end.undoes_id is not None:
        return None
    return end if timezone.now() - end.made_at <= UNDO_WITHIN else None


def _check_reason(reason: str, problem: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": problem})


def _end(
    actor: Actor,
    row: RiskStatement,
    after: StatementState,
    reason: str,
    successors: Sequence[int] = (),
) -> None:
    before, row.state = row.state, after
    row.save(update_fields=["state", "updated_at"])
    end = StatementEnd.objects.create(
        statement=row,
        before=before,
        after=after,
        reason=reason.strip(),
        successors=list(successors),
        made_by=actor.user,
    )
    record(
        actor=actor,
        action="statement.withdraw" if after == StatementState.WITHDRAWN else "statement.supersede",
        target=row,
        system_id=row.system_id,
        changes={"reason": reason, "successors": [f"RS-{pk}" for pk in successors]},
    )
    events.append("statement.ended", {"statement_id": row.pk, "end_id": end.pk})
