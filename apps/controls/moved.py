"""What a control moved: each risk that it counts in, before it did and today.

Read from what was published and from the valuations kept with it; nothing is simulated.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

from django.db.models import F

from apps.controls.models import Control
from apps.risks.models import RiskRevision
from apps.risks.services.credits import Credit

# What the value of a revision stands on, beside its controls.
STANDS_ON = ("frequency_low", "frequency_high", "magnitude_low", "magnitude_high", "estimate")
Told = Mapping[str, Any]  # published_at, loss (expected a year), controls, and STANDS_ON


@dataclass(frozen=True)
class Move:
    """A risk in which a control counts. Money: expected loss a year.

    before: what was published last without it; None where it counted from the first publication on.
    taken: what the publications took away in which nothing but this control changed; None where it
    began to count together with something else, so that its part is not known.
    """

    before: Decimal | None
    today: Decimal
    taken: Decimal | None
    since: dt.datetime


@dataclass(frozen=True)
class Moved:
    """Moves added up, those whose part is known. Money a year; rosi: None of what costs nothing."""

    moves: Mapping[int, Move]  # by statement
    before: Decimal
    today: Decimal
    taken: Decimal
    cost: Decimal
    since: dt.datetime  # the first of all moves

    @property
    def known(self) -> int:
        return sum(each.taken is not None for each in self.moves.values())

    @property
    def unknown(self) -> int:
        return len(self.moves) - self.known

    @property
    def rosi(self) -> float | None:
        """(What it took away, less its cost) / its cost."""
        return float((self.taken - self.cost) / self.cost) if self.cost else None


def moved_by(control: Control, cost: Decimal, statements: Iterable[int]) -> Moved | None:
    """None where it counts in no risk. cost: a year; statements: those that the reader sees."""
    rows = (
        RiskRevision.objects.filter(statement__in=statements)
        .order_by("statement_id", "number")
        .values(
            "statement_id",
            "published_at",
            "controls",
            *STANDS_ON,
            loss=F("valuation__expected_annual_loss"),
        )
    )
    by_risk = groupby(rows, key=lambda row: int(row["statement_id"]))
    found = {pk: move_of(control.key, list(told)) for pk, told in by_risk}
    moves = {pk: move for pk, move in found.items() if move is not None}
    return _added_up(moves, cost) if moves else None


def move_of(key: str, told: Sequence[Told]) -> Move | None:
    """What the control with this key did to one risk. told: all that was published of it, oldest first."""
    first = len(told)
    while first and _share(told[first - 1], key) is not None:
        first -= 1
    if first == len(told):
        return None  # it does not count today
    steps = list(pairwise(told[max(first - 1, 0) :]))
    begins_alone = first > 0 and _is_alone(*steps[0], key)
    parts = [one["loss"] - other["loss"] for one, other in steps if _is_alone(one, other, key)]
    return Move(
        before=told[first - 1]["loss"] if first else None,
        today=told[-1]["loss"],
        taken=sum(parts, Decimal(0)) if begins_alone else None,
        since=told[first]["published_at"],
    )


def _added_up(moves: Mapping[int, Move], cost: Decimal) -> Moved:
    known = [each for each in moves.values() if each.taken is not None]
    return Moved(
        moves=moves,
        before=sum((each.before or Decimal(0) for each in known), Decimal(0)),
        today=sum((each.today for each in known), Decimal(0)),
        taken=sum((each.taken or Decimal(0) for each in known), Decimal(0)),
        cost=cost,
        since=min(each.since for each in moves.values()),
    )


def _is_alone(one: Told, other: Told, key: str) -> bool:
    """Whether what the control takes away is all that differs between two revisions."""
    return _rest(one, key) == _rest(other, key) and _share(one, key) != _share(other, key)


def _rest(told: Told, key: str) -> list[Any]:
    others = [_numbers(each) for each in told["controls"] if each["control"] != key]
    return [*(told[name] for name in STANDS_ON), sorted(others)]


def _share(told: Told, key: str) -> list[Any] | None:
    found = (_numbers(each) for each in told["controls"] if each["control"] == key)
    return next(found, None)


def _numbers(credit: Credit) -> list[Any]:
    """Without the name, which is only for readers."""
    return [credit["control"], credit["frequency"], credit["loss"]]
