"""Published worked examples with their sources: reproduced by digits or within their error."""

import math

import numpy as np
import pytest

from apps.risks.quant import (
    Beta,
    Contest,
    Estimate,
    Gamma,
    Interval90,
    LossForms,
    Pert,
    Point,
    SecondaryLoss,
    annual_loss,
    at_least_one,
    brier_score,
    chance_of_none,
    event_loss,
    lognormal_from_median,
    share_exceeding,
    update_frequency,
    update_vulnerability,
    value,
)
from tests.risks.quant.models import known_rate, off_by, years


@pytest.mark.parametrize(
    ("rate", "low", "high", "expected"),
    [
        (0.1, 1e5, 1e6, 40400.128269457266),  # riskquant README
        (0.1, 1, 10, 0.4040012826945718),  # riskquant tests/test_simpleloss
        (3, 1, 10, 12.120038480837177),  # riskquant tests/test_simpleloss
        (0.3, 1e5, 1e6, 121200.38),  # the return-on-control example below
    ],
)
def test_expected_annual_loss(rate: float, low: float, high: float, expected: float) -> None:
    valuation = value(known_rate(rate, low, high), seed=3, trials=200_000)

    assert valuation.expected_annual_loss == pytest.approx(expected, rel=1e-7)
    assert abs(valuation.simulated_mean - expected) < 4 * valuation.standard_error


def test_lognormal_mean_of_a_90_percent_range() -> None:
    # riskquant tests/test_model_lognormal
    assert Interval90(635_000, 19_000_000).mean == pytest.approx(5922706.83351131, rel=1e-12)


def test_lognormal_from_median_and_95th_percentile() -> None:
    # quantrr tests/test-risk: p50 1425000, p95 20M
    fitted = lognormal_from_median(1_425_000, 20_000_000)
    assert fitted.mu == pytest.approx(14.1696823716849, abs=1e-10)
    assert fitted.sigma == pytest.approx(1.6059547284637, abs=1e-10)


def test_lognormal_from_5th_and_95th_percentile() -> None:
    # quantrr tests/test-risk: p05 100k, p95 20M
    fitted = Interval90(100_000, 20_000_000)
    assert fitted.mu == pytest.approx(14.1620841482442, abs=1e-10)
    assert fitted.sigma == pytest.approx(1.61057412031483, abs=1e-10)


def test_poisson_10_with_lognormal_mean_50_and_variation_2() -> None:
    # aggregate README: mean 500, coefficient of variation .70711, skewness 3.5355, F(500) .611
    sigma = math.sqrt(math.log(5))
    middle, reach = math.log(50) - sigma**2 / 2, 1.6448536269514722 * sigma
    risk = Estimate(Point(10), Interval90(math.exp(middle - reach), math.exp(middle + reach)))
    moments = annual_loss(risk)
    assert moments.mean == pytest.approx(500)
    assert moments.deviation / moments.mean == pytest.approx(0.70711, abs=5e-6)
    losses = years(risk, 400_000)
    assert (losses <= 500).mean() == pytest.approx(0.611, abs=4 * math.sqrt(0.24 / 400_000) + 5e-4)


@pytest.mark.parametrize(("chance", "expected"), [(1.0, 20.0), (0.0, 0.0)])
def test_secondary_losses_multiply_each_form_by_its_own_probability(
    chance: float, expected: float
) -> None:
    # pyfair issue 43: two forms, each probability x 10; the defect there gave 101 and 100.
    effects = tuple(
        SecondaryLoss(Point(chance), {form: Point(10.0)}) for form in ("response", "reputation")
    )
    assert event_loss(LossForms(secondary=effects)).mean == expected
    simulated = years(Estimate(Point(1.0), LossForms(secondary=effects)), 2000)
    assert set(np.unique(simulated) % 20) == {0.0}
    assert (simulated.max() > 0) == (expected > 0)


def test_vulnerability_of_paired_samples() -> None:
    # pyfair tests: threat capability 1..5 against control strength 5..1
    assert share_exceeding(np.arange(1.0, 6.0), np.arange(5.0, 0.0, -1.0)) == 0.4


def test_vulnerability_of_two_equal_ranges_is_a_half() -> None:
    assert Contest(Pert(1, 3, 9), Pert(1, 3, 9)).probability == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("low", "mode", "high", "mean"),
    [(2e3, 8e3, 30e3, 10_667), (25e3, 75e3, 250e3, 95_833), (2e5, 5e5, 2e6, 700_000)],
)
def test_pert_means(low: float, mode: float, high: float, mean: float) -> None:
    # FAIR-CAM worked examples
    assert Pert(low, mode, high).mean == pytest.approx(mean, abs=0.5)


