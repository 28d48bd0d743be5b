"""Options under common random numbers, and controls with and without."""

import json

import numpy as np
import pytest
from scipy import stats

from apps.risks.quant import (
    Beta,
    Comparison,
    Control,
    Effect,
    Estimate,
    Interval90,
    Option,
    Pert,
    Point,
    annual_loss,
    compare,
    treated,
    value,
    value_controls,
    yearly_cost,
)
from apps.risks.quant.controls import STATUSES, Status
from tests.risks.quant.models import known_rate

RISK = known_rate(0.3)  # EUR 121,200 a year
A = Control("A", {"r": Effect(frequency=Point(0.7))}, cost=Point(30_000))
B = Control("B", {"r": Effect(loss=Point(0.5))}, cost=Point(20_000))


@pytest.fixture(scope="module")
def published() -> Comparison:
    options = {
        "now": Option({"r": RISK}),
        "A": Option({"r": known_rate(0.09)}, Point(30_000)),
        "B": Option({"r": known_rate(0.3, 5e4, 5e5)}, Point(20_000)),
    }
    return compare(options, seed=5, trials=200_000)


def test_closed_form_totals(published: Comparison) -> None:
    # The published example: current 121,200.38; A leaves 36,360.12, B 60,600.19
    losses = [option.loss.expected_annual_loss for option in published.options]
    assert losses == pytest.approx([121_200.38, 36_360.12, 60_600.19], abs=0.01)
    assert [option.total for option in published.options] == pytest.approx(
        [121_200.38, 66_360.12, 80_600.19], abs=0.01
    )


def test_differences_have_far_less_noise_than_their_parts(published: Comparison) -> None:
    # Halving every loss leaves 0.5 / sqrt(1 + 0.25) = 0.45 of the noise; fewer events leave more.
    for difference, left in zip(published.differences, (0.75, 0.46), strict=True):
        assert abs(difference.simulated_mean - difference.mean) < 4 * difference.standard_error
        assert difference.standard_error < left * difference.standard_error_apart


def test_the_chance_that_one_option_costs_less(published: Comparison) -> None:
    a = published.differences[0]
    assert (a.a, a.b) == ("A", "now")
    # A costs less in a year with an event that it prevents (nearly every event costs over 30 000):
    # both counts come from one uniform number u, so they are equal where it falls into both steps.
    now, after = (stats.poisson.cdf(np.arange(-1, 30), rate) for rate in (0.3, 0.09))
    equal = np.maximum(np.minimum(now[1:], after[1:]) - np.maximum(now[:-1], after[:-1]), 0).sum()
    assert a.a_costs_less == pytest.approx(1 - equal, abs=0.004)
    assert a.a_costs_less + a.same + a.b_costs_less == pytest.approx(1)
    assert sum(published.cheapest.values()) == pytest.approx(1)


def test_curves_of_options_share_one_axis(published: Comparison) -> None:
    assert len({option.loss.curve_thresholds for option in published.options}) == 1


def test_the_same_option_twice_is_the_same() -> None:
    twice = compare({"a": Option({"r": RISK}), "b": Option({"r": RISK})}, seed=1, trials=5000)
    only = twice.differences[0]
    assert (only.same, only.a_costs_less, only.b_costs_less) == (1.0, 0.0, 0.0)
    assert only.standard_error == 0
    assert twice.cheapest == {"a": 0.5, "b": 0.5}


def test_an_option_without_risks_and_uncertain_cost() -> None:
    options = {"now": Option({"r": RISK}), "none": Option({}, Pert(1e3, 2e3, 9e3))}
    result = compare(options, seed=1, trials=50_000)
    none = result.options[1]
    assert (none.loss.expected_annual_loss, none.loss.probability_of_loss) == (0, 0)
    assert none.total == pytest.approx(3000)
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_single_risk_has_the_years_of_its_own_valuation() -> None:
    alone = value(RISK, seed=3, trials=5000, name="r")
    option = compare({"now": Option({"r": RISK})}, seed=3, trials=5000).options[0]
    assert option.loss.percentiles == alone.percentiles
    assert option.loss.simulated_mean == pytest.approx(alone.simulated_mean, rel=1e-12)


