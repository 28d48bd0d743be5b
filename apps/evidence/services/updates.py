"""Evidence moves the value of a statement: recorded once, applied or proposed or flagged, undone."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.evidence.learning import Learnt, entered, learn
from apps.evidence.models import EvidencePolicy, Mode, UpdateKind, UpdateState, ValueUpdate
from apps.risks.models import RiskStatement
from apps.risks.services.estimates import ENDS, estimate_of
from apps.risks.services.statements import StatementInput, statement_edit, statement_publish
from apps.risks.services.valuations import money
from apps.scans.models import Report

STEPS = {
    "frequency_low": Decimal("0.000001"),
    "frequency_high": Decimal("0.000001"),
    "magnitude_low": Decimal("0.01"),
    "magnitude_high": Decimal("0.01"),
}
PORTAL = portal_actor("evidence")
WAITING = (UpdateState.PROPOSED, UpdateState.FLAGGED)
MOST_RENEWED = 50  # of one statement; applying one of the others reckons it anew in any case
STATES = {
    Mode.APPLY: UpdateState.PROPOSED,  # until it has been applied
    Mode.PROPOSE: UpdateState.PROPOSED,
    Mode.FLAG: UpdateState.FLAGGED,
}


def policy_of(statement: RiskStatement) -> EvidencePolicy:
    """The statement's policy, or the defaults."""
    found = policies_of(statement).first()
    return found or EvidencePolicy(statement=statement)


def policies_of(statement: RiskStatement) -> QuerySet[EvidencePolicy]:
    """The one that somebody set, if one is."""
    return EvidencePolicy.objects.filter(statement=statement)


@transaction.atomic
def policy_set(*, actor: Actor, statement: RiskStatement, **values: Any) -> EvidencePolicy:
    """Say how evidence may move a statement. Raises: NotPermitted, Missing, Invalid."""
    require(actor, Permission.STATEMENT_EDIT, statement)
    if values.get("mode", Mode.PROPOSE) not in Mode.values:
        raise Invalid({"mode": f"Say one of: {', '.join(Mode.values)}."})
    policy, _ = EvidencePolicy.objects.update_or_create(statement=statement, defaults=values)
    told = {name: str(value) for name, value in values.items()}
    record(
        actor=actor,
        action="evidence-policy.set",
        target=policy,
        system_id=statement.system_id,
        changes=told,
    )
    return policy


