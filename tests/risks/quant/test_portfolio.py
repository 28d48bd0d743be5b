"""Many risks together: sums of years, shared causes, contributions and the tolerance line."""

import json
import math

import numpy as np
import pytest

from apps.risks.quant import (
    Estimate,
    Interval90,
    Pert,
    PortfolioRisk,
    SharedCause,
    annual_loss,
    value,
    value_portfolio,
)
from apps.risks.quant.simulate import Simulator, compile_estimate, simulate
from tests.risks.quant.models import known_rate, years

RISKS = [
    PortfolioRisk("a", known_rate(0.3)),
    PortfolioRisk("b", Estimate(Interval90(0.1, 2), Pert(1e4, 5e4, 9e5))),
    PortfolioRisk("c", known_rate(0.02, 1e6, 1e8)),
]


ALIKE = [PortfolioRisk(name, known_rate(0.4)) for name in "abcd"]


def caused(weight: float, risks: list[PortfolioRisk] = RISKS) -> list[PortfolioRisk]:
    return [PortfolioRisk(r.name, r.estimate, SharedCause("vendor", weight)) for r in risks]


def test_years_are_added_and_not_percentiles() -> None:
    trials = 40_000
    result = value_portfolio(RISKS, seed=6, trials=trials)
    total = sum(years(risk.estimate, trials, 6, risk.name) for risk in RISKS)
    assert result.loss.simulated_mean == pytest.approx(float(np.mean(total)), rel=1e-12)
    assert result.loss.percentiles["p95"] == pytest.approx(
        np.sort(total)[math.ceil(0.95 * trials) - 1]
    )
    assert result.loss.expected_annual_loss == pytest.approx(
        sum(annual_loss(risk.estimate).mean for risk in RISKS)
    )
    apart = sum(
        value(r.estimate, seed=6, trials=trials, name=r.name).percentiles["p95"] for r in RISKS
    )
    assert abs(apart - result.loss.percentiles["p95"]) > 0.02 * apart


def test_a_portfolio_of_one_is_that_risk() -> None:
    alone = value(RISKS[1].estimate, seed=6, trials=30_000, name="b")
    assert value_portfolio(RISKS[1:2], seed=6, trials=30_000).loss == alone


def test_contributions_add_up() -> None:
    result = value_portfolio(RISKS, seed=6, trials=40_000)
    assert sum(part.expected_annual_loss for part in result.contributions) == pytest.approx(
        result.loss.expected_annual_loss
    )
    assert sum(part.in_bad_years for part in result.contributions) == pytest.approx(
        result.loss.expected_shortfall["p95"]
    )
    means = [part.expected_annual_loss for part in result.contributions]
    assert means == sorted(means, reverse=True)


def test_a_shared_cause_keeps_each_risk_and_widens_the_sum() -> None:
    trials = 100_000
    apart, together = (
        value_portfolio(some, seed=6, trials=trials) for some in (ALIKE, caused(0.6, ALIKE))
    )
    assert abs(together.loss.simulated_mean - apart.loss.expected_annual_loss) < (
        4 * together.loss.standard_error
    )
    assert together.loss.standard_deviation > apart.loss.standard_deviation * 1.2
    # Losses gather in fewer years.
    assert together.loss.probability_of_loss < apart.loss.probability_of_loss - 0.02
    for risk in caused(0.6, ALIKE):
        simulator = Simulator(compile_estimate(risk.estimate), 6, risk.name, risk.cause)
        losses, moments = simulate(simulator, trials), annual_loss(risk.estimate)
        assert abs(losses.mean() - moments.mean) < 4 * moments.deviation / math.sqrt(trials)


def test_normal_scores_of_counts_have_the_stated_correlation() -> None:
    # Counts at a rate of 400 are nearly normal, so their own correlation is that of the scores.
    counts = []
    for name in ("a", "b"):
        model = compile_estimate(known_rate(400, 1, 1))
        counts.append(simulate(Simulator(model, 1, name, SharedCause("c", 0.5)), 10_000))
    assert np.atleast_2d(np.corrcoef(counts))[0, 1] == pytest.approx(0.5, abs=0.04)


def test_no_weight_is_no_cause() -> None:
    assert value_portfolio(caused(0.0), seed=6, trials=20_000).loss.percentiles == (
        value_portfolio(RISKS, seed=6, trials=20_000).loss.percentiles
    )


def test_workers_change_no_digit() -> None:
    for some in (RISKS, caused(0.4)):
        one, three = (value_portfolio(some, seed=6, trials=50_000, workers=n) for n in (1, 3))
        assert one.to_dict() == three.to_dict()


def test_tolerance_line() -> None:
    result = value_portfolio(RISKS, seed=6, trials=50_000, tolerance={1e6: 0.5, 1e8: 1e-6})
    first, second = result.tolerance
    assert (first.within, second.within) == (True, False)
    assert first.actual == pytest.approx(
        value_portfolio(RISKS, seed=6, trials=50_000, thresholds=[1e6]).loss.curve_probabilities[0]
    )
    json.dumps(result.to_dict(), allow_nan=False)