@pytest.mark.parametrize(
    ("low", "mode", "high", "mean", "deviation"),
    [(20, 100, 900, 220, 139.38641), (3e6, 3.5e6, 5e6, 3_666_666.67, 356_348.32)],
)
def test_pert_mean_and_deviation(
    low: float, mode: float, high: float, mean: float, deviation: float
) -> None:
    # Closed form: mean (a + g m + b)/(g + 2), variance (mean - a)(b - mean)/(g + 3), g = 4
    pert = Pert(low, mode, high)
    assert pert.mean == pytest.approx(mean, rel=1e-8)
    assert math.sqrt(pert.variance) == pytest.approx(deviation, rel=1e-7)
    simulated = years(Estimate(Point(1.0), pert), 100_000)
    year = annual_loss(Estimate(Point(1.0), pert))
    assert off_by(simulated.mean(), year.mean, year.deviation, 100_000) < 4


EXCEEDANCE = [  # rate, threshold, P(yearly loss > threshold): independent FFT of the compound law
    (0.1, 0, 0.095163),
    (0.1, 1e5, 0.090605),
    (0.1, 3e5, 0.052379),
    (0.1, 5e5, 0.026711),
    (0.1, 1e6, 0.005735),
    (1, 5e5, 0.310200),
    (1, 1e6, 0.116821),
]


@pytest.mark.parametrize(("rate", "threshold", "probability"), EXCEEDANCE)
def test_loss_exceedance(rate: float, threshold: float, probability: float) -> None:
    trials = 400_000
    curve = value(known_rate(rate), seed=7, trials=trials, thresholds=[threshold])
    error = math.sqrt(probability * (1 - probability) / trials)
    assert abs(curve.curve_probabilities[0] - probability) < 4 * error + 1e-6


@pytest.mark.parametrize(
    ("rate", "level", "amount"),
    [
        (0.1, "p95", 314e3),
        (0.1, "p99", 810e3),
        (1, "p50", 241.5e3),
        (1, "p95", 1.426e6),
        (1, "p99", 2.247e6),
    ],
)
def test_percentiles(rate: float, level: str, amount: float) -> None:
    # The same FFT; its grid is 500 wide for the smaller rate.
    valuation = value(known_rate(rate), seed=9, trials=400_000)
    assert (
        abs(valuation.percentiles[level] - amount) < 4 * valuation.percentile_errors[level] + 1000
    )


def test_deviation_and_chance_of_a_year_without_loss() -> None:
    valuation = value(known_rate(0.1), seed=1, trials=1000)
    assert valuation.standard_deviation == pytest.approx(163_217.036, abs=1e-3)
    assert 1 - valuation.probability_of_loss == pytest.approx(math.exp(-0.1), abs=1e-12)


def test_gamma_poisson_update() -> None:
    # Gamma(2, 20) and 3 events in 2 years -> Gamma(5, 22)
    posterior = update_frequency(Gamma(2, 20), events=3, years=2).posterior
    assert posterior == Gamma(5, 22)
    assert posterior.mean == pytest.approx(0.2272727, abs=5e-8)
    assert posterior.quantile(0.05) == pytest.approx(0.0895523, abs=5e-7)
    assert posterior.quantile(0.95) == pytest.approx(0.4160691, abs=5e-7)
    assert chance_of_none(Gamma(5, 22), 1) == pytest.approx(0.8007081, abs=5e-8)
    assert 1 - value(
        Estimate(posterior, Point(1)), seed=1, trials=1000
    ).probability_of_loss == pytest.approx(0.8007081, abs=1e-6)


def test_beta_update() -> None:
    # Beta(1, 1) and 1 of 7 -> mean .2222, 90 % [.046389, .470679]
    posterior = update_vulnerability(Beta(1, 1), successes=1, attempts=7).posterior
    assert posterior == Beta(2, 7)
    assert posterior.mean == pytest.approx(0.2222, abs=5e-5)
    assert posterior.quantile(0.05) == pytest.approx(0.046389, abs=5e-7)
    assert posterior.quantile(0.95) == pytest.approx(0.470679, abs=1e-6)


def test_epss_at_least_one_exploited() -> None:
    assert at_least_one([0.1, 0.05, 0.02]) == pytest.approx(0.1621, abs=5e-5)


def test_brier_score() -> None:
    assert brier_score([(0.9, True), (0.7, True), (0.3, False)]) == pytest.approx(
        0.0633333, abs=5e-8
    )
