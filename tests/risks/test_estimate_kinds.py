"""Every kind of estimate, valued by its closed form: lognormal, PERT, a matrix's cell, Open FAIR."""

import math
from decimal import Decimal
from typing import Any

import pytest

from apps.common.errors import Invalid, NotPermitted
from apps.risks.models import RiskStatement
from apps.risks.services.estimates import estimate_of, read_estimate
from apps.risks.services.scales import current_scale, scale_set
from apps.risks.services.statements import statement_edit
from apps.risks.services.valuations import simulated
from apps.risks.text import estimate_words, statement_lines
from tests.conftest import People
from tests.factories import actor_of, make_statement, statement_text

NO_RANGES: dict[str, Any] = dict.fromkeys(
    ["frequency_low", "frequency_high", "magnitude_low", "magnitude_high"]
)
PERT = {
    "kind": "pert",
    "frequency": {"low": "0.1", "mode": "0.5", "high": "2"},
    "magnitude": {"low": "1000", "mode": "20000.5", "high": "90000"},
}
FAIR: dict[str, Any] = {
    "kind": "fair",
    "frequency": {
        "kind": "threat",
        "threat_events": {"kind": "interval90", "low": "10", "high": "200"},
        "vulnerability": {"kind": "pert", "low": "0.01", "mode": "0.03", "high": "0.1"},
    },
    "magnitude": {
        "kind": "forms",
        "primary": {
            "response": {"kind": "interval90", "low": "5000", "high": "40000"},
            "replacement": {"kind": "point", "value": "2500"},
        },
        "secondary": [
            {
                "probability": {"kind": "point", "value": "0.2"},
                "forms": {
                    "fines_and_judgments": {"kind": "interval90", "low": "20000", "high": "900000"}
                },
            }
        ],
    },
}


def lognormal_mean(low: float, high: float) -> float:
    """Hubbard: the 90 % interval of a lognormal; its mean is exp(mu + sigma^2 / 2)."""
    mu = (math.log(low) + math.log(high)) / 2
    sigma = (math.log(high) - math.log(low)) / (2 * 1.6448536269514722)
    return math.exp(mu + sigma**2 / 2)


def pert_mean(low: float, mode: float, high: float) -> float:
    """Malcolm et al. 1959: (a + 4 m + b) / 6."""
    return (low + 4 * mode + high) / 6


def expected(detail: dict[str, Any], **ends: Any) -> float:
    return simulated(read_estimate(NO_RANGES | ends, detail)).expected_annual_loss


@pytest.mark.django_db
def test_pert_is_its_means_multiplied() -> None:
    by_hand = pert_mean(0.1, 0.5, 2) * pert_mean(1000, 20000.5, 90000)
    assert expected(PERT) == pytest.approx(by_hand, rel=1e-9)
    surer = {**PERT, "frequency": {**PERT["frequency"], "confidence": "20"}}  # type: ignore[dict-item]
    mean = (0.1 + 20 * 0.5 + 2) / 22
    assert expected(surer) == pytest.approx(mean * pert_mean(1000, 20000.5, 90000), rel=1e-9)


@pytest.mark.django_db
def test_open_fair_is_its_tree_multiplied() -> None:
    often = lognormal_mean(10, 200) * pert_mean(0.01, 0.03, 0.1)
    much = lognormal_mean(5000, 40000) + 2500 + 0.2 * lognormal_mean(20000, 900000)
    assert expected(FAIR) == pytest.approx(often * much, rel=1e-9)


@pytest.mark.django_db
def test_contacts_and_a_contest_over_the_api_are_open_fair_too() -> None:
    """Capability and strength alike on one scale: half of all threat events succeed."""
    alike = {"kind": "pert", "low": 10, "mode": 50, "high": 90}
    detail = FAIR | {
        "frequency": {
            "kind": "threat",
            "threat_events": {
                "kind": "contact",
                "contacts": {"kind": "point", "value": 40},
                "probability_of_action": {"kind": "point", "value": "0.25"},
            },
            "vulnerability": {
                "kind": "contest",
                "threat_capability": alike,
                "resistance_strength": alike,
            },
        }
    }
    much = lognormal_mean(5000, 40000) + 2500 + 0.2 * lognormal_mean(20000, 900000)
    assert expected(detail) == pytest.approx(40 * 0.25 * 0.5 * much, rel=1e-4)


