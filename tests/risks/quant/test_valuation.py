"""The numbers of a valuation: order statistics, shortfall, precision, what it says of itself."""

import json
import math

import numpy as np
import pytest

from apps.risks.quant import (
    ENGINE,
    Estimate,
    Interval90,
    LossForms,
    Point,
    SecondaryLoss,
    Valuation,
    annual_loss,
    trials_for,
    value,
)
from apps.risks.quant.order import Order
from apps.risks.quant.samples import YearlyLosses
from tests.risks.quant.models import known_rate, years


def test_order_statistics_of_a_hundred_known_years() -> None:
    ordered = YearlyLosses.of(np.arange(100.0)[::-1].copy(), 100)  # losses 0, 1, ... 99
    assert [loss for loss, _ in ordered.quantiles([0.01, 0.5, 0.95, 0.99])] == [0, 49, 94, 98]
    # The worst 5 of 100 years are 95..99, the worst 1 is 99.
    assert ordered.shortfalls([0.95, 0.99])[0][0] == pytest.approx(97)
    assert ordered.shortfalls([0.95, 0.99])[1][0] == pytest.approx(99)
    assert ordered.exceedance(np.array([0, 49.5, 99])).tolist() == [0.99, 0.5, 0]
    assert ordered.mean == pytest.approx(49.5)
    assert ordered.standard_error == pytest.approx(np.arange(100).std(ddof=1) / 10)


def test_shortfall_splits_a_year_that_lies_across_the_level() -> None:
    # The worst 2.5 of 50 years: 49, 48 and half of 47.
    ordered = YearlyLosses.of(np.arange(50.0), 50)
    assert ordered.shortfalls([0.95])[0][0] == pytest.approx((49 + 48 + 47 / 2) / 2.5)


def test_years_without_loss_count_in_every_percentile() -> None:
    ordered = YearlyLosses.of(np.array([10.0, 20.0]), 100)
    assert [loss for loss, _ in ordered.quantiles([0.5, 0.98, 0.99])] == [0, 0, 10]
    assert ordered.shortfalls([0.95])[0][0] == pytest.approx(30 / 5)


@pytest.mark.parametrize("size", [1, 2, 500, 70_000])
@pytest.mark.parametrize("kind", ["lognormal", "ties", "equal", "tiny and huge"])
def test_order_statistics_are_those_of_a_full_sort(kind: str, size: int) -> None:
    luck = np.random.default_rng(size)
    amounts = {
        "lognormal": luck.lognormal(0, 2, size),
        "ties": luck.integers(1, 5, size).astype(float),
        "equal": np.full(size, 3.0),
        "tiny and huge": 10 ** luck.uniform(-300, 300, size),
    }[kind]
    order, full = Order(amounts), np.sort(amounts)
    ranks = np.unique(np.linspace(0, size - 1, 40).astype(np.int64))
    assert (order.at(ranks) == full[ranks]).all()
    thresholds = np.concatenate(([0.0, 1e308], full[ranks], full[ranks] * 1.001))
    assert (order.above(thresholds) == size - np.searchsorted(full, thresholds, "right")).all()
    for count in (0, 1, size // 3, size, size + 5):
        assert (order.largest(count) == full[max(size - count, 0) :]).all()


def test_standard_errors_cover_what_other_seeds_give() -> None:
    values = [value(known_rate(1), seed=seed, trials=20_000) for seed in range(60)]
    spreads = {
        "mean": ([v.simulated_mean for v in values], [v.standard_error for v in values]),
        "p95": (
            [v.percentiles["p95"] for v in values],
            [v.percentile_errors["p95"] for v in values],
        ),
        "shortfall": (
            [v.expected_shortfall["p95"] for v in values],
            [v.expected_shortfall_errors["p95"] for v in values],
        ),
    }
    for seen, stated in spreads.values():
        # 60 runs know a standard deviation to about 9 %.
        assert np.std(seen) == pytest.approx(np.mean(stated), rel=0.35)


@pytest.mark.parametrize("precision", [0.02, 0.005])
def test_trials_reach_the_stated_precision(precision: float) -> None:
    risk = Estimate(Interval90(0.5, 2), Interval90(1e3, 5e3))
    valuation = value(risk, seed=1, precision=precision)
    assert valuation.trials == trials_for(risk, precision)
    assert valuation.standard_error / valuation.expected_annual_loss < precision * 1.05


def test_trials_have_bounds() -> None:
    assert trials_for(known_rate(50), 0.5) == 20_000
    assert trials_for(known_rate(1e-6), 0.001) == 1_000_000
    assert trials_for(known_rate(9999), 0.0001) < 20_000  # the budget of loss events


def test_a_valuation_says_how_to_repeat_it() -> None:
    valuation = value(known_rate(0.3), seed=77, trials=3000)
    again = value(known_rate(0.3), seed=valuation.seed, trials=valuation.trials)
    assert (valuation.engine, again) == (ENGINE, valuation)


def test_digits_of_this_engine_do_not_change_unnoticed() -> None:
    # Not an oracle of what is right but of what was promised: a change of a digit needs a new
    # ENGINE.
    valuation = value(Estimate(Interval90(0.2, 2), Interval90(1e4, 1e6)), seed=2026, trials=5000)
    assert valuation.engine == "quant/1"
    assert valuation.simulated_mean == pytest.approx(216065.92666155542, rel=1e-9)
    assert valuation.percentiles["p95"] == pytest.approx(1052429.473722003, rel=1e-9)


def test_plain_numbers_for_json() -> None:
    plain = value(known_rate(0.3), seed=1, trials=3000).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain) == set(Valuation.__dataclass_fields__)
    assert len(plain["curve_thresholds"]) == len(plain["curve_probabilities"]) == 64


def test_the_curve_starts_with_any_loss_and_ends_at_the_rarest() -> None:
    curve = value(known_rate(0.3), seed=1, trials=50_000)
    assert curve.curve_thresholds[0] == 0
    assert curve.curve_probabilities[0] == pytest.approx(curve.probability_of_loss, abs=0.01)
    assert 0 < curve.curve_probabilities[-1] < 2e-4


def test_a_risk_that_never_happened_in_the_simulation() -> None:
    valuation = value(Estimate(Point(1e-9), Point(5.0)), seed=1, trials=1000)
    assert valuation.expected_annual_loss == pytest.approx(5e-9)
    assert valuation.probability_of_loss == pytest.approx(1e-9, rel=1e-6)
    assert set(valuation.percentiles.values()) == {0.0}
    assert set(valuation.curve_probabilities) == {0.0}


def test_events_that_cost_nothing_are_no_loss() -> None:
    # One event in two is silent: losses come at half the rate.
    effect = SecondaryLoss(Point(0.5), {"reputation": Point(100.0)})
    valuation = value(Estimate(Point(1.0), LossForms(secondary=(effect,))), seed=1, trials=50_000)
    assert valuation.probability_of_loss == pytest.approx(1 - math.exp(-0.5), abs=1e-12)
    assert valuation.curve_probabilities[0] == pytest.approx(1 - math.exp(-0.5), abs=0.01)


def test_many_events_a_year() -> None:
    risk = known_rate(5000, 10, 20)
    losses, moments = years(risk, 2000), annual_loss(risk)
    assert abs(losses.mean() - moments.mean) < 4 * moments.deviation / math.sqrt(2000)
    assert losses.std() == pytest.approx(moments.deviation, rel=0.1)
