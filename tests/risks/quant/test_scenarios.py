"""The 42 scenarios that the R package evaluator (MIT, 0.4) publishes with its results of 1000
simulated years each.

Every published figure must lie within the Monte Carlo error of a run of 1000 years around ours.
"""

import math
from typing import Any

import numpy as np
import pytest

from apps.risks.quant import (
    Contest,
    Distribution,
    Estimate,
    MeanOf,
    Pert,
    Point,
    Rounded,
    ThreatFrequency,
    annual_loss,
    event_count,
)
from tests.risks.quant.models import oracle, years

RUNS = 1000  # years behind each published figure
SIGMAS = 4.0  # 42 scenarios x 5 figures, many of which share their random numbers


def scenario_estimate(scenario: dict[str, Any]) -> Estimate:
    strengths = tuple(pert(one) for one in scenario["diff"].values())
    return Estimate(
        frequency=ThreatFrequency(
            pert(scenario["tef"]), Contest(pert(scenario["tc"]), MeanOf(strengths))
        ),
        magnitude=pert(scenario["lm"]),
        events=Rounded(),
    )


def pert(given: dict[str, Any]) -> Distribution:
    if given["min"] == given["max"]:
        return Point(given["min"])
    return Pert(given["min"], given["mode"], given["max"], given["shape"])


def scenarios() -> list[Any]:
    try:
        return list(oracle("evaluator_scenarios.json")["scenarios"])
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_published_figures_lie_within_their_monte_carlo_error(scenario: dict[str, Any]) -> None:
    estimate = scenario_estimate(scenario)
    loss, count = annual_loss(estimate), event_count(estimate)
    simulated = years(estimate, 40_000)

    assert math.isclose(simulated.mean(), loss.mean, rel_tol=0.05, abs_tol=5 * loss.deviation / 200)
    assert abs(scenario["ale_mean"] - loss.mean) <= SIGMAS * loss.deviation / math.sqrt(RUNS) + 1e-9
    assert abs(scenario["loss_events_mean"] - count.mean) <= (
        SIGMAS * count.deviation / math.sqrt(RUNS) + 1e-3
    )
    assert_quantile(simulated, 0.5, scenario["ale_median"])
    assert_quantile(simulated, 0.95, scenario["ale_var95"])
    assert_deviation(simulated, scenario["ale_sd"])


def assert_quantile(simulated: Any, probability: float, published: float) -> None:
    """The published quantile lies between ours at SIGMAS binomial deviations up and down."""
    spread = SIGMAS * math.sqrt(probability * (1 - probability) / RUNS)
    low, high = np.quantile(simulated, [probability - spread, min(probability + spread, 1)])
    assert low * 0.999 <= published <= high * 1.001


def assert_deviation(simulated: Any, published: float) -> None:
    """Compared through the error of a variance: sqrt((E[(x - m)^4] - s^4) / n)."""
    gaps = (simulated - simulated.mean()) ** 2
    error = math.sqrt(max(float((gaps**2).mean()) - float(gaps.mean()) ** 2, 0.0) / RUNS)
    assert abs(published**2 - float(gaps.mean())) <= SIGMAS * error + 1e-6 * float(gaps.mean())


def test_all_42_scenarios_are_there() -> None:
    assert len(oracle("evaluator_scenarios.json")["scenarios"]) == 42
