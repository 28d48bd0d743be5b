"""What incidents, alerts, tests and experiments teach: Bayesian updates that say why the estimate
moved.

Every update keeps its prior, its data and its posterior. The caller decides whether to apply,
propose or only flag it.
Source: Gelman et al., Bayesian Data Analysis, 3rd edition 2013, sections 2.4 (binomial) and 2.6
(Poisson).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.risks.quant.counts import CountTable, count_table
from apps.risks.quant.distributions import Beta, Distribution, Gamma, Interval90, Point
from apps.risks.quant.errors import EstimateError, between, positive
from apps.risks.quant.estimate import Estimate, check_probability
from apps.risks.quant.spec import distribution_to_dict
from apps.risks.quant.special import digamma, trigamma_inverse

SURPRISING = 0.05
MOST_COUNTED = 1_000_000


@dataclass(frozen=True)
class Update:
    """One step of learning. Rates are per year, vulnerabilities probabilities.

    `data` is what was counted; `expected` how many events the prior expected; `surprise` the
    probability, before the data, of a count at least as far out on its side. `sentence` says what
    moved and why.
    """

    prior: Distribution
    data: Mapping[str, float]
    posterior: Distribution
    expected: float
    surprise: float
    sentence: str

    @property
    def surprising(self) -> bool:
        """Whether the prior and the data contradict each other enough for the estimate to be
        reviewed.
        """
        return self.surprise < SURPRISING

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and objects, as JSON has them."""
        return {
            "prior": distribution_to_dict(self.prior),
            "data": dict(self.data),
            "posterior": distribution_to_dict(self.posterior),
            "expected": self.expected,
            "surprise": self.surprise,
            "surprising": self.surprising,
            "sentence": self.sentence,
        }


def update_frequency(
    prior: Distribution, *, events: int, years: float, relevance: float = 1.0, left: float = 1.0
) -> Update:
    """A yearly rate after counting `events` in `years` of watching: Gamma(a, b) becomes Gamma(a +
    events, b + years).

    `left` is the share of the rate that controls leave to be seen, a known number: the years count
    for so much less (a Poisson rate with known exposure, Gelman et al. section 2.6).

    A prior of another kind is first read as a gamma (see as_gamma). `relevance` below 1 says that
    what was counted is not quite the event of the estimate (alerts, another team's systems): it
    weighs the data, both events and years.
    Raises EstimateError: a count not whole or negative, years not above zero, or a prior without
    uncertainty.
    Source: conjugacy Gelman et al. section 2.6; weighing (power prior) Ibrahim and Chen,
    Statistical Science 15 (2000).
    """
    count, time = _count("events", events), positive("years", years, 1e4)
    weight, exposure = _relevance(relevance), time * _left(left)
    before = as_gamma(prior)
    after = Gamma(before.shape + weight * count, before.rate + weight * exposure)
    expected = before.mean * exposure
    surprise = _tail(_predicted(before, exposure), count, above=count > expected)
    data = {"events": float(count), "years": time, "relevance": weight} | _told(left)
    seen = f"{_times(count, 'event')} in {_say(time)} {'year' if time == 1 else 'years'}"
    return Update(
        prior,
        data,
        after,
        expected,
        surprise,
        _sentence("yearly rate", seen, expected, (before, after), surprise),
    )


def update_vulnerability(
    prior: Distribution,
    *,
    successes: int,
    attempts: int,
    relevance: float = 1.0,
    left: float = 1.0,
) -> Update:
    """A vulnerability after tests or experiments: `successes` of `attempts` attacks got through.

    Beta(a, b) becomes Beta(a + successes, b + attempts - successes). Where controls that were tested
    along leave only the share `left` of it, an attempt says so much less of the vulnerability
    without them: attempts count that share, but never less than what got through.
    Raises EstimateError: counts
    not whole, negative or more successes than attempts, or a prior without uncertainty. Source:
    Gelman et al. section 2.4.
    """
    tried, through = _count("attempts", attempts), _count("successes", successes)
    if through > tried:
        raise EstimateError("successes", "must not be above attempts")
    if tried == 0:
        raise EstimateError("attempts", "must be at least 1")
    weight, stopped = _relevance(relevance), max(tried * _left(left) - through, 0.0)
    before = as_beta(prior)
    after = Beta(before.a + weight * through, before.b + weight * stopped)
    expected = before.mean * tried * left
    seen_share = as_beta(before.scaled(left)) if left < 1 else before
    surprise = _tail(_beta_binomial(seen_share, tried), through, above=through > expected)
    data = {"successes": float(through), "attempts": float(tried), "relevance": weight} | _told(
        left
    )
    seen = f"{through} of {_times(tried, 'attempt')} got through"
    return Update(
        prior,
        data,
        after,
        expected,
        surprise,
        _sentence("vulnerability", seen, expected, (before, after), surprise),
    )


