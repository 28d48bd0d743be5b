"""What matters and what knowing it is worth, against closed forms and brute force."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from apps.risks.quant import (
    Contact,
    Contest,
    Estimate,
    Interval90,
    LossForms,
    Option,
    Pert,
    Point,
    SecondaryLoss,
    ThreatFrequency,
    annual_loss,
    assumptions,
    tornado,
    value_of_information,
)
from tests.risks.quant.models import known_rate
from tests.risks.quant.slow import draw

TREE = Estimate(
    ThreatFrequency(
        Contact(Interval90(10, 100), Pert(0.01, 0.1, 0.3)),
        Contest(Pert(0.2, 0.5, 0.8), Pert(0.3, 0.6, 0.9)),
    ),
    LossForms(
        {"response": Interval90(1e4, 1e5)},
        (SecondaryLoss(Pert(0.05, 0.1, 0.4), {"fines_and_judgments": Interval90(1e5, 1e6)}),),
    ),
    kept_loss={"backup": Pert(0.5, 0.7, 0.9)},
)


def test_a_product_of_two_ranges() -> None:
    risk = Estimate(Interval90(0.1, 1), Interval90(1e5, 1e6))
    mean = annual_loss(risk).mean
    first, second = tornado(risk)
    assert {first.path, second.path} == {"frequency", "magnitude"}
    for bar in (first, second):
        # At its 95th percentile a factor is exp(z s - s^2 / 2) times its mean, s = ln 10 / 2z.
        sigma = math.log(10) / (2 * 1.6448536269514722)
        assert bar.at_high == pytest.approx(
            mean * math.exp(1.6448536269514722 * sigma - sigma**2 / 2)
        )
        # First-order share of a product: (E[x^2]/m^2 - 1) / ((E[x^2]/m^2)^2 - 1)
        square = math.exp(sigma**2)
        assert bar.share == pytest.approx((square - 1) / (square**2 - 1), rel=1e-4)


def test_every_assumption_of_a_tree_has_its_bar() -> None:
    bars = {bar.path: bar for bar in tornado(TREE)}
    assert (
        set(bars)
        == set(assumptions(TREE))
        == {
            "frequency.threat_events.contacts",
            "frequency.threat_events.probability_of_action",
            "frequency.vulnerability.threat_capability",
            "frequency.vulnerability.resistance_strength",
            "magnitude.primary.response",
            "magnitude.secondary.0.probability",
            "magnitude.secondary.0.forms.fines_and_judgments",
            "kept_loss.backup",
        }
    )
    strength = bars["frequency.vulnerability.resistance_strength"]
    assert strength.at_low > strength.at_high  # more strength, less loss
    swings = [bar.swing for bar in tornado(TREE)]
    assert swings == sorted(swings, reverse=True)


def test_bars_against_a_rebuilt_estimate() -> None:
    bar = {bar.path: bar for bar in tornado(TREE)}["magnitude.secondary.0.probability"]
    for probability, expected in ((bar.low_value, bar.at_low), (bar.high_value, bar.at_high)):
        effect = SecondaryLoss(Point(probability), TREE.magnitude.secondary[0].forms)  # type: ignore[union-attr]
        forms = LossForms(TREE.magnitude.primary, (effect,))  # type: ignore[union-attr]
        rebuilt = Estimate(TREE.frequency, forms, kept_loss=TREE.kept_loss)
        assert annual_loss(rebuilt).mean == pytest.approx(expected, rel=1e-9)


def test_known_numbers_are_no_assumptions() -> None:
    assert tornado(known_rate(1, 5, 5)) == ()


def test_worth_of_knowing_a_rate_in_closed_form() -> None:
    # Pay c to remove a risk of rate L (lognormal) x 1: E[min(L, c)] by the Black-Scholes partial
    # expectation.
    rate, cost = Interval90(0.1, 10), 1.5
    options = {"keep": Option({"r": Estimate(rate, Point(1.0))}), "fix": Option({}, Point(cost))}
    d = (rate.mu - math.log(cost)) / rate.sigma
    excess = rate.mean * stats.norm.cdf(d + rate.sigma) - cost * stats.norm.cdf(d)  # E[(L - c)+]
    wanted = min(rate.mean, cost) - (rate.mean - excess)

    result = value_of_information(options, seed=1)
    assert result.best == "fix"
    assert result.expected_cost == pytest.approx(cost)
    assert abs(result.perfect - wanted) < 4 * result.standard_error
    (only,) = result.assumptions
    assert (only.risk, only.path) == ("r", "frequency")
    assert only.worth == pytest.approx(wanted, rel=1e-3)


def test_worth_of_everything_by_brute_force() -> None:
    keep = Estimate(Interval90(0.05, 1), Interval90(1e5, 1e6))
    fix = Estimate(Interval90(0.01, 0.2), Interval90(1e5, 1e6))
    result = value_of_information(
        {"keep": Option({"r": keep}), "fix": Option({"r": fix}, Point(90_000))}, seed=1
    )
    luck = random.Random(8)  # noqa: S311 - a simulation, no secret
    totals = []
    for _ in range(60_000):
        z, loss = luck.gauss(0, 1), draw(luck, keep.magnitude)  # type: ignore[arg-type]
        rates = [math.exp(r.mu + r.sigma * z) for r in (keep.frequency, fix.frequency)]  # type: ignore[union-attr]
        totals.append([rates[0] * loss, rates[1] * loss + 90_000])
    gains = np.mean(totals, axis=0).min() - np.min(totals, axis=1).mean()
    assert result.perfect == pytest.approx(gains, rel=0.05)
    # Knowing everything is worth at least as much as knowing one thing.
    assert all(0 < one.worth < result.perfect for one in result.assumptions)


def test_information_is_worth_nothing_where_it_changes_no_choice() -> None:
    options = {
        "keep": Option({"r": Estimate(Interval90(0.1, 0.2), Interval90(10, 20))}),
        "fix": Option({}, Point(1e6)),
    }
    result = value_of_information(options, seed=1)
    assert (result.best, result.perfect) == ("keep", 0)
    assert all(one.worth < 1e-9 for one in result.assumptions)
