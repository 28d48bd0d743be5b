"""What it is worth to find out before choosing, and the comparison over the API."""

import math
from decimal import Decimal
from statistics import NormalDist

import pytest
from django.test import Client

from apps.planning.models import PlanningItem
from apps.planning.services.decisions import decision_record
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement
from tests.risks.test_estimate_kinds import NO_RANGES

pytestmark = pytest.mark.django_db
LOSS, COST = 100_000.0, 40_000
LOW, HIGH = 0.1, 1.0
Z95 = NormalDist().inv_cdf(0.95)


def estimate(frequency: dict[str, str], loss: str) -> dict[str, object]:
    return {"kind": "fair", "frequency": frequency, "magnitude": {"kind": "point", "value": loss}}


@pytest.fixture
def item(people: People) -> PlanningItem:
    """Keep it, and lose 100 000 an unsure number of times a year; or pay 40 000 and lose a euro."""
    made = make_item(people.system, status="open")
    keep = make_option(made, title="Keep it", is_baseline=True, cost_once=Decimal(0))
    fix = make_option(made, title="Mend it", cost_yearly=Decimal(COST))
    unsure = {"kind": "interval90", "low": str(LOW), "high": str(HIGH)}
    make_statement(
        option=keep, published=True, estimate=estimate(unsure, str(int(LOSS))), **NO_RANGES
    )
    sure = {"kind": "point", "value": "1"}
    make_statement(option=fix, published=True, estimate=estimate(sure, "1"), **NO_RANGES)
    return made


def worth_of_knowing() -> float:
    """min of the means - mean of the mins, where one total is lognormal and the other known.

    E[min(X, c)] = m Phi((ln c - mu - s^2) / s) + c (1 - Phi((ln c - mu) / s)) (the limited expected
    value of a lognormal; Klugman, Panjer and Willmot, Loss Models, appendix A.5.1.1).
    """
    mu = (math.log(LOW) + math.log(HIGH)) / 2 + math.log(LOSS)
    sigma = (math.log(HIGH) - math.log(LOW)) / (2 * Z95)
    mean, known, phi = math.exp(mu + sigma**2 / 2), COST + 1.0, NormalDist().cdf
    limited = mean * phi((math.log(known) - mu - sigma**2) / sigma) + known * (
        1 - phi((math.log(known) - mu) / sigma)
    )
    return min(mean, known) - limited


def test_worth_of_knowing_the_only_unknown(people: People, item: PlanningItem) -> None:
    told = as_user(people.viewer).get(f"/items/{item.key}/comparison").json()["information"]
    wanted = worth_of_knowing()
    (only,) = told["unknowns"]
    assert (only["assumption"], only["statement"][:3]) == ("Loss events a year", "RS-")
    assert float(only["worth"]) == pytest.approx(wanted, rel=2e-3)
    assert float(told["perfect"]) == pytest.approx(wanted, rel=0.05)  # simulated
    assert told["best"] == item.options.get(title="Mend it").pk  # 40 001 against 40 400


def test_the_comparison_over_the_api_is_the_pages(people: People, item: PlanningItem) -> None:
    api = as_user(people.viewer)
    told = api.get(f"/items/{item.key}/comparison").json()
    keep, fix = told["options"]
    assert (keep["is_baseline"], keep["difference"]) == (True, None)
    assert fix["yearly_total"] == f"{COST + 1}.00"
    assert 0 < fix["costs_less_than_baseline"] < 1
    assert keep["curve"][0]["probability"] <= 1
    assert as_user(people.outsider).get(f"/items/{item.key}/comparison").status_code == 404
    empty = make_item(people.system)
    option = make_option(empty)
    told = api.get(f"/items/{empty.key}/comparison").json()
    assert told["information"] is None
    (only,) = told["options"]
    assert (only["option"], only["expected_annual_loss"], only["curve"]) == (option.pk, None, [])


def test_the_page_says_it_until_it_is_decided(people: People, item: PlanningItem) -> None:
    client = Client()
    client.force_login(people.viewer)
    path = f"/planning/{item.key}/"
    assert "Worth finding out first" in client.get(path).content.decode()
    decision_record(
        actor=actor_of(people.architect),
        item=item,
        option=item.options.get(title="Keep it"),
        reason="It is cheap.",
    )
    assert "Worth finding out first" not in client.get(path).content.decode()


def test_where_nothing_would_change_the_choice(people: People) -> None:
    item = make_item(people.system, status="open")
    for title, loss in (("Cheap", "1"), ("Dear", "1000000")):
        option = make_option(item, title=title)
        known = estimate({"kind": "point", "value": "1"}, loss)
        make_statement(option=option, published=True, estimate=known, **NO_RANGES)
    told = as_user(people.viewer).get(f"/items/{item.key}/comparison").json()["information"]
    assert (told["perfect"], told["unknowns"]) == ("0.00", [])