def test_net_benefit_and_return_rank_controls_differently() -> None:
    # The published example: A ROSI 1.82801, net 54,840; B ROSI 2.03001, net 40,600
    values = {
        control.name: value_controls({"r": RISK}, [control], seed=1, trials=100_000).controls[0]
        for control in (A, B)
    }
    assert values["A"].rosi == pytest.approx(1.82801, abs=5e-6)
    assert values["B"].rosi == pytest.approx(2.03001, abs=5e-6)
    assert values["A"].net_benefit == pytest.approx(54_840, abs=0.5)
    assert values["B"].net_benefit == pytest.approx(40_600, abs=0.5)
    for one in values.values():
        assert abs(one.simulated_reduction - one.reduction) < 4 * one.standard_error
        assert one.net_benefit_range == pytest.approx(
            [one.net_benefit] * 3
        )  # nothing is unsure here


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_control_in_place_earns_credit(status: Status) -> None:
    control = Control("A", A.effects, cost=Point(30_000), status=status)
    assert (treated("r", RISK, [control]) == RISK) == (status != "in_place")
    report = value_controls({"r": RISK}, [control], seed=1, trials=2000)
    earned = report.controls[0].earned
    left = report.residual.expected_annual_loss
    if status == "in_place":
        assert earned == pytest.approx(84_840.27, abs=0.01)
        assert left == pytest.approx(36_360.12, abs=0.01)
    else:
        assert earned == 0
        assert left == pytest.approx(121_200.38, abs=0.01)
        assert report.residual == report.inherent
    assert report.controls[0].reduction == pytest.approx(84_840.27, abs=0.01)  # if it were in place


def test_no_credit_against_a_threat_that_is_not_covered() -> None:
    risks = {"r": RISK, "s": known_rate(0.2)}
    report = value_controls(risks, [A, B], seed=1, trials=2000)
    assert treated("s", risks["s"], [A, B]) == risks["s"]
    covered = 121_200.38 * 0.3 * 0.5
    assert report.residual.expected_annual_loss == pytest.approx(
        covered + annual_loss(risks["s"]).mean, abs=0.01
    )
    nobody = value_controls({"s": risks["s"]}, [A, B], seed=1, trials=2000)
    assert [one.reduction for one in nobody.controls] == [0, 0]
    assert nobody.residual == nobody.inherent


def test_controls_are_valued_on_what_the_others_leave() -> None:
    report = value_controls({"r": RISK}, [A, B], seed=1, trials=50_000)
    a, b = report.controls
    assert a.reduction == pytest.approx(60_600.19 * 0.7, abs=0.01)
    assert b.reduction == pytest.approx(36_360.12 * 0.5, abs=0.01)


def test_an_unsure_effect_gives_a_range() -> None:
    effect, cost = Beta(2, 5), Pert(1e3, 2e3, 5e3)
    control = Control("c", {"r": Effect(loss=effect)}, cost=cost)
    one = value_controls({"r": RISK}, [control], seed=1, trials=100_000).controls[0]
    assert one.reduction == pytest.approx(121_200.38 * 2 / 7, rel=1e-6)
    assert abs(one.simulated_reduction - one.reduction) < 4 * one.standard_error
    # Known rate, so the range is that of the effect (cost is small): quantiles of Beta(2, 5).
    low, middle, high = (121_200.38 * effect.quantile(p) - 2333 for p in (0.05, 0.5, 0.95))
    assert one.net_benefit_range == pytest.approx([low, middle, high], rel=0.05)
    assert 0.9 < one.worth_it <= 1
    assert one.rosi_range is not None


def test_an_unsure_effect_on_frequency_keeps_the_closed_form() -> None:
    control = Control("c", {"r": Effect(frequency=Pert(0, 0.5, 1))})
    after = treated("r", Estimate(Interval90(0.3, 3), Interval90(1e3, 1e4)), [control])
    valuation = value(after, seed=2, trials=200_000)
    assert (
        abs(valuation.simulated_mean - valuation.expected_annual_loss)
        < 4 * valuation.standard_error
    )


def test_a_control_that_takes_everything_away() -> None:
    everything = Control("c", {"r": Effect(frequency=Point(1.0))})
    report = value_controls({"r": RISK}, [everything], seed=1, trials=2000)
    assert (report.residual.expected_annual_loss, report.residual.probability_of_loss) == (0, 0)
    assert report.controls[0].rosi is None  # it costs nothing
    json.dumps(report.to_dict(), allow_nan=False)


def test_yearly_cost() -> None:
    assert yearly_cost(30_000, 5_000, 3) == pytest.approx(15_000)
    # Annuity of 1000 over 10 years at 5 %: the standard table's 129.50
    assert yearly_cost(1000, 0, 10, 0.05) == pytest.approx(129.50, abs=0.005)


def test_a_control_does_to_each_risk_what_it_does_to_that_one() -> None:
    # By hand: 121,200.38 loses 70 % of its events, the other 20 % of its loss; each mean is known.
    risks = {"r": RISK, "s": known_rate(0.2)}
    other = annual_loss(risks["s"]).mean
    control = Control("c", {"r": Effect(frequency=Point(0.7)), "s": Effect(loss=Point(0.2))})
    one = value_controls(risks, [control], seed=1, trials=2000).controls[0]
    assert one.reduction == pytest.approx(121_200.38 * 0.7 + other * 0.2, abs=0.01)
    assert one.reduction_range == pytest.approx([one.reduction] * 3)  # nothing is unsure here
