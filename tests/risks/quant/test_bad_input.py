"""What cannot be valued is refused with its field and the reason, in Python and in JSON alike."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from apps.risks.quant import (
    Beta,
    Clustered,
    Contact,
    Control,
    Effect,
    Estimate,
    EstimateError,
    FindingFacts,
    Gamma,
    Interval90,
    LossForms,
    MeanOf,
    Option,
    Pert,
    Point,
    PortfolioRisk,
    RangeOutcome,
    Rounded,
    SecondaryLoss,
    SharedCause,
    SignalRules,
    ThreatFrequency,
    brier_score,
    compare,
    estimate_from_dict,
    hit_rate,
    pool,
    probability_interval,
    scale_from_bounds,
    trials_for,
    update_frequency,
    update_vulnerability,
    value,
    value_controls,
    value_of_information,
    value_portfolio,
    yearly_cost,
)

NAN, INF = math.nan, math.inf
RANGE = Interval90(1, 2)
RISK = Estimate(Point(1.0), RANGE)

RANGES: list[tuple[object, object, str, str]] = [
    (2, 1, "low", "must not be above high"),
    (-1, 1, "low", "must be above zero"),
    (0, 1, "low", "must be above zero"),
    (1, 0, "high", "must be above zero"),
    (NAN, 1, "low", "must be a number, not NaN"),
    (1, NAN, "high", "must be a number, not NaN"),
    (1, INF, "high", "must be finite"),
    (-INF, 1, "low", "must be finite"),
    (1, 1e300, "high", "must be at most 1e+15"),
    (1, 10**400, "high", "is too large"),
    ("1", 2, "low", "must be a number"),
    (None, 2, "low", "must be a number"),
    (True, 2, "low", "must be a number"),
    (1, 1e6, "high", "is more than 50 000 times low"),
]


@pytest.mark.parametrize(("low", "high", "field", "reason"), RANGES)
def test_ranges(low: Any, high: Any, field: str, reason: str) -> None:
    with pytest.raises(EstimateError) as refused:
        Interval90(low, high)
    assert refused.value.field == field
    assert refused.value.reason.startswith(reason)
    data = {"frequency": 1, "magnitude": {"kind": "interval90", "low": low, "high": high}}
    with pytest.raises(EstimateError) as refused:
        estimate_from_dict(data)
    assert refused.value.field == f"magnitude.{field}"


BUILT: list[tuple[Callable[[], object], str]] = [
    (lambda: Point(-1), "value"),
    (lambda: Pert(5, 1, 9), "mode"),
    (lambda: Pert(9, 5, 1), "low"),
    (lambda: Pert(3, 3, 3), "high"),
    (lambda: Pert(1, 2, 3, -1), "confidence"),
    (lambda: Pert(1, 2, NAN), "high"),
    (lambda: Beta(0, 1), "a"),
    (lambda: Gamma(1, 0), "rate"),
    (lambda: MeanOf(()), "parts"),
    (lambda: MeanOf((RANGE,)), "parts"),
    (lambda: probability_interval(0.5, 0.2), "low"),
    (lambda: probability_interval(0, 0.2), "low"),
    (lambda: probability_interval(0.1, 1.5), "high"),
    (lambda: Estimate(Point(0), RANGE), "frequency.value"),
    (lambda: Estimate(Point(1e6), RANGE), "frequency.value"),
    (lambda: Estimate(Interval90(1e5, 1e6), RANGE), "frequency.high"),
    (lambda: Estimate(Pert(0, 1, 1e6), RANGE), "frequency.high"),
    (lambda: Estimate(Gamma(1e6, 1), RANGE), "frequency"),
    (lambda: Estimate(Point(1), Point(0)), "magnitude.value"),
    (lambda: Estimate(ThreatFrequency(Point(1e6), Point(0.5)), RANGE), "frequency"),
    (lambda: Estimate(ThreatFrequency(Point(9e3), Point(0.5)), RANGE, Rounded()), "events"),
    (lambda: ThreatFrequency(Point(1), Point(1.2)), "vulnerability.value"),
    (lambda: ThreatFrequency(Point(1), Pert(0, 0.5, 1.01)), "vulnerability.high"),
    (lambda: ThreatFrequency(Point(1), RANGE), "vulnerability.kind"),
    (lambda: ThreatFrequency(Point(1e10), Point(0.5)), "threat_events.value"),
    (lambda: Contact(Point(0), Point(1)), "contacts.value"),
    (lambda: Contact(Point(1), Point(2)), "probability_of_action.value"),
    (LossForms, "primary"),
    (lambda: LossForms({"karma": RANGE}), "primary.karma"),
    (lambda: SecondaryLoss(Point(1.5), {"response": RANGE}), "probability.value"),
    (lambda: Clustered(1.0), "variance_ratio"),
    (lambda: SharedCause("c", 1.0), "weight"),
    (lambda: SharedCause("c", NAN), "weight"),
    (lambda: Effect(Point(1.1)), "frequency.value"),
    (lambda: Control("c", {}, status="done"), "status"),  # type: ignore[arg-type]
    (lambda: value(RISK, seed=-1), "seed"),
    (lambda: value(RISK, seed=2**63), "seed"),
    (lambda: value(RISK, seed=1, trials=0), "trials"),
    (lambda: value(RISK, seed=1, trials=10**9), "trials"),
    (lambda: value(Estimate(Point(9999.0), RANGE), seed=1, trials=10**6), "trials"),
    (lambda: value(RISK, seed=1, thresholds=[]), "thresholds"),
    (lambda: value(RISK, seed=1, trials=9, thresholds=[1, -1]), "thresholds.1"),
    (lambda: value(Estimate(Interval90(0.3, 9990), RANGE), seed=1), "frequency"),
    (lambda: trials_for(RISK, 0.0), "precision"),
    (lambda: compare({}, seed=1), "options"),
    (
        lambda: compare(
            {"a": Option({"r": Estimate(Interval90(0.3, 9990), RANGE)})}, seed=1, trials=9
        ),
        "a.r.frequency",
    ),
    (lambda: value_controls({}, [], seed=1), "risks"),
    (lambda: value_controls({"r": RISK}, [Control("c", {})] * 2, seed=1), "controls"),
    (lambda: value_of_information({}, seed=1), "options"),
    (lambda: value_portfolio([], seed=1), "risks"),
    (lambda: value_portfolio([PortfolioRisk("r", RISK)] * 2, seed=1), "risks"),
    (
        lambda: value_portfolio([PortfolioRisk("r", RISK)], seed=1, tolerance={1.0: 1.5}),
        "tolerance.1",
    ),
    (lambda: yearly_cost(-1, 0, 1), "one_off"),
    (lambda: yearly_cost(1, 0, 0), "years"),
    (lambda: update_frequency(Gamma(1, 1), events=-1, years=1), "events"),
    (lambda: update_frequency(Gamma(1, 1), events=1.5, years=1), "events"),  # type: ignore[arg-type]
    (lambda: update_frequency(Gamma(1, 1), events=1, years=0), "years"),
    (lambda: update_frequency(Gamma(1, 1), events=1, years=1, relevance=0), "relevance"),
    (lambda: update_frequency(Point(1), events=1, years=1), "prior"),
    (lambda: update_vulnerability(Beta(1, 1), successes=3, attempts=2), "successes"),
    (lambda: update_vulnerability(Beta(1, 1), successes=0, attempts=0), "attempts"),
    (lambda: update_vulnerability(Pert(0, 1, 2), successes=1, attempts=2), "high"),
    (lambda: FindingFacts("f", epss=1.2), "epss"),
    (lambda: FindingFacts("f", cvss=11), "cvss"),
    (lambda: SignalRules(epss=0.5), "epss"),
    (lambda: RangeOutcome(2, 1, 1), "low"),
    (lambda: RangeOutcome(1, 2, NAN), "actual"),
    (lambda: hit_rate([]), "outcomes"),
    (lambda: brier_score([(1.5, True)]), "probability"),
    (lambda: pool([]), "ranges"),
    (lambda: pool([RANGE], [0.0]), "weights"),
    (lambda: scale_from_bounds([1, 2, 3], [1, 2, 3, 4, 5, 6]), "likelihood"),
    (lambda: scale_from_bounds([1, 2, 3, 2, 5, 6], [1, 2, 3, 4, 5, 6]), "likelihood.3.low"),
    (
        lambda: scale_from_bounds([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]).estimate(6, 1),
        "likelihood",
    ),
]


@pytest.mark.parametrize(("build", "field"), BUILT)
def test_every_part_names_its_field(build: Callable[[], object], field: str) -> None:
    with pytest.raises(EstimateError) as refused:
        build()
    assert refused.value.field == field
    assert refused.value.reason
    assert not refused.value.reason.endswith(".")


GOOD = {"kind": "interval90", "low": 1, "high": 2}
JSON: list[tuple[object, str]] = [
    (None, ""),
    ([], ""),
    ({}, "frequency"),
    ({"frequency": GOOD}, "magnitude"),
    ({"frequency": "3", "magnitude": GOOD}, "frequency"),
    ({"frequency": True, "magnitude": GOOD}, "frequency"),
    ({"frequency": [1], "magnitude": GOOD}, "frequency"),
    ({"frequency": {}, "magnitude": GOOD}, "frequency.kind"),
    ({"frequency": {"kind": []}, "magnitude": GOOD}, "frequency.kind"),
    ({"frequency": {"kind": "forms"}, "magnitude": GOOD}, "frequency.kind"),
    ({"frequency": {"kind": "pert", "low": 1, "mode": 2}, "magnitude": GOOD}, "frequency.high"),
    ({"frequency": GOOD | {"mid": 1}, "magnitude": GOOD}, "frequency.mid"),
    ({"frequency": GOOD, "magnitude": GOOD, "more": 1}, "more"),
    ({"frequency": GOOD, "magnitude": GOOD, "events": "poisson"}, "events"),
    ({"frequency": GOOD, "magnitude": {"kind": "forms", "primary": []}}, "magnitude.primary"),
    (
        {
            "frequency": GOOD,
            "magnitude": {"kind": "forms", "primary": {"response": {"kind": "point"}}},
        },
        "magnitude.primary.response.value",
    ),
    (
        {
            "frequency": GOOD,
            "magnitude": {"kind": "forms", "secondary": [{"probability": 2, "forms": {}}]},
        },
        "magnitude.secondary.0.probability.value",
    ),
    ({"frequency": GOOD, "magnitude": {"kind": "forms", "secondary": {}}}, "magnitude.secondary"),
    (
        {
            "frequency": {"kind": "threat", "threat_events": GOOD, "vulnerability": 2},
            "magnitude": GOOD,
        },
        "frequency.vulnerability.value",
    ),
    (
        {
            "frequency": {"kind": "mean_of", "parts": [{"kind": "mean_of", "parts": []}]},
            "magnitude": GOOD,
        },
        "frequency.parts.0.kind",
    ),
    ({"frequency": GOOD, "magnitude": GOOD, "kept_loss": {"c": 2}}, "kept_loss.c.value"),
]


@pytest.mark.parametrize(("data", "field"), JSON)
def test_json_is_refused_with_its_path(data: object, field: str) -> None:
    with pytest.raises(EstimateError) as refused:
        estimate_from_dict(data)
    assert refused.value.field == field


def test_deep_json_is_refused_without_recursing_into_it() -> None:
    data: dict[str, Any] = {"kind": "complement", "part": 0.5}
    for _ in range(100_000):
        data = {"kind": "complement", "part": data}
    with pytest.raises(EstimateError):
        estimate_from_dict({"frequency": data, "magnitude": 1})
