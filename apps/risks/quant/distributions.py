"""What an analyst can say about one uncertain number, each as a monotone function of a standard
normal score.

Because every kind answers to the same score, any of them can be correlated, compared under common
random numbers, or integrated by the same quadrature. Units are the caller's: events per year,
probability 0 to 1, or money.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np

from apps.risks.quant.errors import EstimateError, between, finite, positive
from apps.risks.quant.normal import (
    GRID,
    Z90,
    look_up,
    normal_cdf,
    normal_cdfs,
    normal_score,
    normal_scores,
)
from apps.risks.quant.streams import Floats

LARGEST = 1e15  # a thousand million million of any currency: beyond is a slip of the finger
MEAN_CELLS = 4096  # the grid on which several numbers are added
WIDEST_SIGMA = 2 * Z90  # here the mean of a lognormal reaches the top of its own 90 % interval


class Distribution(ABC):
    """One uncertain number. Immutable, comparable by value."""

    kind: ClassVar[str]

    @abstractmethod
    def at_scores(self, scores: Floats) -> Floats:
        """Values at standard normal scores (the quantile at that score's probability); same shape,
        never decreasing.
        """

    @property
    @abstractmethod
    def mean(self) -> float:
        """The expected value, closed form."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance, closed form."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The smallest and largest value possible (infinity where there is none)."""

    @property
    def second_moment(self) -> float:
        """E[X^2]."""
        return self.variance + self.mean**2

    def quantile(self, probability: float) -> float:
        """The value that is not exceeded with this probability, 0 < probability < 1.

        Raises EstimateError for a probability outside.
        """
        if not 0.0 < probability < 1.0:
            raise EstimateError("probability", "must lie between 0 and 1")
        return float(self.at_scores(np.array([normal_score(probability)]))[0])

    def cdf(self, values: Floats) -> Floats:
        """P(X <= value) for an array; absolute error below 1e-5."""
        return _cdf_from_table(values, self.at_scores(GRID))

    @abstractmethod
    def scaled(self, factor: float) -> Distribution:
        """The distribution of `factor` times this number, factor above zero."""


def _cdf_from_table(values: Floats, table: Floats) -> Floats:
    inside = normal_cdfs(np.interp(values, table, GRID))
    return np.where(values < table[0], 0.0, np.where(values >= table[-1], 1.0, inside))


@dataclass(frozen=True)
class Point(Distribution):
    """A number taken as known, zero or above. Raises EstimateError("value", ...)."""

    value: float
    kind: ClassVar[str] = "point"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", between("value", self.value, 0.0, LARGEST))

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        return np.full_like(scores, self.value)

    @property
    def mean(self) -> float:
        """See Distribution."""
        return self.value

    @property
    def variance(self) -> float:
        """See Distribution."""
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        return self.value, self.value

    def cdf(self, values: Floats) -> Floats:
        """See Distribution."""
        return (values >= self.value).astype(np.float64)

    def scaled(self, factor: float) -> Point:
        """See Distribution."""
        return Point(self.value * factor)


@dataclass(frozen=True)
class Interval90(Distribution):
    """A lognormal whose 5th and 95th percentiles are `low` and `high`: a calibrated 90 % interval.

    mu = (ln low + ln high) / 2, sigma = (ln high - ln low) / (2 z), z = 1.6449. With low equal to
    high it is a point.
    Raises EstimateError: low or high not above zero, low above high, or a range so wide (over 50
    000 to 1) that its mean would lie above its high end.
    Source: Hubbard and Seiersen, How to Measure Anything in Cybersecurity Risk, 2nd edition 2023,
    chapter 3.
    """

    low: float
    high: float
    kind: ClassVar[str] = "interval90"

    def __post_init__(self) -> None:
        low, high = positive("low", self.low, LARGEST), positive("high", self.high, LARGEST)
        if low > high:
            raise EstimateError("low", "must not be above high")
        if math.log(high / low) > 2 * Z90 * WIDEST_SIGMA:
            raise EstimateError(
                "high",
                "is more than 50 000 times low: the average would lie above the range itself",
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def mu(self) -> float:
        """Mean of the logarithm."""
        return (math.log(self.low) + math.log(self.high)) / 2

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return (math.log(self.high) - math.log(self.low)) / (2 * Z90)

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        values = scores * self.sigma
        values += self.mu
        return np.exp(values, out=values)

    @property
    def mean(self) -> float:
        """exp(mu + sigma^2 / 2)."""
        return math.exp(self.mu + self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        """(exp(sigma^2) - 1) mean^2."""
        return math.expm1(self.sigma**2) * self.mean**2

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        return (self.low, self.high) if self.low == self.high else (0.0, math.inf)

    def cdf(self, values: Floats) -> Floats:
        """See Distribution."""
        if self.low == self.high:
            return (values >= self.low).astype(np.float64)
        with np.errstate(divide="ignore"):
            return normal_cdfs((np.log(np.maximum(values, 0.0)) - self.mu) / self.sigma)

    def scaled(self, factor: float) -> Interval90:
        """See Distribution."""
        return Interval90(self.low * factor, self.high * factor)


def lognormal_from_median(median: float, high: float) -> Interval90:
    """The 90 % interval of the lognormal with this median and this 95th percentile.

    Raises EstimateError where either is not above zero or the median is above `high`.
    """
    middle, top = positive("median", median, LARGEST), positive("high", high, LARGEST)
    if middle > top:
        raise EstimateError("median", "must not be above high")
    return Interval90(middle * middle / top, top)


def tabulate(
    log_density: Callable[[Floats], Floats], centre: float, scale: float, nodes_wanted: int
) -> Floats:
    """For a unimodal log density of a variable s, the values of s at CELLS + 1 equally spaced
    normal scores.

    `log_density` need not be normalised; `centre` is near its mode and `scale` near its width.
    Method: the trapezoid rule, which converges exponentially for such densities, summed from both
    ends so that both tails keep their digits; then cubic Hermite interpolation, since ds/dz =
    phi(z) / density(s) is known.
    """
    nodes = _span(log_density, centre, scale, nodes_wanted)
    logs = log_density(nodes)
    density = np.exp(logs - logs.max())
    step = float(nodes[1] - nodes[0])
    density /= density.sum() * step
    below, above = _masses(density, step), _masses(density[::-1], step)[::-1]
    scores = np.where(below < above, normal_scores(below), -normal_scores(above))
    slopes = np.exp(-scores * scores / 2) / (math.sqrt(2 * math.pi) * density)
    keep = np.concatenate(([True], np.diff(np.maximum.accumulate(scores)) > 0))
    table: Floats = _hermite(GRID, scores[keep], nodes[keep], slopes[keep])
    return np.maximum.accumulate(table)


def _span(
    log_density: Callable[[Floats], Floats], centre: float, scale: float, nodes: int
) -> Floats:
    """Nodes over the region where the density is above exp(-45) of its top."""
    reach: Floats = scale * np.power(1.1, np.arange(140, dtype=np.float64))
    top = float(log_density(np.array([centre]))[0])
    right = reach[np.argmax(log_density(centre + reach) < top - 45)]
    left = reach[np.argmax(log_density(centre - reach) < top - 45)]
    return np.linspace(centre - left, centre + right, nodes, dtype=np.float64)


def _masses(density: Floats, step: float) -> Floats:
    """Mass to the left of each node: the trapezoid rule with its end correction."""
    sums = np.cumsum(density) * step
    slope = np.gradient(density, step)
    masses: Floats = sums - density * step / 2 - slope * step * step / 12
    return np.clip(masses, 1e-300, 1.0 - 2.0**-53)


def _hermite(at: Floats, x: Floats, y: Floats, slopes: Floats) -> Floats:
    """Cubic Hermite interpolation, linear with the end slope outside."""
    cell = np.clip(np.searchsorted(x, at) - 1, 0, x.size - 2)
    width: Floats = x[cell + 1] - x[cell]
    t = np.clip((at - x[cell]) / width, 0.0, 1.0)
    left: Floats = (1 + 2 * t) * (1 - t) ** 2 * y[cell] + t * (1 - t) ** 2 * width * slopes[cell]
    right = t * t * (3 - 2 * t) * y[cell + 1] - t * t * (1 - t) * width * slopes[cell + 1]
    beyond = np.minimum(at - x[0], 0.0) * slopes[0] + np.maximum(at - x[-1], 0.0) * slopes[-1]
    total: Floats = left + right + beyond
    return total


@lru_cache(maxsize=4096)
def beta_table(a: float, b: float) -> Floats:
    """Quantiles of Beta(a, b) on the common score grid, shape (CELLS + 1,)."""

    def log_density(s: Floats) -> Floats:
        """Of s = ln(x / (1 - x)), which has no edge: a ln x + b ln(1 - x)."""
        return -a * np.logaddexp(0.0, -s) - b * np.logaddexp(0.0, s)

    even = min(a, b) >= 1 and max(a, b) <= 50 * min(a, b)
    wanted = 1024 if even else 16384  # the log odds have one long tail
    odds = tabulate(log_density, math.log(a / b), math.sqrt(1 / a + 1 / b), wanted)
    return 1.0 / (1.0 + np.exp(np.minimum(-odds, 700.0)))


@lru_cache(maxsize=4096)
def gamma_table(shape: float) -> Floats:
    """Logarithms of the quantiles of Gamma(shape, rate 1) on the common grid, (CELLS + 1,)."""

    def log_density(s: Floats) -> Floats:
        """Of s = ln x: shape s - exp(s)."""
        return shape * s - np.exp(np.minimum(s, 700.0))

    wanted = 1024 if shape >= 20 else 16384  # the smaller the shape, the longer its left tail
    return tabulate(log_density, math.log(shape), 1 / math.sqrt(shape), wanted)


@dataclass(frozen=True)
class Pert(Distribution):
    """Minimum, most likely and maximum: a beta distribution stretched over low..high.

    a = 1 + g (mode - low) / (high - low), b = 1 + g (high - mode) / (high - low), with g the
    confidence in the most likely value: 4 is the classic, 0 is uniform, larger is surer. mean =
    (low + g mode + high) / (g + 2), variance = (mean - low)(high - mean) / (g + 3).
    Raises EstimateError: values out of order, an empty range, a negative value, confidence outside
    0..1000.
    Source: Vose, Risk Analysis, 3rd edition 2008 (modified PERT); the evaluator and
    mc2d R packages.
    """

    low: float
    mode: float
    high: float
    confidence: float = 4.0
    kind: ClassVar[str] = "pert"

    def __post_init__(self) -> None:
        for name in ("low", "mode", "high"):
            object.__setattr__(self, name, between(name, getattr(self, name), 0.0, LARGEST))
        object.__setattr__(self, "confidence", between("confidence", self.confidence, 0.0, 1000.0))
        if self.low > self.high:
            raise EstimateError("low", "must not be above high")
        if not self.low <= self.mode <= self.high:
            raise EstimateError("mode", "must lie between low and high")
        if self.low == self.high:
            raise EstimateError("high", "leaves an empty range: give a single number instead")

    @property
    def shapes(self) -> tuple[float, float]:
        """The two parameters (a, b) of the beta distribution."""
        width = self.high - self.low
        return (
            1 + self.confidence * (self.mode - self.low) / width,
            1 + self.confidence * (self.high - self.mode) / width,
        )

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        a, b = self.shapes
        values = look_up(scores, beta_table(round(a, 9), round(b, 9)))
        values *= self.high - self.low
        values += self.low
        return values

    @property
    def mean(self) -> float:
        """(low + g mode + high) / (g + 2)."""
        return (self.low + self.confidence * self.mode + self.high) / (self.confidence + 2)

    @property
    def variance(self) -> float:
        """(mean - low)(high - mean) / (g + 3)."""
        return (self.mean - self.low) * (self.high - self.mean) / (self.confidence + 3)

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        return self.low, self.high

    def scaled(self, factor: float) -> Pert:
        """See Distribution."""
        return Pert(self.low * factor, self.mode * factor, self.high * factor, self.confidence)


@dataclass(frozen=True)
class Beta(Distribution):
    """A probability known from `a` - 1 successes and `b` - 1 failures over a flat prior; times
    `scale` (1 by default).

    Raises EstimateError for parameters outside 0.05..1e6.
    Source: Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.1.
    """

    a: float
    b: float
    scale: float = 1.0
    kind: ClassVar[str] = "beta"

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            object.__setattr__(self, name, between(name, getattr(self, name), 0.05, 1e6))
        object.__setattr__(self, "scale", positive("scale", self.scale, LARGEST))

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        values = look_up(scores, beta_table(self.a, self.b))
        values *= self.scale
        return values

    @property
    def mean(self) -> float:
        """a / (a + b)."""
        return self.scale * self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        """a b / ((a + b)^2 (a + b + 1))."""
        total = self.a + self.b
        return self.scale**2 * self.a * self.b / (total**2 * (total + 1))

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        return 0.0, self.scale

    def scaled(self, factor: float) -> Beta:
        """See Distribution."""
        return Beta(self.a, self.b, self.scale * factor)


@dataclass(frozen=True)
class Gamma(Distribution):
    """A rate per year known from `shape` events in `rate` years: what counted incidents leave us
    with.

    mean = shape / rate, variance = shape / rate^2. Raises EstimateError for a shape outside
    0.05..1e6 or a rate not above zero. Source: Gelman et al., Bayesian Data Analysis, 3rd edition,
    section 2.6 (Poisson model).
    """

    shape: float
    rate: float
    kind: ClassVar[str] = "gamma"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", between("shape", self.shape, 0.05, 1e6))
        object.__setattr__(self, "rate", positive("rate", self.rate, LARGEST))

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        values = np.exp(look_up(scores, gamma_table(self.shape)))
        values /= self.rate
        return values

    @property
    def mean(self) -> float:
        """shape / rate."""
        return self.shape / self.rate

    @property
    def variance(self) -> float:
        """shape / rate^2."""
        return self.shape / self.rate**2

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        return 0.0, math.inf

    def scaled(self, factor: float) -> Gamma:
        """See Distribution."""
        return Gamma(self.shape, self.rate / factor)


@dataclass(frozen=True)
class Complement(Distribution):
    """1 - `part`: what a control leaves where `part` is the share that it takes away.

    Raises EstimateError where `part` may exceed 1.
    """

    part: Distribution
    kind: ClassVar[str] = "complement"

    def __post_init__(self) -> None:
        if self.part.support[1] > 1:
            raise EstimateError("part", "must be at most 1")

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        return 1.0 - self.part.at_scores(-scores)

    @property
    def mean(self) -> float:
        """See Distribution."""
        return 1.0 - self.part.mean

    @property
    def variance(self) -> float:
        """See Distribution."""
        return self.part.variance

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        low, high = self.part.support
        return 1.0 - high, 1.0 - low

    def scaled(self, factor: float) -> Distribution:
        """See Distribution. Raises EstimateError: a share is not scaled."""
        raise EstimateError("part", f"is a share of the whole and cannot be scaled by {factor:g}")


def complement(part: Distribution) -> Distribution:
    """1 - `part`, a point for a point. Raises EstimateError where `part` may exceed 1."""
    return Point(1.0 - part.value) if isinstance(part, Point) else Complement(part)


def probability_exceeding(attack: Distribution, strength: Distribution) -> float:
    """P(attack > strength) for two independent numbers on one scale, by quadrature; absolute error
    below 1e-4.

    This is vulnerability where threat capability meets resistance strength.
    Source: The Open Group, Risk Taxonomy (O-RT) 3.0.1, definition of Vulnerability.
    """
    if isinstance(strength, Point):
        known = np.array([strength.value])
        return 1.0 - float(attack.cdf(known)[0])
    if isinstance(attack, Point):
        # A strength that equals the capability holds, which matters only where points can meet.
        return float(strength.cdf(np.array([np.nextafter(attack.value, -np.inf)]))[0])
    weights = np.exp(-GRID * GRID / 2)
    chances = strength.cdf(attack.at_scores(GRID))
    return min(max(float((weights * chances).sum() / weights.sum()), 0.0), 1.0)


def share_exceeding(attacks: Floats, strengths: Floats) -> float:
    """The share of paired samples (same shape) in which the attack exceeds the strength.

    Raises EstimateError for empty or unequal samples.
    """
    if attacks.shape != strengths.shape or attacks.size == 0:
        raise EstimateError("strengths", "must pair with the attacks, one to one")
    return float(np.mean(attacks > strengths))


@dataclass(frozen=True)
class MeanOf(Distribution):
    """The mean of several independent numbers, such as the strengths of the controls that stand in
    one attack's way.

    Its distribution is the convolution of the parts on a grid of 4096 cells, by FFT.
    Raises EstimateError where there is no part or a part has no upper end.
    Source: the evaluator R package, R/openfair.R (openfair_tef_tc_diff_lm: difficulty is the mean
    over controls).
    """

    parts: tuple[Distribution, ...]
    kind: ClassVar[str] = "mean_of"

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if not 1 <= len(self.parts) <= 64:
            raise EstimateError("parts", "must be 1 to 64 ranges")
        if any(math.isinf(part.support[1]) for part in self.parts):
            raise EstimateError("parts", "must each have a highest value")

    @cached_property
    def _edges_and_cdf(self) -> tuple[Floats, Floats]:
        low, high = self.support
        step = max(high - low, 1e-300) * len(self.parts) / MEAN_CELLS
        spectrum = np.ones(MEAN_CELLS + 1, dtype=np.complex128)
        for part in self.parts:
            spectrum *= np.fft.rfft(self._cell_masses(part, step), 2 * MEAN_CELLS)
        masses = np.maximum(np.fft.irfft(spectrum, 2 * MEAN_CELLS), 0.0)
        # A sum of k cells sits, on average, half a cell a part above its lower corner.
        edges = (
            len(self.parts) * low
            + (np.arange(2 * MEAN_CELLS + 1) + (len(self.parts) - 1) / 2) * step
        )
        return edges / len(self.parts), np.concatenate(([0.0], np.cumsum(masses) / masses.sum()))

    def _cell_masses(self, part: Distribution, step: float) -> Floats:
        edges = part.support[0] + np.arange(MEAN_CELLS + 1, dtype=np.float64) * step
        below = part.cdf(edges)
        below[0] = 0.0  # a point has all its mass at its own start
        return np.diff(below)

    def at_scores(self, scores: Floats) -> Floats:
        """See Distribution."""
        edges, cdf = self._edges_and_cdf
        return np.interp(normal_cdfs(scores), cdf, edges)

    def cdf(self, values: Floats) -> Floats:
        """See Distribution."""
        return np.interp(values, *self._edges_and_cdf)

    @property
    def mean(self) -> float:
        """See Distribution."""
        return sum(part.mean for part in self.parts) / len(self.parts)

    @property
    def variance(self) -> float:
        """See Distribution."""
        return sum(part.variance for part in self.parts) / len(self.parts) ** 2

    @property
    def support(self) -> tuple[float, float]:
        """See Distribution."""
        lows, highs = zip(*(part.support for part in self.parts), strict=True)
        return sum(lows) / len(lows), sum(highs) / len(highs)

    def scaled(self, factor: float) -> MeanOf:
        """See Distribution."""
        return MeanOf(tuple(part.scaled(factor) for part in self.parts))


def probability_interval(low: float, high: float) -> Beta:
    """The beta distribution whose 5th and 95th percentiles are `low` and `high`, both strictly
    between 0 and 1.

    Raises EstimateError where they are not, or low is not below high.
    Method: a fixed point on the middle and the width of the log odds, started from their normal
    approximation.
    """
    for name, value in (("low", low), ("high", high)):
        if not 0.0 < finite(name, value) < 1.0:
            raise EstimateError(name, "must lie between 0 and 1")
    if low >= high:
        raise EstimateError("low", "must be below high")
    bottom, top = (math.log(value / (1 - value)) for value in (low, high))
    middle, width = (bottom + top) / 2, (top - bottom) / (2 * Z90)
    fitted = _beta_of_logit(middle, width)
    for _ in range(20):
        got_bottom, got_top = (_logit(fitted.quantile(p)) for p in (0.05, 0.95))
        middle += (bottom + top - got_bottom - got_top) / 2
        width *= (top - bottom) / (got_top - got_bottom)
        fitted = _beta_of_logit(middle, width)
    return fitted


def _logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def _beta_of_logit(middle: float, width: float) -> Beta:
    """Beta whose log odds have about this middle and standard deviation."""
    mean = 1 / (1 + math.exp(-middle))
    evidence = 1 / (width**2 * mean * (1 - mean))
    return Beta(min(max(mean * evidence, 0.05), 1e6), min(max((1 - mean) * evidence, 0.05), 1e6))


def cdf_at(distribution: Distribution, value: float) -> float:
    """P(X <= value) of one value."""
    if isinstance(distribution, Interval90) and distribution.low < distribution.high:
        return (
            normal_cdf((math.log(value) - distribution.mu) / distribution.sigma)
            if value > 0
            else 0.0
        )
    return float(distribution.cdf(np.array([value]))[0])
