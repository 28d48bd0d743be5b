"""Ordinal 5x5 entries as the ranges that the organisation's own scale gives them, and values back
as levels.

A level is only a name for a range: the arithmetic is done on the ranges, never on the levels.
Source: Hubbard and Seiersen 2023, chapters 4 and 5 (why levels must not be multiplied).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.risks.quant.distributions import Interval90
from apps.risks.quant.errors import EstimateError, within
from apps.risks.quant.estimate import Estimate

LEVELS = 5


@dataclass(frozen=True)
class Scale:
    """Five ranges of loss events per year and five of money per event, each list rising.

    Raises EstimateError where there are not five, or a range does not lie above the one before
    (ranges may touch).
    """

    likelihood: tuple[Interval90, ...]
    impact: tuple[Interval90, ...]

    def __post_init__(self) -> None:
        for name in ("likelihood", "impact"):
            ranges = tuple(getattr(self, name))
            object.__setattr__(self, name, ranges)
            within(name, _check, ranges)

    def estimate(self, likelihood: int, impact: int) -> Estimate:
        """The estimate of a cell, levels 1 to 5. Raises EstimateError for another level."""
        return Estimate(
            frequency=within("likelihood", _at, self.likelihood, likelihood),
            magnitude=within("impact", _at, self.impact, impact),
        )

    def likelihood_of(self, rate: float) -> int:
        """The level whose range a yearly rate falls into, 1 to 5; between two ranges the nearer in
        ratio.
        """
        return _level(self.likelihood, rate)

    def impact_of(self, loss: float) -> int:
        """The level whose range a loss (money) falls into, 1 to 5; between two ranges the nearer in
        ratio.
        """
        return _level(self.impact, loss)


def scale_from_bounds(likelihood: Sequence[float], impact: Sequence[float]) -> Scale:
    """A scale of touching ranges from six rising bounds each (events per year, money). Raises
    EstimateError.
    """
    return Scale(within("likelihood", _ranges, likelihood), within("impact", _ranges, impact))


def _ranges(bounds: Sequence[float]) -> tuple[Interval90, ...]:
    if len(bounds) != LEVELS + 1:
        raise EstimateError("", f"must have {LEVELS + 1} bounds")
    steps = enumerate(pairwise(bounds), start=1)
    return tuple(within(str(level), Interval90, *pair) for level, pair in steps)


def _check(ranges: Sequence[Interval90]) -> None:
    if len(ranges) != LEVELS:
        raise EstimateError("", f"must have {LEVELS} levels")
    for level in range(1, LEVELS):
        lower, upper = ranges[level - 1], ranges[level]
        if upper.low < lower.high or upper.high <= lower.high:
            raise EstimateError(str(level + 1), "must lie above the level before")


def _at(ranges: Sequence[Interval90], level: int) -> Interval90:
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= LEVELS:
        raise EstimateError("", f"must be a whole number, 1 to {LEVELS}")
    return ranges[level - 1]


def _level(ranges: Sequence[Interval90], value: float) -> int:
    for level in range(1, LEVELS):
        if value * value < ranges[level - 1].high * ranges[level].low:
            return level
    return LEVELS