def counted(given: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the kind. Raises: Invalid, for what is missing."""
    if given["kind"] not in {UpdateKind.EVENTS, UpdateKind.TESTS}:
        raise Invalid({"kind": "Say events or tests."})
    names = ("events", "years") if given["kind"] == UpdateKind.EVENTS else ("successes", "attempts")
    missing = {name: "This is needed." for name in names if given.get(name) is None}
    if missing:
        raise Invalid(missing)
    return {name: given[name] for name in names} | {"relevance": given["relevance"]}


def key_of(given: Mapping[str, Any]) -> str:
    """A name for evidence that was sent without one: the same numbers of the same source are the same."""
    parts = [str(value) for value in counted(given).values()]
    return f"{given['kind']}:{':'.join(parts)}:{given['source']}"[:120]


@transaction.atomic
def update_record(
    *,
    actor: Actor,
    statement: RiskStatement,
    kind: str,
    data: Mapping[str, Any],
    key: str,
    source: str = "",
    waits: bool = False,
    report: Report | None = None,
) -> ValueUpdate:
    """Take in a piece of evidence; the same key again is the same update and moves nothing.

    data: events, years, relevance; or successes, attempts, relevance; or factor, applied, reasons.
    What becomes of it, the statement's policy says; with `waits` a person in any case.
    Raises: NotPermitted, Missing, Invalid, Conflict.
    """
    require(actor, Permission.EVIDENCE_LINK, statement)
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    known = ValueUpdate.objects.filter(statement=row, key=key[:120]).first()
    if isinstance(known, ValueUpdate):
        return known
    if row.is_ended:
        raise Conflict("What was withdrawn or superseded is kept as it was.")
    if kind not in UpdateKind.values:
        raise Invalid({"kind": f"Say one of: {', '.join(UpdateKind.values)}."})
    learnt = learn(estimate_of(row), kind, data)
    policy = policy_of(row)
    update = ValueUpdate(
        statement=row,
        kind=kind,
        state=STATES[Mode(policy.mode)],
        key=key[:120],
        source=source[:300],
        data=dict(data),
        report=report,
        made_by=actor.label[:200],
    )
    _fill(update, row, learnt)
    update.save()
    record(
        actor=actor,
        action="value-update.record",
        target=update,
        system_id=row.system_id,
        changes={"sentence": learnt.sentence},
    )
    if policy.mode == Mode.APPLY and not waits:
        _apply(actor, row, update, learnt)
    return update


@transaction.atomic
def update_apply(*, actor: Actor, update: ValueUpdate) -> ValueUpdate:
    """Move the value: on the estimate of now, which other evidence may have moved meanwhile.

    A published statement without other changes is published again, so that readers see it.
    Raises: NotPermitted, Missing, Conflict, Invalid.
    """
    row, locked = _locked(actor, update)
    if locked.state not in WAITING:
        raise Conflict("Only what is proposed or flagged can be applied.")
    learnt = _learn_now(row, locked)
    _fill(locked, row, learnt)
    _apply(actor, row, locked, learnt)
    updates_renew(statement_id=row.pk)
    return locked


@transaction.atomic
def update_dismiss(*, actor: Actor, update: ValueUpdate) -> ValueUpdate:
    """Leave the value as it is; the evidence stays on record. Raises: NotPermitted, Missing, Conflict."""
    _row, locked = _locked(actor, update)
    if locked.state not in WAITING:
        raise Conflict("Only what is proposed or flagged can be dismissed.")
    return _decide(actor, locked, UpdateState.DISMISSED)


@transaction.atomic
def update_return(*, actor: Actor, update: ValueUpdate) -> ValueUpdate:
    """Undo that it was dismissed: it waits for a decision again, on the estimate of now. Raises: Conflict."""
    row, locked = _locked(actor, update)
    if locked.state != UpdateState.DISMISSED:
        raise Conflict("Only what was dismissed can be taken up again.")
    _decide(actor, locked, STATES[Mode(policy_of(row).mode)])
    updates_renew(statement_id=row.pk)
    locked.refresh_from_db()
    return locked


@transaction.atomic
def update_undo(*, actor: Actor, update: ValueUpdate) -> ValueUpdate:
    """Give the statement back the estimate of before. Raises: Conflict when it was changed since."""
    row, locked = _locked(actor, update)
    if locked.state != UpdateState.APPLIED:
        raise Conflict("Only what was applied can be undone.")
    if _held(row) != locked.estimate_after:
        raise Conflict("The estimate was changed since; undo what came later first, or edit it.")
    _write(actor, row, locked.estimate_before, f"Undone: {locked.sentence}")
    updates_renew(statement_id=row.pk)
    return _decide(actor, locked, UpdateState.UNDONE)


@transaction.atomic
def updates_renew(*, statement_id: int) -> int:
    """Say anew what those that wait would do, on the estimate of now. Returns how many say something else.

    Applying one, or editing the statement, moves the ground under the others.
    """
    row = RiskStatement.objects.select_for_update(of=("self",)).filter(pk=statement_id).first()
    if row is None:  # its system went meanwhile, and what the outbox tells comes late
        return 0
    waiting = ValueUpdate.objects.select_for_update(of=("self",)).filter(
        statement=row, state__in=WAITING
    )
    held, renewed = _held(row), 0
    for update in waiting.order_by("-pk")[:MOST_RENEWED]:
        if update.estimate_before == held:
            continue
        try:
            _fill(update, row, _learn_now(row, update))
        except Invalid:
            continue  # it speaks of a part that the estimate no longer has: applying it will say so
        update.save()
        renewed += 1
    return renewed


@transaction.atomic
def signals_drop(*, statement: RiskStatement, but: ValueUpdate | None) -> None:
    """Dismiss the signals that wait and are no longer those of the world.

    Nobody decided on them, so they give their key back: the same signals are news when they return.
    """
    waiting = ValueUpdate.objects.select_for_update(of=("self",)).filter(
        statement=statement, kind=UpdateKind.SIGNALS, state__in=WAITING
    )
    for update in waiting.exclude(pk=but.pk if but else None):
        update.key = f"{update.key}:{update.pk}"
        _decide(PORTAL, update, UpdateState.DISMISSED)


def signals_applied(statement_id: int) -> ValueUpdate | None:
    """The signals whose factor is in the estimate; None while none are."""
    found = ValueUpdate.objects.filter(
        statement=statement_id, kind=UpdateKind.SIGNALS, state=UpdateState.APPLIED
    ).first()
    return found if isinstance(found, ValueUpdate) else None


def factor_of(update: ValueUpdate | None) -> float:
    """What signals multiply the frequency by; 1 of none."""
    return float(update.data["factor"]) if update else 1.0


def _learn_now(row: RiskStatement, update: ValueUpdate) -> Learnt:
    """What an update does on the estimate of now; of signals the factor in the place of the one in it."""
    if update.kind == UpdateKind.SIGNALS:
        update.data |= {"applied": factor_of(signals_applied(row.pk))}
    return learn(estimate_of(row), update.kind, update.data)


def _locked(actor: Actor, update: ValueUpdate) -> tuple[RiskStatement, ValueUpdate]:
    require(actor, Permission.STATEMENT_EDIT, update.statement)
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=update.statement_id)
    return row, ValueUpdate.objects.select_for_update(of=("self",)).get(pk=update.pk)


def _fill(update: ValueUpdate, row: RiskStatement, learnt: Learnt) -> None:
    update.prior, update.posterior = learnt.prior, learnt.posterior
    update.sentence, update.is_surprising = learnt.sentence, learnt.is_surprising
    update.loss_before, update.loss_after = money(learnt.loss_before), money(learnt.loss_after)
    update.estimate_before, update.estimate_after = _held(row), entered(learnt.estimate)


def _apply(actor: Actor, row: RiskStatement, update: ValueUpdate, learnt: Learnt) -> None:
    _write(actor, row, entered(learnt.estimate), learnt.sentence)
    # As it is kept now: the next undo compares with this.
    update.estimate_after = _held(RiskStatement.objects.get(pk=row.pk))
    _decide(actor, update, UpdateState.APPLIED)


def _decide(actor: Actor, update: ValueUpdate, state: UpdateState) -> ValueUpdate:
    update.state, update.decided_by, update.decided_at = state, actor.user, timezone.now()
    update.save()
    record(
        actor=actor,
        action=f"value-update.{state.value}",
        target=update,
        system_id=update.statement.system_id,
        changes={"loss": [str(update.loss_before), str(update.loss_after)]},
    )
    return update


def _held(row: RiskStatement) -> dict[str, Any]:
    """How a statement's estimate was entered."""
    is_ranges = row.estimate.get("kind", "ranges") == "ranges"
    ends = {name: str(getattr(row, name).normalize()) for name in ENDS} if is_ranges else {}
    return {"ends": ends, "estimate": row.estimate}


def _write(actor: Actor, row: RiskStatement, held: Mapping[str, Any], note: str) -> None:
    """Put an estimate into a statement and, where readers saw all there is, publish it."""
    current = RiskStatement.objects.select_related("published").get(pk=row.pk)
    publishes = current.published is not None and not current.has_unpublished_changes
    written = {each.name: getattr(current, each.name) for each in fields(StatementInput)}
    ends = {
        name: Decimal(held["ends"][name]).quantize(STEPS[name], rounding=ROUND_HALF_EVEN)
        if name in held["ends"]
        else None
        for name in ENDS
    }
    content = StatementInput(**written | ends | {"estimate": dict(held["estimate"])})
    statement_edit(actor=actor, statement=current, version=None, content=content)
    if publishes:
        statement_publish(actor=actor, statement=current, note=note[:300])
