"""Scores of past estimates, pooled estimates, and ordinal scales."""

import math

import pytest
from scipy import stats

from apps.risks.quant import (
    Gamma,
    Interval90,
    Point,
    RangeOutcome,
    brier_score,
    hit_rate,
    log_score,
    pool,
    reliability,
    scale_from_bounds,
    score_frequency,
)

HIT, MISS = RangeOutcome(0, 1, 0.5), RangeOutcome(0, 1, 3.0)


@pytest.mark.parametrize(
    ("hits", "misses", "verdict"),
    [
        (4, 0, "too few"),
        (6, 1, "too few"),  # 53 to 95 %: it may as well hold every second time
        (18, 1, "too few"),
        (18, 2, "calibrated"),
        (5, 5, "overconfident"),
        (60, 0, "underconfident"),
    ],
)
def test_hit_rate(hits: int, misses: int, verdict: str) -> None:
    score = hit_rate([HIT] * hits + [MISS] * misses)
    assert (score.hits, score.count, score.verdict) == (hits, hits + misses, verdict)
    law = stats.beta(1 + hits, 1 + misses)
    assert (score.low, score.high) == pytest.approx((law.ppf(0.05), law.ppf(0.95)), abs=1e-5)


def test_interval_score() -> None:
    # Gneiting and Raftery 2007, equation 43: width + 2/alpha times the miss, alpha = 0.1
    assert HIT.interval_score == 1
    assert MISS.interval_score == pytest.approx(1 + 20 * 2)
    assert RangeOutcome(0, 1, -0.5).interval_score == pytest.approx(1 + 20 * 0.5)


def test_probability_scores() -> None:
    assert brier_score([(0.5, True), (0.5, False)]) == 0.25
    assert log_score([(0.5, True), (0.5, False)]) == pytest.approx(math.log(2))
    assert log_score([(1.0, True), (0.0, False)]) == 0
    assert log_score([(0.0, True)]) == pytest.approx(-math.log(1e-6))


def test_reliability_groups_by_what_was_stated() -> None:
    low, high = reliability([(0.1, False), (0.15, True), (1.0, True)], bins=5)
    assert (low.count, low.happened) == (2, 0.5)
    assert low.stated == pytest.approx(0.125)
    assert (high.count, high.stated, high.happened) == (1, 1.0, 1.0)


@pytest.mark.parametrize("events", [0, 1, 4, 200])
def test_score_of_a_frequency_is_the_predictive_probability(events: int) -> None:
    score = score_frequency(Gamma(2, 4), events=events, years=3)
    law = stats.nbinom(2, 4 / 7)
    assert score.probability == pytest.approx(law.pmf(events), abs=1e-6)
    assert (score.low, score.high) == (law.ppf(0.05), law.ppf(0.95))
    assert score.hit == (score.low <= events <= score.high)


def test_likely_counts_of_a_frequent_event() -> None:
    score = score_frequency(Gamma(20, 4), events=15, years=3)
    law = stats.nbinom(20, 4 / 7)
    assert (score.low, score.high) == (law.ppf(0.05), law.ppf(0.95))
    assert law.ppf(0.05) < law.ppf(0.1)  # else the line above could not tell them apart


def test_score_of_a_known_rate() -> None:
    score = score_frequency(Point(0.5), events=2, years=4)
    assert score.probability == pytest.approx(stats.poisson.pmf(2, 2))
    assert score.log_score == pytest.approx(-stats.poisson.logpmf(2, 2))


def test_pooled_range() -> None:
    pooled = pool([Interval90(1, 10), Interval90(100, 1000)])
    assert (pooled.low, pooled.high) == pytest.approx((10, 100))
    weighted = pool([Interval90(1, 10), Interval90(100, 1000)], [3, 1])
    assert weighted.low == pytest.approx(100**0.25)
    assert pool([Interval90(2, 3)]).high == pytest.approx(3)


def test_ordinal_levels_are_the_organisations_ranges() -> None:
    scale = scale_from_bounds([0.01, 0.1, 0.5, 2, 10, 50], [1e3, 1e4, 1e5, 1e6, 1e7, 1e8])
    cell = scale.estimate(likelihood=2, impact=4)
    assert (cell.frequency, cell.magnitude) == (Interval90(0.1, 0.5), Interval90(1e6, 1e7))
    for level in range(1, 6):
        middle = scale.likelihood[level - 1]
        assert scale.likelihood_of(math.sqrt(middle.low * middle.high)) == level
        assert scale.impact_of(scale.impact[level - 1].low * 1.01) == level
    assert (scale.impact_of(1), scale.impact_of(1e12)) == (1, 5)