@pytest.mark.django_db
def test_a_cell_of_the_matrix_is_the_ranges_of_its_levels() -> None:
    reading = read_estimate(NO_RANGES, {"kind": "level", "likelihood": 3, "impact": 2})
    ends = vars(reading.ranges)
    assert [str(each) for each in ends.values()] == ["0.2", "1", "10000", "100000"]
    by_hand = lognormal_mean(0.2, 1) * lognormal_mean(10_000, 100_000)
    assert simulated(reading).expected_annual_loss == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.django_db
def test_clusters_keep_the_mean_and_leave_more_years_without_loss() -> None:
    ends = {
        "frequency_low": Decimal(2),
        "frequency_high": Decimal(2),
        "magnitude_low": Decimal(1000),
        "magnitude_high": Decimal(1000),
    }
    alone = simulated(read_estimate(ends))
    clustered = simulated(read_estimate(ends, {"kind": "ranges", "variance_ratio": "3"}))
    assert clustered.expected_annual_loss == pytest.approx(alone.expected_annual_loss)
    assert alone.probability_of_loss == pytest.approx(1 - math.exp(-2), rel=1e-6)
    # Negative binomial of mean 2 and variance 6: P(0) = 3 ** -1 (Klugman et al., 6.3).
    assert clustered.probability_of_loss == pytest.approx(1 - 1 / 3, rel=1e-6)


