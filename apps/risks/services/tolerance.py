"""The line that the organisation does not want to be above."""

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
from apps.risks.models import LARGEST, Tolerance

MOST_POINTS = 10


@dataclass(frozen=True)
class Point:
    """A year may cost more than `loss` (the organisation's currency) with probability `allowed`."""

    loss: Decimal
    allowed: float


def current_tolerance() -> list[Point]:
    """By rising loss; empty where the organisation has said nothing."""
    row = Tolerance.objects.order_by("-pk").first()
    return [Point(Decimal(each["loss"]), each["allowed"]) for each in row.points] if row else []


@transaction.atomic
def tolerance_set(*, actor: Actor, points: Sequence[Point]) -> Tolerance:
    """Draw the line anew; no point takes it away. Raises: NotPermitted, Invalid."""
    require(actor, Permission.STATEMENT_EDIT)
    ordered = sorted(points, key=lambda each: each.loss)
    if problem := _problem(ordered):
        raise Invalid({"points": problem})
    kept = [{"loss": str(each.loss), "allowed": each.allowed} for each in ordered]
    row = Tolerance.objects.create(points=kept, created_by=actor.user)
    record(actor=actor, action="tolerance.set", target=row, changes={"points": kept})
    return row


def _problem(points: list[Point]) -> str:
    if len(points) > MOST_POINTS:
        return f"At most {MOST_POINTS} points."
    for each in points:
        if not (each.loss.is_finite() and 0 < each.loss <= LARGEST):
            return f"A loss must be above 0 and at most {LARGEST:,}."
        if not 0 <= each.allowed <= 1:
            return "A probability lies between 0 and 1."
    for lower, higher in pairwise(points):
        if lower.loss == higher.loss:
            return f"Two points have the loss {lower.loss}."
        if higher.allowed > lower.allowed:
            return "A larger loss cannot be allowed to be more likely than a smaller one."
    return ""
