"""How good the estimates were: scores for ranges and probabilities whose outcome is known, and
pooled estimates.

Source: Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation", Journal
of the American Statistical Association 102 (2007); for calibrated ranges Hubbard 2014, chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from apps.risks.quant.counts import count_table
from apps.risks.quant.distributions import Beta, Distribution, Interval90, Point
from apps.risks.quant.errors import EstimateError, between, finite, positive
from apps.risks.quant.estimate import Estimate

Verdict = Literal["too few", "calibrated", "overconfident", "underconfident"]
SURE = 0.9
FEWEST = 5  # outcomes before anything is said
# Before ranges are said to be right: of 20 with 18 hits the true rate lies between 0.71 and 0.96; of 7 with 6,
# between 0.53 and 0.95, so that ranges which hold every second time would pass for right.
ENOUGH = 20
SMALLEST = 1e-6  # a probability of 0 that came true would cost infinitely much


@dataclass(frozen=True)
class RangeOutcome:
    """A 90 % range that someone stated, and what came (same unit). Raises EstimateError: low above
    high.
    """

    low: float
    high: float
    actual: float

    def __post_init__(self) -> None:
        for name in ("low", "high", "actual"):
            finite(name, getattr(self, name))
        if self.low > self.high:
            raise EstimateError("low", "must not be above high")

    @property
    def hit(self) -> bool:
        """Whether what came lay inside."""
        return self.low <= self.actual <= self.high

    @property
    def interval_score(self) -> float:
        """Width plus 2 / (1 - 0.9) times the miss, in the unit; lower is better.

        Source: Gneiting and Raftery 2007, equation 43.
        """
        miss = max(self.low - self.actual, self.actual - self.high, 0.0)
        return self.high - self.low + 2 / (1 - SURE) * miss


@dataclass(frozen=True)
class HitRate:
    """Hits of 90 % ranges. `low` to `high` is where the true hit rate lies, with 90 % probability
    (uniform prior).
    """

    count: int
    hits: int
    rate: float
    low: float
    high: float
    verdict: Verdict


def hit_rate(outcomes: Sequence[RangeOutcome]) -> HitRate:
    """How often the ranges held: someone calibrated hits nine times in ten. Raises EstimateError
    for no outcome.

    Fewer than 5 outcomes give no verdict; else "overconfident" where even the upper end of the
    plausible hit rate is below 0.9, "underconfident" where the lower end is above it. What is
    neither is "calibrated" from 20 outcomes on, and before that too few to say.
    """
    if not outcomes:
        raise EstimateError("outcomes", "must be at least one")
    hits = sum(one.hit for one in outcomes)
    belief = Beta(1 + hits, 1 + len(outcomes) - hits)
    low, high = belief.quantile(0.05), belief.quantile(0.95)
    return HitRate(
        len(outcomes), hits, hits / len(outcomes), low, high, _verdict(len(outcomes), low, high)
    )


def _verdict(count: int, low: float, high: float) -> Verdict:
    if count < FEWEST:
        return "too few"
    if high < SURE:
        return "overconfident"
    if low > SURE:
        return "underconfident"
    return "calibrated" if count >= ENOUGH else "too few"


def brier_score(forecasts: Sequence[tuple[float, bool]]) -> float:
    """Mean of (probability - outcome)^2: 0 is perfect, 0.25 is a coin, 1 is always wrong and sure.

    `forecasts`: (stated probability 0 to 1, whether it happened). Raises EstimateError for none, or
    one outside.
    Source: Brier, Monthly Weather Review 78 (1950), in the single-sided form.
    """
    return _mean([(chance - happened) ** 2 for chance, happened in _checked(forecasts)])


def log_score(forecasts: Sequence[tuple[float, bool]]) -> float:
    """Mean of -ln(probability given to what happened): 0 is perfect, 0.693 is a coin; lower is
    better.

    Probabilities are kept 1e-6 away from 0 and 1. Raises as brier_score. Source: Good, JRSS B 14
    (1952).
    """
    given = [chance if happened else 1 - chance for chance, happened in _checked(forecasts)]
    return _mean([-math.log(max(chance, SMALLEST)) for chance in given])


@dataclass(frozen=True)
class CountScore:
    """How well a stated frequency predicted the events of a time: probability given to the count,
    and -ln of it.

    `low` to `high` are the counts that the estimate held for likely (at least 90 %), `hit` says
    whether it was one.
    """

    probability: float
    log_score: float
    low: int
    high: int
    hit: bool


def score_frequency(rate: Distribution, *, events: int, years: float) -> CountScore:
    """Score a stated yearly rate against the `events` seen in `years`: chance and ignorance both
    count.

    Raises EstimateError for a negative count or years not above zero.
    """
    return score_count(Estimate(rate, Point(1.0)), events=events, years=years)


def score_count(estimate: Estimate, *, events: int, years: float) -> CountScore:
    """As score_frequency, for an estimate with all its parts: threat events, vulnerability, controls
    in place, clustering.
    """
    if events < 0:
        raise EstimateError("events", "must not be negative")
    table = count_table(_over(estimate, years))
    cdf = table.cdf
    below = float(cdf[events - 1]) if 0 < events <= cdf.size else (0.0 if events == 0 else 1.0)
    chance = max((float(cdf[events]) if events < cdf.size else 1.0) - below, 0.0)
    low, high = (int((cdf < share).sum()) for share in (0.05, 0.95))
    return CountScore(chance, -math.log(max(chance, SMALLEST)), low, high, low <= events <= high)


def chance_of_some(estimate: Estimate, *, years: float) -> float:
    """What an estimate gives to at least one loss event in `years`. Raises EstimateError."""
    return 1.0 - count_table(_over(estimate, years)).none


def _over(estimate: Estimate, years: float) -> Estimate:
    """The estimate with a "year" of this length."""
    time, frequency = positive("years", years, 1e4), estimate.frequency
    if isinstance(frequency, Distribution):
        return replace(estimate, frequency=frequency.scaled(time))
    threats = frequency.threat_events
    longer = (
        threats.scaled(time)
        if isinstance(threats, Distribution)
        else replace(threats, contacts=threats.contacts.scaled(time))
    )
    return replace(estimate, frequency=replace(frequency, threat_events=longer))


@dataclass(frozen=True)
class Bin:
    """Forecasts of about one probability: how many, the mean stated, and how often it happened."""

    count: int
    stated: float
    happened: float


def reliability(forecasts: Sequence[tuple[float, bool]], bins: int = 5) -> tuple[Bin, ...]:
    """Forecasts grouped by stated probability in equal bins, empty ones left out: calibrated means
    stated = happened.

    Raises as brier_score, and for bins outside 1..50. Source: Murphy and Winkler, Applied
    Statistics 26 (1977).
    """
    if not 1 <= bins <= 50:
        raise EstimateError("bins", "must be 1 to 50")
    groups: dict[int, list[tuple[float, bool]]] = {}
    for chance, happened in _checked(forecasts):
        groups.setdefault(min(int(chance * bins), bins - 1), []).append((chance, happened))
    return tuple(
        Bin(len(group), _mean([one[0] for one in group]), _mean([float(one[1]) for one in group]))
        for _, group in sorted(groups.items())
    )


def pool(ranges: Sequence[Interval90], weights: Sequence[float] | None = None) -> Interval90:
    """Several people's ranges as one: their ends averaged in ratio (geometric mean), with weights
    if given.

    Averaging quantiles keeps the range as sharp as people are; weights may be taken from past
    scores.
    Raises EstimateError for no range, or weights that do not fit, are negative or all zero.
    Source: Lichtendahl, Grushka-Cockayne and Winkler, "Is it better to average probabilities or
    quantiles?", Management Science 59 (2013).
    """
    if not ranges:
        raise EstimateError("ranges", "must be at least one")
    given = (
        [1.0] * len(ranges)
        if weights is None
        else [between("weights", one, 0, 1e6) for one in weights]
    )
    if len(given) != len(ranges) or sum(given) == 0:
        raise EstimateError("weights", "must be one for each range, and not all zero")
    low, high = (
        math.exp(
            sum(w * math.log(getattr(one, end)) for w, one in zip(given, ranges, strict=True))
            / sum(given)
        )
        for end in ("low", "high")
    )
    return Interval90(low, high)


def _checked(forecasts: Sequence[tuple[float, bool]]) -> list[tuple[float, bool]]:
    if not forecasts:
        raise EstimateError("forecasts", "must be at least one")
    return [
        (between("probability", chance, 0.0, 1.0), bool(happened)) for chance, happened in forecasts
    ]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
