"""Saying what came of an estimate: it is scored, and the statement learns from it."""

import contextlib
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.evidence.forecasts import Forecast
from apps.evidence.models import OpinionScore, Outcome, UpdateKind, UpdateState, ValueUpdate
from apps.evidence.services.updates import update_record
from apps.risks.models import LARGEST
from apps.risks.opinions import estimate_given, opinions_held
from apps.risks.quant import EstimateError, chance_of_some, score_count
from apps.risks.services.estimates import estimate_of

MOST_EVENTS = 1_000_000
_OUTCOME = "outcome of revision "  # how the keys of evidence begin that is made here


@transaction.atomic
def outcome_tell(
    *,
    actor: Actor,
    forecast: Forecast,
    events: int,
    losses: Sequence[Decimal] = (),
    note: str = "",
) -> Outcome:
    """events: how often it happened while the estimate stood; losses: of those whose cost is known.

    Raises: NotPermitted, Missing, Invalid, Conflict where somebody else was first.
    """
    revision = forecast.revision
    require(actor, Permission.EVIDENCE_LINK, revision.statement)
    _check(events, losses)
    if Outcome.objects.filter(revision=revision).exists():
        raise Conflict("Somebody has said already what came of it.")
    estimate = estimate_of(revision)
    try:
        score = score_count(estimate, events=events, years=forecast.years)
        chance = chance_of_some(estimate, years=forecast.years)
    except EstimateError as error:
        raise Invalid(
            {"events": f"It cannot be scored: the {error.field} {error.reason}."}
        ) from error
    outcome = Outcome.objects.create(
        statement=revision.statement,
        revision=revision,
        estimator=revision.published_by,
        years=forecast.years,
        events=events,
        losses=[str(loss) for loss in losses],
        chance=chance,
        count_low=score.low,
        count_high=score.high,
        count_hit=score.hit,
        log_score=score.log_score,
        loss_hits=_hits(losses, revision.magnitude_low, revision.magnitude_high),
        note=note[:500],
        told_by=actor.user,
    )
    told = {"events": events, "years": round(forecast.years, 3), "revision": revision.number}
    system_id = revision.statement.system_id
    record(actor=actor, action="outcome.tell", target=outcome, system_id=system_id, changes=told)
    _score_opinions(outcome, forecast, losses)
    _learn(actor, forecast, events)
    return outcome


def _score_opinions(outcome: Outcome, forecast: Forecast, losses: Sequence[Decimal]) -> None:
    """Who had given an estimate of their own when this one began to stand is scored by the same years.

    A later one is left out: it may know of events that are counted here.
    """
    scores = []
    for row in opinions_held(outcome.statement_id, forecast.began):
        estimate = estimate_given(row)
        with contextlib.suppress(EstimateError):  # too wide a range for a count is no score
            score = score_count(estimate, events=outcome.events, years=forecast.years)
            scores.append(
                OpinionScore(
                    outcome=outcome,
                    opinion=row,
                    estimator=row.made_by,
                    chance=chance_of_some(estimate, years=forecast.years),
                    count_low=score.low,
                    count_high=score.high,
                    count_hit=score.hit,
                    log_score=score.log_score,
                    loss_hits=_hits(losses, row.magnitude_low, row.magnitude_high),
                )
            )
    OpinionScore.objects.bulk_create(scores)


def _hits(losses: Sequence[Decimal], low: Decimal, high: Decimal) -> int:
    return sum(low <= loss <= high for loss in losses)


@transaction.atomic
def outcome_undo(*, actor: Actor, outcome: Outcome, reason: str) -> None:
    """Take back what was said: the estimate waits for an answer again, and nothing is learnt from this one.

    What it said stays in the trail. Raises: NotPermitted, Missing, Invalid, Conflict where the statement's
    estimate has learnt from it: that is undone first, on the statement.
    """
    require(actor, Permission.EVIDENCE_LINK, outcome.statement)
    if not reason.strip():
        raise Invalid({"reason": "Say why."})
    row = Outcome.objects.select_for_update(of=("self",)).filter(pk=outcome.pk).first()
    if row is None:
        raise Conflict("Somebody has taken it back already.")
    _forget(actor, row)
    said = {
        "reason": reason,
        "revision": outcome.revision.number,
        "events": row.events,
        "losses": row.losses,
        "years": round(row.years, 3),
        "note": row.note,
    }
    system_id = outcome.statement.system_id
    record(actor=actor, action="outcome.undo", target=row, system_id=system_id, changes=said)
    row.delete()


def _forget(actor: Actor, outcome: Outcome) -> None:
    """Its evidence moves nothing any more, and gives its name to that of the next answer."""
    key = _key(outcome.revision_id)
    update = ValueUpdate.objects.select_for_update().filter(statement=outcome.statement_id, key=key)
    for each in update:
        if each.state == UpdateState.APPLIED:
            raise Conflict("The estimate has learnt from it. Undo that on the risk's page first.")
        if each.state in {UpdateState.PROPOSED, UpdateState.FLAGGED}:
            each.state, each.decided_by = UpdateState.DISMISSED, actor.user
            each.decided_at = timezone.now()
        each.key = f"{key}, taken back {outcome.pk}"
        each.save(update_fields=["state", "decided_by", "decided_at", "key"])


def _key(revision_id: int) -> str:
    return f"{_OUTCOME}{revision_id}"


def _check(events: int, losses: Sequence[Decimal]) -> None:
    problems = {}
    if not 0 <= events <= MOST_EVENTS:
        problems["events"] = f"Between 0 and {MOST_EVENTS:,}."
    if any(not (loss.is_finite() and 0 <= loss <= LARGEST) for loss in losses):
        problems["losses"] = f"Each loss lies between 0 and {LARGEST:,}."
    elif 0 <= events < len(losses):
        problems["losses"] = "There are more losses than events."
    if problems:
        raise Invalid(problems)


def _learn(actor: Actor, forecast: Forecast, events: int) -> None:
    """The same years are evidence for what is estimated now; what becomes of it, the statement says.
    An estimate in parts cannot learn from loss events, and a statement that has ended learns no more."""
    statement = forecast.revision.statement
    if statement.is_ended:
        return
    source = f"What came of revision {forecast.revision.number}."
    is_counted = _counted_since(forecast)
    if is_counted:
        source += (
            " Events were counted since it began: apply this only if none of them is among these."
        )
    with contextlib.suppress(Invalid), transaction.atomic():
        update_record(
            actor=actor,
            statement=statement,
            kind=UpdateKind.EVENTS,
            data={"events": events, "years": forecast.years, "relevance": 1.0},
            key=_key(forecast.revision.pk),
            source=source,
            waits=is_counted,
        )


def _counted_since(forecast: Forecast) -> bool:
    """Whether the value has learnt from events that may be the ones of these years."""
    counted = ValueUpdate.objects.filter(
        statement=forecast.revision.statement_id,
        kind=UpdateKind.EVENTS,
        state=UpdateState.APPLIED,
        made_at__gte=forecast.began,
    )
    return counted.exclude(key__startswith=_OUTCOME).exists()
