"""For every risk: more is never less, order does not matter, one seed gives one set of digits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.risks.quant import (
    Clustered,
    Control,
    Distribution,
    Effect,
    Estimate,
    Interval90,
    Pert,
    Point,
    PortfolioRisk,
    annual_loss,
    assumptions,
    estimate_from_dict,
    estimate_to_dict,
    expected_loss,
    tornado,
    treated,
    value,
    value_portfolio,
)
from apps.risks.quant.estimate import Events, Poisson
from tests.risks.quant.models import years

TRIALS = 2000
FEW = settings(max_examples=25, deadline=None)


def ranges(low: float, high: float) -> st.SearchStrategy[Distribution]:
    """Points, 90 % ranges and PERTs between `low` and `high`."""
    number = st.floats(low, high)
    return st.one_of(
        number.map(Point),
        st.tuples(number, st.floats(1.01, 20)).map(
            lambda pair: Interval90(pair[0], pair[0] * pair[1])
        ),
        st.tuples(number, st.floats(0, 3), st.floats(0.1, 5), st.floats(0, 20)).map(_pert),
    )


def _pert(parts: tuple[float, float, float, float]) -> Pert:
    low, up, more, confidence = parts
    return Pert(low, low * (1 + up), low * (1 + up + more), confidence)


def events() -> st.SearchStrategy[Events]:
    return st.one_of(st.just(Poisson()), st.floats(1.01, 10).map(Clustered))


RATES, LOSSES = ranges(0.01, 4), ranges(10, 1e6)
ESTIMATES = st.builds(Estimate, frequency=RATES, magnitude=LOSSES, events=events())


@FEW
@given(ESTIMATES, st.floats(1.0, 20.0), st.integers(0, 2**63 - 1))
def test_more_frequency_never_lowers_the_loss_of_any_year(
    estimate: Estimate, factor: float, seed: int
) -> None:
    assert isinstance(estimate.frequency, Distribution)
    more = Estimate(estimate.frequency.scaled(factor), estimate.magnitude, estimate.events)
    less, greater = years(estimate, TRIALS, seed), years(more, TRIALS, seed)
    assert (greater >= less * (1 - 1e-12)).all()
    assert annual_loss(more).mean >= annual_loss(estimate).mean * (1 - 1e-12)


@FEW
@given(ESTIMATES, st.floats(1.0, 20.0), st.integers(0, 2**63 - 1))
def test_more_magnitude_never_lowers_the_loss_of_any_year(
    estimate: Estimate, factor: float, seed: int
) -> None:
    assert isinstance(estimate.magnitude, Distribution)
    more = Estimate(estimate.frequency, estimate.magnitude.scaled(factor), estimate.events)
    less, greater = years(estimate, TRIALS, seed), years(more, TRIALS, seed)
    assert (greater >= less * (1 - 1e-12)).all()


@FEW
@given(ESTIMATES, st.floats(0, 1), st.floats(0, 1))
def test_a_control_never_raises_the_loss_of_any_year(
    estimate: Estimate, frequency: float, loss: float
) -> None:
    control = Control("c", {"risk": Effect(Point(frequency), Point(loss))})
    after = treated("risk", estimate, [control])
    assert (years(after, TRIALS) <= years(estimate, TRIALS) * (1 + 1e-12)).all()


@FEW
@given(st.lists(ESTIMATES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_summing_changes_no_digit(estimates: list[Estimate], luck: object) -> None:
    risks = [PortfolioRisk(f"risk {n}", one) for n, one in enumerate(estimates)]
    forward = value_portfolio(risks, seed=4, trials=TRIALS).to_dict()
    luck.shuffle(risks)  # type: ignore[attr-defined]
    assert value_portfolio(risks, seed=4, trials=TRIALS).to_dict() == forward


@FEW
@given(ESTIMATES, st.integers(0, 2**63 - 1))
def test_the_same_seed_gives_the_same_digits_and_a_sane_valuation(
    estimate: Estimate, seed: int
) -> None:
    first = value(estimate, seed=seed, trials=TRIALS)
    assert first == value(estimate, seed=seed, trials=TRIALS)
    levels = list(first.percentiles.values())
    assert levels == sorted(levels)
    assert list(first.curve_probabilities) == sorted(first.curve_probabilities, reverse=True)
    assert all(0 <= chance <= 1 for chance in first.curve_probabilities)
    for level in ("p90", "p95", "p99"):
        assert first.expected_shortfall[level] >= first.value_at_risk[level] * (1 - 1e-12)
        assert first.value_at_risk[level] == first.percentiles[level]


@FEW
@given(ESTIMATES)
def test_an_estimate_survives_its_json(estimate: Estimate) -> None:
    assert estimate_from_dict(estimate_to_dict(estimate)) == estimate


@FEW
@given(ESTIMATES)
def test_sensitivity_is_about_the_closed_form(estimate: Estimate) -> None:
    mean = annual_loss(estimate).mean
    assert np.isclose(expected_loss(estimate, {}), mean, rtol=1e-12)
    bars = tornado(estimate)
    assert {bar.path for bar in bars} == set(assumptions(estimate))
    assert sum(bar.share for bar in bars) <= 1 + 1e-3
    assert all(bar.at_low <= mean * 1.7 and bar.at_low <= bar.at_high for bar in bars)
