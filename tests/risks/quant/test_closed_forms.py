"""Simulated years against closed forms, for every way that counts and losses can be distributed."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from apps.risks.quant import (
    Clustered,
    Contact,
    Contest,
    Distribution,
    Estimate,
    Gamma,
    Interval90,
    LossForms,
    Pert,
    Point,
    Poisson,
    PortfolioRisk,
    Rounded,
    SecondaryLoss,
    ThreatFrequency,
    annual_loss,
    event_count,
    event_loss,
    value_portfolio,
)
from apps.risks.quant.counts import count_table
from apps.risks.quant.estimate import Events
from tests.risks.quant.models import known_rate, off_by, oracle, years

TRIALS = 200_000
LOSS = Interval90(1e3, 1e4)


def compound(rate: float, loss: Interval90) -> tuple[float, float, float]:
    """Mean, deviation and skewness of a compound Poisson sum of lognormals, from raw moments."""
    first, second, third = (math.exp(k * loss.mu + (k * loss.sigma) ** 2 / 2) for k in (1, 2, 3))
    return rate * first, math.sqrt(rate * second), rate * third / (rate * second) ** 1.5


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 8.0, 300.0])
def test_compound_poisson_mean_deviation_and_skewness(rate: float) -> None:
    mean, deviation, skewness = compound(rate, LOSS)
    moments = annual_loss(Estimate(Point(rate), LOSS))
    assert (moments.mean, moments.deviation) == pytest.approx((mean, deviation), rel=1e-12)

    trials = TRIALS if rate < 100 else 10_000
    losses = years(Estimate(Point(rate), LOSS), trials)
    assert off_by(losses.mean(), mean, deviation, trials) < 4
    assert losses.std() == pytest.approx(deviation, rel=8 * max(skewness, 1) / math.sqrt(trials))


FREQUENCIES: dict[str, Distribution | ThreatFrequency] = {
    "range": Interval90(0.2, 3),
    "pert": Pert(0, 1, 6),
    "gamma": Gamma(3, 2),
    "product": ThreatFrequency(
        Contact(Interval90(10, 90), Pert(0.01, 0.05, 0.2)), Pert(0.1, 0.5, 1)
    ),
    "contest": ThreatFrequency(Interval90(1, 9), Contest(Pert(0, 0.4, 1), Pert(0.2, 0.5, 0.8))),
}
EVENTS: dict[str, Events] = {"poisson": Poisson(), "clustered": Clustered(3.5)}


@pytest.mark.parametrize("events", EVENTS)
@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_counts_and_losses_of_an_unsure_rate(frequency: str, events: str) -> None:
    estimate = Estimate(FREQUENCIES[frequency], LOSS, EVENTS[events])
    table, count, loss = count_table(estimate), event_count(estimate), annual_loss(estimate)

    assert table.mean == pytest.approx(count.mean, rel=1e-5)
    assert table.variance == pytest.approx(count.variance, rel=1e-3)
    losses = years(estimate, TRIALS)
    assert off_by(losses.mean(), loss.mean, loss.deviation, TRIALS) < 4
    assert losses.std() == pytest.approx(loss.deviation, rel=0.05)
    assert abs((losses == 0).mean() - table.none) < 4 * math.sqrt(table.none / TRIALS) + 1e-9


def test_counts_of_a_known_rate_are_poisson() -> None:
    for rate in (0.001, 0.5, 7.0, 900.0):
        table = count_table(known_rate(rate))
        counts = np.arange(table.cdf.size - 1)
        assert table.cdf[:-1] == pytest.approx(stats.poisson.cdf(counts, rate), abs=1e-12)


def test_counts_of_a_gamma_rate_are_negative_binomial() -> None:
    # Gelman et al., Bayesian Data Analysis, 2.6: NB with size `shape` and probability rate/(rate+1)
    table = count_table(Estimate(Gamma(5, 2), LOSS))
    counts = np.arange(table.cdf.size - 1)
    assert table.cdf[:-1] == pytest.approx(stats.nbinom.cdf(counts, 5, 2 / 3), abs=1e-6)


def test_clustered_counts_of_a_known_rate_are_negative_binomial() -> None:
    table = count_table(Estimate(Point(2.0), LOSS, Clustered(3.0)))
    counts = np.arange(table.cdf.size - 1)
    assert table.cdf[:-1] == pytest.approx(stats.nbinom.cdf(counts, 1.0, 1 / 3), abs=1e-12)


def test_rounded_counts_are_thinned_binomially() -> None:
    # Always exactly 4 threat events, each a loss with probability 1/4.
    frequency = ThreatFrequency(Pert(3.6, 4.0, 4.4), Point(0.25))
    table = count_table(Estimate(frequency, LOSS, Rounded()))
    assert table.cdf == pytest.approx(stats.binom.cdf(np.arange(5), 4, 0.25), abs=1e-12)


def test_a_wide_rate_has_the_poisson_lognormal_counts() -> None:
    # P(N = 0) = E[exp(-rate)], by SciPy's adaptive quadrature.
    from scipy import integrate

    rate = Interval90(0.01, 10)

    def integrand(z: float) -> float:
        return math.exp(-math.exp(rate.mu + rate.sigma * z)) * float(stats.norm.pdf(z))

    wanted = integrate.quad(integrand, -9, 9, epsabs=1e-12)[0]
    assert count_table(Estimate(rate, LOSS)).none == pytest.approx(wanted, abs=1e-8)


def test_a_frequent_unsure_rate_has_no_gaps_between_its_counts() -> None:
    # The mixture over a wide rate is smooth: P(N <= k) against SciPy's quadrature over the rate.
    from scipy import integrate

    rate = Interval90(200, 2000)
    table = count_table(Estimate(rate, LOSS))
    for count in (150, 400, 633, 640, 1000, 2500):

        def integrand(z: float, count: int = count) -> float:
            value = math.exp(rate.mu + rate.sigma * z)
            return float(stats.poisson.cdf(count, value) * stats.norm.pdf(z))

        wanted = integrate.quad(integrand, -7, 7, epsabs=1e-11, limit=500)[0]
        assert table.cdf[count] == pytest.approx(wanted, abs=1e-6)
    steps = np.diff(table.cdf[300:600])
    assert np.abs(np.diff(steps) / steps[1:]).max() < 0.02


def test_a_secondary_loss_that_may_not_happen_has_the_variance_of_a_bernoulli() -> None:
    effect = SecondaryLoss(Point(0.2), {"reputation": Point(100.0)})
    forms = LossForms({"response": Point(7.0)}, (effect,))
    assert event_loss(forms).mean == pytest.approx(27)
    assert event_loss(forms).variance == pytest.approx(0.2 * 0.8 * 100**2)


def test_largest_single_event_of_a_year() -> None:
    # P(largest > x) = 1 - exp(-rate S(x)); where the rate is small, the sum is nearly the largest.
    losses = years(Estimate(Point(0.01), LOSS), 400_000)
    for threshold in (2e3, 5e3, 1e4):
        tail = stats.norm.sf((math.log(threshold) - LOSS.mu) / LOSS.sigma)
        wanted = -math.expm1(-0.01 * tail)
        assert abs((losses > threshold).mean() - wanted) < 4 * math.sqrt(wanted / 400_000) + 5e-5


def test_six_forms_and_secondary_losses() -> None:
    forms = LossForms(
        primary={"response": Interval90(1e3, 1e4), "replacement": Pert(0, 100, 900)},
        secondary=(
            SecondaryLoss(Pert(0, 0.2, 0.9), {"fines_and_judgments": Interval90(1e4, 1e5)}),
            SecondaryLoss(Point(0.01), {"competitive_advantage": Point(1e6), "response": Point(1)}),
        ),
    )
    estimate = Estimate(Interval90(0.5, 5), forms)
    loss = annual_loss(estimate)
    losses = years(estimate, TRIALS)
    assert off_by(losses.mean(), loss.mean, loss.deviation, TRIALS) < 4
    assert losses.std() == pytest.approx(loss.deviation, rel=0.05)


def compound_cases() -> list[dict[str, Any]]:
    try:
        return list(oracle("compound_poisson.json")["cases"])
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("case", compound_cases(), ids=lambda case: case["name"])
def test_independent_fourier_references(case: dict[str, Any]) -> None:
    trials = 400_000
    risks = [
        PortfolioRisk(str(number), known_rate(one["lam"], one["p05"], one["p95"]))
        for number, one in enumerate(case["scenarios"])
    ]
    exceed: dict[str, float] = case["exceed"]
    curve = value_portfolio(
        risks, seed=17, trials=trials, thresholds=[float(amount) for amount in exceed]
    ).loss
    assert curve.expected_annual_loss == pytest.approx(case["mean"], rel=1e-12)
    assert curve.standard_deviation == pytest.approx(case["sd"], rel=1e-12)
    assert 1 - curve.probability_of_loss == pytest.approx(case["p_zero"], rel=1e-12)
    for ours, wanted in zip(curve.curve_probabilities, exceed.values(), strict=True):
        assert abs(ours - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / trials) + 1e-6


def test_riskquant_portfolio() -> None:
    # riskquant README: three risks; mean, SD and P(0) closed form, exceedance by FFT.
    given = [(0.01, 1e6, 1e7), (0.1, 1e7, 1e9), (0.05, 5e6, 5e7)]
    risks = [PortfolioRisk(str(rate), known_rate(rate, low, high)) for rate, low, high in given]
    thresholds = {1e6: 0.147315, 1e7: 0.124321, 1e8: 0.049715, 1e9: 0.005131}
    loss = value_portfolio(risks, seed=2, trials=400_000, thresholds=list(thresholds)).loss
    assert loss.expected_annual_loss == pytest.approx(27_690_204.31, abs=0.01)
    assert loss.standard_deviation == pytest.approx(224_494_975.2, abs=0.1)
    assert 1 - loss.probability_of_loss == pytest.approx(0.852143789, abs=1e-9)
    for ours, wanted in zip(loss.curve_probabilities, thresholds.values(), strict=True):
        assert abs(ours - wanted) < 4 * math.sqrt(wanted / 400_000)
