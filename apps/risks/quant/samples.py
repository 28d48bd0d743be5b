"""Simulated yearly losses, summed up: quantiles, shortfall and exceedance, with their standard
errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.risks.quant.order import Order
from apps.risks.quant.streams import Floats

CURVE_POINTS = 64


@dataclass(frozen=True, eq=False)
class YearlyLosses:
    """The losses (money) of `trials` simulated years; those without loss are only counted.

    `losses` are above zero, in any order.
    """

    losses: Floats
    trials: int

    @staticmethod
    def of(losses: Floats, trials: int) -> YearlyLosses:
        """From the losses of all years, or of those with a loss event, in any order."""
        return YearlyLosses(losses if losses.all() else losses[losses > 0], trials)

    @property
    def without(self) -> int:
        """How many years had no loss."""
        return self.trials - self.losses.size

    @cached_property
    def _order(self) -> Order:
        return Order(self.losses)

    @cached_property
    def mean(self) -> float:
        """The mean loss of a year."""
        return float(self.losses.sum()) / self.trials

    @property
    def standard_error(self) -> float:
        """Of the mean: the standard deviation of a year's loss over the root of the years."""
        if self.trials < 2:
            return 0.0
        gaps = self.losses - self.mean
        squares = float(np.square(gaps, out=gaps).sum()) + self.without * self.mean**2
        return math.sqrt(squares / (self.trials - 1) / self.trials)

    def at_ranks(self, ranks: Sequence[int]) -> list[float]:
        """The losses number `ranks` from below, counted from 0 over all years; ends where they
        leave.
        """
        inside = np.clip(np.array(ranks, dtype=np.int64), 0, self.trials - 1) - self.without
        losses = np.zeros(inside.size)
        if self.losses.size:
            found = np.flatnonzero(inside >= 0)
            losses[found] = self._order.at(inside[found])
        return [float(loss) for loss in losses]

    def quantiles(self, probabilities: Sequence[float]) -> list[tuple[float, float]]:
        """For each probability the smallest loss that this share of the years stays at or below,
        and its error.

        The standard error is half the gap between the losses one binomial deviation up and down the
        ranks.
        Source: David and Nagaraja, Order Statistics, 3rd edition 2003, section 7.1.
        """
        ranks = [self._rank(one) for one in probabilities]
        spreads = [math.ceil(math.sqrt(self.trials * one * (1 - one))) for one in probabilities]
        pairs = list(zip(ranks, spreads, strict=True))
        lower = self.at_ranks([rank - spread for rank, spread in pairs])
        upper = self.at_ranks([rank + spread for rank, spread in pairs])
        errors = [(high - low) / 2 for low, high in zip(lower, upper, strict=True)]
        return list(zip(self.at_ranks(ranks), errors, strict=True))

    def _rank(self, probability: float) -> int:
        return math.ceil(probability * self.trials - 1e-9) - 1

    def shortfalls(self, probabilities: Sequence[float]) -> list[tuple[float, float]]:
        """For each probability the mean loss of the worst share 1 - probability of the years, and
        its standard error.

        Source: Acerbi and Tasche, Journal of Banking and Finance 26 (2002) for the estimate with a
        split year; Manistre and Hancock, North American Actuarial Journal 9 (2005) for its error.
        """
        widest = math.ceil(self.trials * (1 - min(probabilities)))
        worst = self._order.largest(widest) if self.losses.size else self.losses
        return [self._shortfall(one, worst) for one in probabilities]

    def _shortfall(self, probability: float, worst: Floats) -> tuple[float, float]:
        years = self.trials * (1 - probability)
        whole = int(years + 1e-9)
        tail = worst[max(worst.size - whole, 0) :]
        level, split = self.at_ranks([self._rank(probability), self.trials - whole - 1])
        mean = (float(tail.sum()) + split * max(years - whole, 0.0)) / years
        spread = float(np.square(tail - mean).sum()) + (whole - tail.size) * mean**2
        return mean, math.sqrt((spread / years + probability * (mean - level) ** 2) / years)

    def exceedance(self, thresholds: Floats) -> Floats:
        """The share of years whose loss is above each threshold (0 or more); same shape."""
        if not self.losses.size:
            return np.zeros(thresholds.size)
        return self._order.above(thresholds) / self.trials

    def curve_thresholds(self, points: int = CURVE_POINTS) -> Floats:
        """Zero, then points evenly spaced in the logarithm over the losses seen but for the
        outermost few.
        """
        size = self.losses.size
        if not size:
            return np.zeros(points)
        low, high = self._order.at(
            np.array([int(0.01 * size), size - 1 - int(1e-4 * size)])
        ).tolist()
        return log_spaced(low, high, points)


def log_spaced(low: float, high: float, points: int = CURVE_POINTS) -> Floats:
    """Zero, then `points` - 1 amounts from `low` to `high`, rising; a single amount gets room below
    it.
    """
    amounts = np.geomspace(min(low, 0.9 * high), high, points - 1)
    return np.concatenate(([0.0], np.maximum.accumulate(amounts)))
