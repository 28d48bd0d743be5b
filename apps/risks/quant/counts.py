"""How many loss events a year has, when the rate itself is uncertain: a table of probabilities, and
a draw from it.

The rate is integrated out by quadrature, so a year needs one uniform number, the count never
decreases in it, and P(any loss) is exact instead of simulated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from apps.risks.quant.distributions import Distribution, Point
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.estimate import Clustered, Estimate, RateFactors, Rounded, loss_rate
from apps.risks.quant.streams import Counts, Floats

CAP = 100_000.0  # loss events in the worst year that the tables reach to
REACH = 6.5  # the quadrature's end in standard deviations: 4e-11 lies beyond
NEGLIGIBLE = 1e-13
CELLS = 4096  # of the guide to a table, see CountTable.draw


@dataclass(frozen=True, eq=False)
class CountTable:
    """Distribution function of the yearly count: `cdf[k]` = P(N <= k); shape (K,), last entry 1."""

    cdf: Floats

    @property
    def none(self) -> float:
        """P(no loss event in a year)."""
        return float(self.cdf[0])

    @property
    def mean(self) -> float:
        """E[N]."""
        return float(np.sum(1.0 - self.cdf))

    @property
    def variance(self) -> float:
        """Var[N]."""
        tails = 1.0 - self.cdf
        return float(np.sum((2 * np.arange(tails.size) + 1) * tails)) - self.mean**2

    def chance_of_none(self, silent: float) -> float:
        """P(no event that matters), where each event is silent with probability `silent`.

        This is the generating function of the count, E[silent^N].
        """
        return self.none + float(np.diff(self.cdf) @ silent ** np.arange(1, self.cdf.size))

    def draw(self, uniforms: Floats) -> Counts:
        """The count at each uniform number (inverse distribution function, never decreasing); same
        shape.
        """
        first, crowded = self._guide
        cells = (uniforms * CELLS).astype(np.int64)
        counts = first.take(cells)
        counts += uniforms > self.cdf.take(counts)
        unsure = np.flatnonzero(crowded.take(cells))
        if unsure.size:
            counts[unsure] = np.searchsorted(self.cdf[:-1], uniforms[unsure], side="left")
        return counts

    @cached_property
    def _guide(self) -> tuple[Counts, npt.NDArray[np.bool_]]:
        """For each of CELLS equal parts of 0 to 1 the count at its lower end, and whether more than
        one step of the table falls into it.

        Source: the guide table method, Chen and Asau, "On generating random variates from an
        empirical distribution", AIIE Transactions 6 (1974).
        """
        ends = np.searchsorted(self.cdf[:-1], np.arange(CELLS + 1) / CELLS, side="left")
        return ends[:-1].astype(np.int64), np.diff(ends) > 1


def count_table(estimate: Estimate) -> CountTable:
    """The distribution of the number of loss events in a year.

    Raises EstimateError for a frequency so wide that over a thousandth of its mean comes from years
    with more than 100 000 events.
    """
    factors = loss_rate(estimate)
    if isinstance(estimate.events, Rounded):
        return _finish(_rounded(factors))
    rates, weights = _within_cap(*_rates(factors))
    if isinstance(estimate.events, Clustered):
        return _finish(_mixture(rates, weights, estimate.events.variance_ratio))
    return _finish(_mixture(rates, weights, 1.0))


def _finish(probabilities: Floats) -> CountTable:
    cdf = np.cumsum(probabilities)
    cdf /= cdf[-1]
    last = int(np.argmax(cdf >= 1.0 - NEGLIGIBLE))
    cdf = cdf[: last + 1].copy()
    cdf[-1] = 1.0
    return CountTable(cdf)


def _within_cap(rates: Floats, weights: Floats) -> tuple[Floats, Floats]:
    over = rates > CAP
    if (rates * weights)[over].sum() > 1e-3 * (rates * weights).sum():
        raise EstimateError(
            "frequency",
            "is so wide a range that years with over 100 000 loss events decide the mean",
        )
    return rates[~over], weights[~over]


def _rates(factors: RateFactors) -> tuple[Floats, Floats]:
    """Nodes and weights for the rate: the factors' nodes multiplied out, merged where they grow too
    many.
    """
    rates, weights = np.array([factors.share]), np.ones(1)
    for part in factors.uncertain:
        values, chances = _nodes(part, float(factors.mean / part.mean) if part.mean else 0.0)
        rates = np.outer(rates, values).ravel()
        weights = np.outer(weights, chances).ravel()
        rates, weights = _merged(rates, weights)
    return rates, weights


def _nodes(part: Distribution, others: float) -> tuple[Floats, Floats]:
    """Trapezoid nodes in the normal score, close enough that a Poisson count at rate others * value
    cannot tell.

    Source: the trapezoid rule on the whole line converges exponentially (Trefethen and Weideman,
    SIAM Review 56, 2014).
    """
    low, high = part.support
    if isinstance(part, Point) or low == high:
        return np.array([part.mean]), np.ones(1)
    coarse = np.linspace(-REACH, REACH, 131)
    rate = np.minimum(part.at_scores(coarse) * others, CAP)
    speed = np.max(np.gradient(rate, coarse) / np.sqrt(np.maximum(rate, 0.25)))
    steps = min(max(math.ceil(2 * REACH * max(speed / 0.7, 4.0)), 52), 16_000)
    scores = np.linspace(-REACH, REACH, steps + 1)
    weights = np.exp(-scores * scores / 2)
    return part.at_scores(scores), weights / weights.sum()


def _merged(rates: Floats, weights: Floats, most: int = 4096) -> tuple[Floats, Floats]:
    """Neighbouring nodes replaced by their mean, on a logarithmic grid: mean and mass stay."""
    if rates.size <= 16_001:
        order = np.argsort(rates)
        return rates[order], weights[order]
    logs = np.log(np.maximum(rates, 1e-12))
    cell = np.minimum(
        ((logs - logs.min()) / max(np.ptp(logs), 1e-12) * most).astype(np.int64), most - 1
    )
    mass: Floats = np.bincount(cell, weights, most).astype(np.float64)
    total: Floats = np.bincount(cell, weights * rates, most).astype(np.float64)
    kept = mass > 0
    return total[kept] / mass[kept], mass[kept]


@lru_cache(maxsize=1)
def _log_factorials() -> Floats:
    size = int(CAP + 20 * math.sqrt(CAP) + 100)
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, size)))))


def _mixture(rates: Floats, weights: Floats, variance_ratio: float) -> Floats:
    """Probabilities of the counts 0, 1, ... for a rate with these nodes (ascending) and weights."""
    top = _last_count(float(rates[-1]), variance_ratio)
    total = np.zeros(top + 1)
    for some, first, last in _bands(rates, variance_ratio):
        counts = np.arange(first, last + 1)
        chances = _poisson if variance_ratio == 1.0 else _negative_binomial
        total[first : last + 1] += weights[some] @ chances(counts, rates[some], variance_ratio)
    return total


def _bands(rates: Floats, variance_ratio: float) -> Iterator[tuple[slice, int, int]]:
    """Groups of nodes with the range of counts that matters to them."""
    start = 0
    while start < rates.size:
        low = float(rates[start])
        stop = int(np.searchsorted(rates, 1.5 * low + 16.0, side="right"))
        stop = min(max(stop, start + 1), start + 256)
        first = max(int(low - 9 * math.sqrt(low)) - 10, 0) if variance_ratio == 1.0 else 0
        yield slice(start, stop), first, _last_count(float(rates[stop - 1]), variance_ratio)
        start = stop


def _last_count(rate: float, variance_ratio: float) -> int:
    return int(rate + 9 * math.sqrt(rate * variance_ratio) + 30 * variance_ratio)


def _poisson(counts: Counts, rates: Floats, _ratio: float) -> Floats:
    """exp(-rate) rate^k / k!, shape (rates, counts)."""
    logs = np.outer(np.log(np.maximum(rates, 1e-300)), counts)
    logs -= rates[:, None]
    logs -= _log_factorials()[counts]
    chances: Floats = np.exp(logs)
    return chances


def _negative_binomial(counts: Counts, rates: Floats, ratio: float) -> Floats:
    """Size rate / (ratio - 1), success probability 1 / ratio: variance ratio * rate."""
    sizes = np.maximum(rates / (ratio - 1.0), 1e-300)
    steps = np.log((counts[:-1] + sizes[:, None]) / (counts[:-1] + 1.0) * (1.0 - 1.0 / ratio))
    logs = np.concatenate((np.zeros((rates.size, 1)), np.cumsum(steps, axis=1)), axis=1)
    chances: Floats = np.exp(logs - (sizes * math.log(ratio))[:, None])
    return chances


def _rounded(factors: RateFactors) -> Floats:
    """Counts when threat events are a rounded draw, each a loss with the vulnerability."""
    threats = _rounded_threats(factors)
    total = np.zeros(threats.size)
    for share, chance in _shares(factors):
        total += chance * _thinned(threats, share)
    return total


def _rounded_threats(factors: RateFactors) -> Floats:
    """P(threat events round to m) for m = 0, 1, ..."""
    first = factors.uncertain[0]
    top = round(first.support[1])
    edges = first.cdf(np.arange(top + 1, dtype=np.float64) + 0.5)
    edges[-1] = 1.0
    return np.diff(edges, prepend=0.0)


def _shares(factors: RateFactors) -> list[tuple[float, float]]:
    """Nodes and weights of the probability that a threat event becomes a loss."""
    rest = RateFactors((Point(1.0), *factors.uncertain[1:]), factors.share)
    shares, weights = _rates(rest)
    return list(zip(shares.tolist(), weights.tolist(), strict=True))


def _thinned(threats: Floats, share: float) -> Floats:
    """Counts left when each event stays with this probability: sum P(m) Binomial(k; m, share)."""
    if share >= 1.0:
        return threats
    if share <= 0.0:
        return np.concatenate(([1.0], np.zeros(threats.size - 1)))
    logs = _log_factorials()
    total = np.zeros(threats.size)
    for m in np.flatnonzero(threats > 0):
        k = np.arange(m + 1)
        chances = (
            logs[m] - logs[k] - logs[m - k] + k * math.log(share) + (m - k) * math.log1p(-share)
        )
        total[: m + 1] += threats[m] * np.exp(chances)
    return total
