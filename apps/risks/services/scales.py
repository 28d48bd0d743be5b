"""The organisation's own 5x5 scale: what each level means in events a year and in money."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Invalid
from apps.risks.models import LARGEST, OrdinalScale
from apps.risks.quant import EstimateError, scale_from_bounds

BOUNDS = 6  # five levels that touch each other
# Until the organisation has its own: once in a century to more than monthly; 1 000 to 100 million.
LIKELIHOOD = tuple(map(Decimal, ("0.01", "0.05", "0.2", "1", "6", "50")))
IMPACT = tuple(map(Decimal, ("1000", "10000", "100000", "1000000", "10000000", "100000000")))
MOST_EVENTS = Decimal(10_000)

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Levels:
    """(low, high) of each of the five levels: loss events a year, and loss of one event."""

    likelihood: tuple[Level, ...]
    impact: tuple[Level, ...]


def current_scale() -> Levels:
    row = OrdinalScale.objects.order_by("-pk").first()
    likelihood, impact = (row.likelihood, row.impact) if row else (LIKELIHOOD, IMPACT)
    return Levels(tuple(pairwise(likelihood)), tuple(pairwise(impact)))


@transaction.atomic
def scale_set(
    *, actor: Actor, likelihood: Sequence[Decimal], impact: Sequence[Decimal]
) -> OrdinalScale:
    """Give the levels new bounds, six rising ones each. What was written keeps its ranges.

    Raises: NotPermitted, Invalid.
    """
    require(actor, Permission.STATEMENT_EDIT)
    problems = {
        name: text
        for name, bounds, most in (
            ("likelihood", likelihood, MOST_EVENTS),
            ("impact", impact, Decimal(LARGEST)),
        )
        if (text := _problem(bounds, most))
    }
    if problems:
        raise Invalid(problems)
    try:
        scale_from_bounds([float(one) for one in likelihood], [float(one) for one in impact])
    except EstimateError as error:
        raise Invalid({error.field.partition(".")[0]: f"{error.reason.capitalize()}."}) from error
    row = OrdinalScale.objects.create(
        likelihood=list(likelihood), impact=list(impact), created_by=actor.user
    )
    told = {"likelihood": list(map(str, likelihood)), "impact": list(map(str, impact))}
    record(actor=actor, action="scale.set", target=row, changes=told)
    return row


def _problem(bounds: Sequence[Decimal], most: Decimal) -> str:
    if len(bounds) != BOUNDS:
        return f"Give {BOUNDS} bounds, for five levels that touch."
    if any(not one.is_finite() for one in bounds) or bounds[0] <= 0 or bounds[-1] > most:
        return f"Every bound must be above 0 and at most {most:,}."
    if any(low >= high for low, high in pairwise(bounds)):
        return "Each bound must lie above the one before."
    return ""
