"""Saying what came of an estimate: it is scored, and the statement learns from it."""

import contextlib
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.evidence.forecasts import Forecast
from apps.evidence.models import Outcome, UpdateKind
from apps.evidence.services.updates import update_record
from apps.risks.models import LARGEST
from apps.risks.quant import EstimateError, chance_of_some, score_count
from apps.risks.services.estimates import estimate_of

MOST_EVENTS = 1_000_000


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
    low, high = revision.magnitude_low, revision.magnitude_high
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
        loss_hits=sum(low <= loss <= high for loss in losses),
        note=note[:500],
        told_by=actor.user,
    )
    told = {"events": events, "years": round(forecast.years, 3), "revision": revision.number}
    system_id = revision.statement.system_id
    record(actor=actor, action="outcome.tell", target=outcome, system_id=system_id, changes=told)
    _learn(actor, forecast, events)
    return outcome


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
    with contextlib.suppress(Invalid), transaction.atomic():
        update_record(
            actor=actor,
            statement=statement,
            kind=UpdateKind.EVENTS,
            data={"events": events, "years": forecast.years, "relevance": 1.0},
            key=f"outcome of revision {forecast.revision.pk}",
            source=f"What came of revision {forecast.revision.number}",
        )