def as_gamma(prior: Distribution) -> Gamma:
    """A rate read as a gamma distribution.

    A lognormal range keeps the mean and the variance of its logarithm: trigamma(shape) = sigma^2,
    rate = exp(digamma(shape) - mu). Other kinds keep their mean and variance.
    Raises EstimateError for a single number, which no evidence could move.
    """
    if isinstance(prior, Gamma):
        return prior
    _check_open(prior)
    if isinstance(prior, Interval90):
        shape = min(max(trigamma_inverse(prior.sigma**2), 0.05), 1e6)
        return Gamma(shape, float(np.exp(digamma(shape) - prior.mu)))
    shape = prior.mean**2 / prior.variance
    return Gamma(min(max(shape, 0.05), 1e6), shape / prior.mean)


def as_beta(prior: Distribution) -> Beta:
    """A probability read as a beta distribution with the same mean and variance.

    Raises EstimateError for a single number, which no evidence could move, or values above 1.
    """
    check_probability(prior)
    if isinstance(prior, Beta) and prior.scale == 1:
        return prior
    _check_open(prior)
    evidence = prior.mean * (1 - prior.mean) / prior.variance - 1
    return Beta(max(prior.mean * evidence, 0.05), max((1 - prior.mean) * evidence, 0.05))


def chance_of_none(rate: Gamma, years: float) -> float:
    """P(no event in the next `years`) at a rate known as a gamma: (rate / (rate + years))^shape.

    Raises EstimateError for years not above zero. Source: Gelman et al. section 2.6 (negative
    binomial prediction).
    """
    return float((rate.rate / (rate.rate + positive("years", years, 1e4))) ** rate.shape)


def _check_open(prior: Distribution) -> None:
    if isinstance(prior, Point) or prior.variance == 0:
        raise EstimateError("prior", "is a single number, which no evidence can move: give a range")


def _count(field: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise EstimateError(field, "must be a whole number")
    if not 0 <= value <= MOST_COUNTED:
        raise EstimateError(field, f"must be 0 to {MOST_COUNTED:,}")
    return value


def _relevance(value: float) -> float:
    weight = between("relevance", value, 0.0, 1.0)
    if weight == 0:
        raise EstimateError("relevance", "must be above zero, or the data says nothing")
    return weight


def _left(value: float) -> float:
    share = between("left", value, 0.0, 1.0)
    if share == 0:
        raise EstimateError("left", "must be above zero, or there was nothing to see")
    return share


def _told(left: float) -> dict[str, float]:
    return {"left": left} if left < 1 else {}


def _predicted(rate: Gamma, years: float) -> CountTable:
    """The count that the prior predicts for `years` of watching."""
    return count_table(Estimate(rate.scaled(years), Point(1.0)))


def _beta_binomial(share: Beta, attempts: int) -> CountTable:
    """The successes that the prior predicts: Beta-binomial, by its ratio of neighbouring terms."""
    k = np.arange(attempts, dtype=np.float64)
    steps = (attempts - k) / (k + 1) * (share.a + k) / (share.b + attempts - k - 1)
    logs = np.concatenate(([0.0], np.cumsum(np.log(steps))))
    cdf = np.cumsum(np.exp(logs - logs.max()))
    return CountTable(cdf / cdf[-1])


def _tail(table: CountTable, count: int, *, above: bool) -> float:
    """P(N >= count) or P(N <= count)."""
    if not above:
        return float(table.cdf[min(count, table.cdf.size - 1)])
    return 1.0 - float(table.cdf[min(count - 1, table.cdf.size - 1)])


def _sentence(
    what: str, seen: str, expected: float, moved: tuple[Distribution, Distribution], surprise: float
) -> str:
    before, after = (
        f"{_say(one.mean)} ({_say(one.quantile(0.05))} to {_say(one.quantile(0.95))})"
        for one in moved
    )
    text = f"{seen}, {_say(expected)} expected: the {what} moves from {before} to {after}."
    if surprise < SURPRISING:
        text += (
            f" The estimate gave this a chance of {_say(100 * surprise)} %: review its assumptions."
        )
    return text[0].upper() + text[1:]


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _say(number: float) -> str:
    return f"{number:.3g}"