@pytest.mark.django_db
def test_the_ranges_in_short_hold_nine_tenths() -> None:
    """Of a product of lognormals in closed form: variances of the logarithms add up."""
    detail = {
        "kind": "fair",
        "frequency": {
            "kind": "threat",
            "threat_events": {"kind": "interval90", "low": "10", "high": "200"},
            "vulnerability": {"kind": "point", "value": "0.1"},
        },
        "magnitude": {"kind": "interval90", "low": "100", "high": "900"},
    }
    ranges = read_estimate(NO_RANGES, detail).ranges
    assert float(ranges.frequency_low) == pytest.approx(1, rel=1e-5)
    assert float(ranges.frequency_high) == pytest.approx(20, rel=1e-5)
    assert (ranges.magnitude_low, ranges.magnitude_high) == (Decimal("100.00"), Decimal("900.00"))
    tree = read_estimate(NO_RANGES, FAIR).ranges
    assert 0 < tree.frequency_low < tree.frequency_high < 20
    assert 2500 < tree.magnitude_low < tree.magnitude_high


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("detail", "named"),
    [
        ({"kind": "guess"}, "estimate.kind"),
        ({"kind": "pert"}, "estimate.frequency"),
        ({"kind": "pert", "frequency": {}, "magnitude": {}}, "estimate.frequency.low"),
        (PERT | {"frequency": {"low": 3, "mode": 2, "high": 1}}, "estimate.frequency.low"),
        (PERT | {"frequency": {"low": 1, "mode": 9, "high": 2}}, "estimate.frequency.mode"),
        (PERT | {"frequency": {"low": 1, "mode": 1, "high": 1}}, "estimate.frequency.high"),
        (PERT | {"frequency": {"low": -1, "mode": 1, "high": 2}}, "estimate.frequency.low"),
        (PERT | {"frequency": {"low": "x", "mode": 1, "high": 2}}, "estimate.frequency.low"),
        (PERT | {"frequency": {"low": "NaN", "mode": 1, "high": 2}}, "estimate.frequency.low"),
        (PERT | {"frequency": {"low": 1, "mode": 2, "high": "inf"}}, "estimate.frequency.high"),
        (PERT | {"magnitude": {"low": 1, "mode": 2, "high": "1e300"}}, "estimate.magnitude.high"),
        (PERT | {"frequency": {"low": 1, "mode": 2, "high": 1e6}}, "estimate.frequency.high"),
        (PERT | {"extra": 1}, "estimate.extra"),
        (PERT | {"variance_ratio": "0.5"}, "estimate.variance_ratio"),
        (PERT | {"variance_ratio": "much"}, "estimate.variance_ratio"),
        ({"kind": "level", "likelihood": 6, "impact": 1}, "estimate.likelihood"),
        ({"kind": "level", "likelihood": True, "impact": 1}, "estimate.likelihood"),
        ({"kind": "level", "likelihood": 1}, "estimate.impact"),
        ({"kind": "fair", "frequency": 1, "magnitude": {"kind": "x"}}, "estimate.magnitude.kind"),
        (
            FAIR
            | {"frequency": FAIR["frequency"] | {"vulnerability": {"kind": "point", "value": 1.5}}},
            "estimate.frequency.vulnerability.value",
        ),
        (
            FAIR | {"magnitude": {"kind": "forms", "primary": {}, "secondary": []}},
            "estimate.magnitude.primary",
        ),
        (
            FAIR | {"magnitude": {"kind": "forms", "primary": {"luck": 3}}},
            "estimate.magnitude.primary.luck",
        ),
    ],
)
def test_what_cannot_be_meant_names_its_place(detail: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_estimate(NO_RANGES, detail)
    assert list(refused.value.fields) == [named]


@pytest.mark.django_db
def test_nesting_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = {"part": deep}
    with pytest.raises(Invalid):
        read_estimate(NO_RANGES, {"kind": "fair", "frequency": deep, "magnitude": 1})


@pytest.mark.django_db
@pytest.mark.parametrize("detail", [PERT, FAIR, {"kind": "level", "likelihood": 2, "impact": 4}])
def test_a_statement_keeps_its_estimate_to_the_cent(detail: dict[str, Any]) -> None:
    statement = make_statement(estimate=detail, published=True, **NO_RANGES)
    again = RiskStatement.objects.get(pk=statement.pk)
    assert again.published is not None
    assert again.estimate == again.published.estimate == detail
    assert again.valuation.inputs["estimate"] == detail
    valued = simulated(read_estimate(NO_RANGES, detail), name=statement.key)
    assert float(again.valuation.expected_annual_loss) == pytest.approx(
        valued.expected_annual_loss, abs=0.006
    )
    assert estimate_of(again) == read_estimate(NO_RANGES, detail).estimate


@pytest.mark.django_db
def test_another_estimate_is_another_value(people: People) -> None:
    statement = make_statement()
    first = statement.valuation_id
    statement_edit(
        actor=actor_of(people.admin),
        statement=statement,
        version=statement.version,
        content=statement_text(estimate=PERT, **NO_RANGES),
    )
    statement.refresh_from_db()
    assert statement.valuation_id != first
    by_hand = pert_mean(0.1, 0.5, 2) * pert_mean(1000, 20000.5, 90000)
    assert float(statement.valuation.expected_annual_loss) == pytest.approx(by_hand, abs=0.006)
    assert "0.1 to 2, most likely 0.5" in statement_lines(statement)


@pytest.mark.django_db
def test_a_new_scale_leaves_what_was_written(people: People) -> None:
    old = make_statement(estimate={"kind": "level", "likelihood": 3, "impact": 2}, **NO_RANGES)
    before = old.valuation.expected_annual_loss
    likelihood = [Decimal(each) for each in ("0.1", "0.3", "1", "3", "10", "30")]
    impact = [Decimal(each) for each in ("100", "1000", "5000", "20000", "90000", "900000")]
    with pytest.raises(NotPermitted):
        scale_set(actor=actor_of(people.security), likelihood=likelihood, impact=impact)
    scale_set(actor=actor_of(people.chief), likelihood=likelihood, impact=impact)
    assert current_scale().likelihood[2] == (Decimal(1), Decimal(3))
    old.refresh_from_db()
    assert float(old.frequency_low) == pytest.approx(0.2)
    assert simulated(
        read_estimate({name: getattr(old, name) for name in NO_RANGES})
    ).expected_annual_loss == pytest.approx(float(before), abs=0.006)
    assert estimate_of(old).frequency.low == pytest.approx(0.2)  # type: ignore[union-attr]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("bounds", "named"),
    [
        (["1", "2", "3", "4", "5"], "likelihood"),
        (["1", "2", "2", "4", "5", "6"], "likelihood"),
        (["0", "1", "2", "3", "4", "5"], "likelihood"),
        (["1", "2", "3", "4", "5", "20000"], "likelihood"),
        (["0.000001", "1", "2", "3", "4", "5"], "likelihood"),
    ],
)
def test_a_scale_that_is_none(people: People, bounds: list[str], named: str) -> None:
    impact = [Decimal(each) for each in ("100", "1000", "5000", "20000", "90000", "900000")]
    with pytest.raises(Invalid) as refused:
        scale_set(
            actor=actor_of(people.chief), likelihood=[Decimal(b) for b in bounds], impact=impact
        )
    assert set(refused.value.fields) == {named}


def test_the_words_of_an_open_fair_estimate() -> None:
    words = dict(estimate_words(FAIR))
    assert words["Threat events a year"] == "10 to 200"
    assert words["Chance that a threat event becomes a loss"] == "0.01 to 0.1, most likely 0.03"
    assert words["Primary loss, Replacement"] == "2,500"
    assert words["Secondary loss, Fines and judgments"] == "20,000 to 900,000"
