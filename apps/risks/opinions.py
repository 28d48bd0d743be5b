"""Reading what several people estimate of one risk, and what their estimates come to together.

SECURITY and fairness: nobody sees the others' numbers before giving their own, because whoever has seen a number
stays near it (anchoring; Tversky and Kahneman, Science 185, 1974).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.common.ui.money import DASH
from apps.risks.models import RiskStatement, StatementOpinion
from apps.risks.quant import Estimate, Interval90, annual_loss, pool
from apps.risks.services.valuations import money
from apps.risks.text import frequency_words

HOLDS = dt.timedelta(days=365)  # then the world has moved on, and the person is asked again
FEWEST = 2  # people, for something together
_DIGITS = Context(prec=3)  # more would be false precision


@dataclass(frozen=True)
class Ranges:
    """Two 90 % ranges and the expected loss a year that they come to."""

    frequency_low: Decimal
    frequency_high: Decimal
    magnitude_low: Decimal
    magnitude_high: Decimal
    expected_annual_loss: Decimal

    @property
    def often(self) -> str:
        """The frequency in words."""
        return (
            f"{frequency_words(self.frequency_low)} {DASH} {frequency_words(self.frequency_high)}"
        )

    @property
    def ends(self) -> dict[str, Decimal]:
        """As a statement's own fields are called."""
        return {
            name: value for name, value in vars(self).items() if not name.startswith("expected")
        }


@dataclass(frozen=True)
class Opinion:
    """One person's estimate that holds today."""

    row: StatementOpinion
    ranges: Ranges


@dataclass(frozen=True)
class Panel:
    """Who estimated a risk, and what. opinions and pooled only where is_open.

    is_open: the viewer gave an estimate of their own, or wrote the one that the statement has.
    """

    number: int
    is_open: bool
    mine: StatementOpinion | None
    opinions: list[Opinion]
    pooled: Ranges | None


def opinions_standing(statement_id: int) -> QuerySet[StatementOpinion]:
    """Each person's newest, while it holds; the oldest first."""
    return (
        StatementOpinion.objects.filter(
            statement=statement_id, ended_at=None, made_at__gt=timezone.now() - HOLDS
        )
        .select_related("made_by")
        .order_by("pk")
    )


def opinions_held(statement_id: int, at: dt.datetime) -> QuerySet[StatementOpinion]:
    """Each person's that held at a moment; the oldest first."""
    said = StatementOpinion.objects.filter(
        statement=statement_id, made_at__lte=at, made_at__gt=at - HOLDS
    )
    return said.filter(Q(ended_at=None) | Q(ended_at__gt=at)).order_by("pk")


def panel_of(
    viewer: Actor, statement: RiskStatement, standing: Sequence[StatementOpinion] | None = None
) -> Panel:
    """`statement`: one that the viewer may see (selectors.statement_get). standing: its
    opinions_standing, where they have been read."""
    rows = list(opinions_standing(statement.pk) if standing is None else standing)
    mine = next((each for each in rows if each.made_by_id == viewer.user_id), None)
    is_open = mine is not None or _wrote(viewer, statement)
    opinions = [Opinion(each, _ranges(each)) for each in rows] if is_open else []
    return Panel(
        number=len(rows),
        is_open=is_open,
        mine=mine,
        opinions=opinions,
        pooled=pooled(rows) if is_open else None,
    )


def _wrote(viewer: Actor, statement: RiskStatement) -> bool:
    return viewer.user_id is not None and statement.written_by_id == viewer.user_id


def may_give(viewer: Actor, statement: RiskStatement) -> bool:
    """A person's, on what still holds."""
    return (
        viewer.user is not None
        and not statement.is_ended
        and may(viewer, Permission.OPINION_GIVE, statement)
    )


def pooled(rows: Sequence[StatementOpinion]) -> Ranges | None:
    """What the estimates come to together; None of fewer than two people."""
    if len(rows) < FEWEST:
        return None
    often = pool([_often(each) for each in rows])
    much = pool([_much(each) for each in rows])
    return Ranges(
        frequency_low=_rounded(often.low, 6),
        frequency_high=_rounded(often.high, 6),
        magnitude_low=_rounded(much.low, 2),
        magnitude_high=_rounded(much.high, 2),
        expected_annual_loss=money(annual_loss(Estimate(often, much)).mean),
    )


def estimate_given(row: StatementOpinion) -> Estimate:
    """As the engine takes it."""
    return Estimate(_often(row), _much(row))


def _ranges(row: StatementOpinion) -> Ranges:
    return Ranges(
        frequency_low=row.frequency_low,
        frequency_high=row.frequency_high,
        magnitude_low=row.magnitude_low,
        magnitude_high=row.magnitude_high,
        expected_annual_loss=money(annual_loss(estimate_given(row)).mean),
    )


def _often(row: StatementOpinion) -> Interval90:
    return Interval90(float(row.frequency_low), float(row.frequency_high))


def _much(row: StatementOpinion) -> Interval90:
    return Interval90(float(row.magnitude_low), float(row.magnitude_high))


def _rounded(amount: float, places: int) -> Decimal:
    """Three digits, and no more places than are stored."""
    digits = _DIGITS.create_decimal_from_float(amount)
    return Decimal(f"{round(digits, places):f}")
