import math
from decimal import Decimal
from typing import Any

import pytest
from scipy import stats

from apps.evidence.models import EvidenceLink
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import make_finding, make_guidance, make_item, make_option, make_statement

RANGES = {
    "frequency_low": "0.1",
    "frequency_high": "1",
    "magnitude_low": "10000",
    "magnitude_high": "500000",
}
TEXT = {"condition": "If you open the bucket", "consequence": "then strangers read invoices"}


def mean_of_interval(low: float, high: float) -> float:
    """Mean of the lognormal of which 5 % lie below `low` and 5 % above `high`."""
    z = stats.norm.ppf(0.95)
    mu = (math.log(low) + math.log(high)) / 2
    sigma = (math.log(high) - math.log(low)) / (2 * z)
    return math.exp(mu + sigma**2 / 2)


def test_a_statement_is_written_published_changed_and_withdrawn(people: People) -> None:
    option = make_option(make_item(people.system))
    guidance = make_guidance(published=True)
    api = as_user(people.security)
    body = RANGES | TEXT | {"option": option.pk, "guidance": guidance.key, "cwes": [284]}
    made = api.post(f"/items/{option.item.key}/statements", body)
    assert made.status_code == 201
    given = made.json()
    path = f"/statements/{given['key']}"
    assert made["Location"] == f"/api/v1{path}"
    assert given["origin"] == {"guidance": guidance.key, "number": 1}
    assert (given["state"], given["published_number"]) == ("draft", None)
    expected = mean_of_interval(0.1, 1) * mean_of_interval(10_000, 500_000)
    assert float(given["valuation"]["expected_annual_loss"]) == pytest.approx(expected, rel=1e-6)

    first = api.post(f"{path}/publish", {"note": "first"})
    assert (first.status_code, first.json()["number"]) == (201, 1)
    assert api.post(f"{path}/publish").status_code == 409
    changed = api.edit(path, {"magnitude_high": "900000"})
    assert changed.status_code == 200
    assert changed.json()["has_unpublished_changes"] is True
    assert changed.json()["condition"] == TEXT["condition"]
    assert Decimal(changed.json()["valuation"]["expected_annual_loss"]) > Decimal(
        given["valuation"]["expected_annual_loss"]
    )
    api.post(f"{path}/publish")
    revisions = api.get(f"{path}/revisions").json()["results"]
    assert [row["magnitude_high"] for row in revisions] == ["900000.00", "500000.00"]
    assert problem_fields(api.post(f"{path}/withdraw", {})) == {"reason"}
    assert api.post(f"{path}/withdraw", {"reason": "Gone."}).json()["state"] == "withdrawn"
    assert api.edit(path, {"asset": "x"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"frequency_low": "0"}, {"frequency_low"}),
        ({"frequency_low": "2"}, {"frequency_high"}),
        ({"magnitude_high": "-5"}, {"magnitude_high"}),
        ({"magnitude_high": "NaN"}, {"magnitude_high"}),
        ({"magnitude_high": "Infinity"}, {"magnitude_high"}),
        ({"magnitude_high": "1e400"}, {"magnitude_high"}),
        ({"magnitude_high": "9" * 2000}, {"magnitude_high"}),
        ({"magnitude_high": 10**40}, {"magnitude_high"}),
        ({"frequency_high": [1]}, {"frequency_high"}),
        ({"condition": "  "}, {"condition"}),
        ({"attributes": ["honour"]}, {"attributes.0"}),
        ({"cwes": [284, "x"]}, {"cwes.1"}),
        ({"option": 10**15}, {"option"}),
        ({"guidance": "G-99999"}, {"guidance"}),
        ({"guidance": "G9"}, {"guidance"}),
    ],
)
def test_a_statement_names_what_it_cannot_hold(
    people: People, change: dict[str, Any], fields: set[str]
) -> None:
    item = make_item(people.system)
    api = as_user(people.security)
    answer = api.post(f"/items/{item.key}/statements", RANGES | TEXT | change)
    assert answer.status_code == 400
    assert problem_fields(answer) == fields


def test_statements_are_listed_and_filtered(people: People) -> None:
    plan = make_statement(make_item(people.system))
    run = make_statement(make_item(people.system, stage="operate"), published=True)
    make_statement(make_item(people.other_system))
    api = as_user(people.viewer)

    def keys(**query: str) -> list[str]:
        return [row["key"] for row in api.get("/statements", **query).json()["results"]]

    assert keys() == keys(system="payments") == [run.key, plan.key]
    assert keys(stage="operate") == keys(state="published") == keys(item=run.item.key) == [run.key]
    assert keys(system="payroll") == []
    assert problem_fields(api.get("/statements", item="7", state="x")) == {"item", "state"}
    listed = api.get(f"/items/{plan.item.key}/statements").json()["results"]
    assert [row["key"] for row in listed] == [plan.key]


def test_who_may_write_statements(people: People) -> None:
    item = make_item(people.system)
    statement = make_statement(item)
    for person, status in ((people.viewer, 403), (people.architect, 403), (people.outsider, 404)):
        api = as_user(person)
        assert api.post(f"/items/{item.key}/statements", RANGES | TEXT).status_code == status
        assert api.post(f"/statements/{statement.key}/publish").status_code == status
        edit = api.patch(f"/statements/{statement.key}", {"asset": "x"}, if_match='"1"')
        assert edit.status_code == status


def test_ranges_are_valued_without_storing(people: People) -> None:
    api = as_user(people.viewer)
    answer = api.post("/valuations", RANGES | {"seed": 7})
    assert answer.status_code == 200
    given = answer.json()
    expected = mean_of_interval(0.1, 1) * mean_of_interval(10_000, 500_000)
    assert float(given["expected_annual_loss"]) == pytest.approx(expected, rel=1e-6)
    assert (given["seed"], given["currency"]) == (7, "EUR")
    assert 0.25 < given["probability_of_loss"] < 0.45
    losses = [Decimal(point["loss"]) for point in given["curve"]]
    chances = [point["probability"] for point in given["curve"]]
    assert losses == sorted(losses)
    assert chances == sorted(chances, reverse=True)
    assert Decimal(given["percentiles"]["95"]) > Decimal(given["expected_annual_loss"])
    assert api.post("/valuations", RANGES | {"seed": 7}).json() == given
    assert api.post("/valuations", RANGES | {"seed": 8}).json() != given
    assert problem_fields(api.post("/valuations", RANGES | {"seed": -1})) == {"seed"}
    rough = api.post("/valuations", RANGES | {"precision": 0.02}).json()
    assert rough["trials"] < given["trials"]
    reached = Decimal(rough["standard_error"]) / Decimal(rough["expected_annual_loss"])
    assert reached == pytest.approx(Decimal("0.02"), rel=Decimal("0.2"))
    assert Decimal(rough["expected_shortfall"]["95"]) > Decimal(rough["percentiles"]["95"])
    assert problem_fields(api.post("/valuations", RANGES | {"precision": 0})) == {"precision"}
    assert problem_fields(api.post("/valuations", {})) == set(RANGES)


def test_evidence_by_rule_by_hand_and_dismissed(people: People) -> None:
    statement = make_statement(make_item(people.system), published=True)
    injection = make_finding(people.system, cwes=[89])
    other = make_finding(people.system, cwes=[79], path="web/x.js")
    foreign = make_finding(people.other_system, cwes=[89])
    api = as_user(people.security)
    path = f"/statements/{statement.key}"

    rule = api.post(f"{path}/rules", {"cwes": [89]})
    assert rule.status_code == 201
    (link,) = api.get(f"{path}/evidence").json()["results"]
    assert (link["finding"]["id"], link["rule"]) == (injection.pk, rule.json()["id"])
    by_hand = api.post(f"{path}/evidence", {"finding": other.pk})
    assert (by_hand.status_code, by_hand.json()["rule"]) == (201, None)
    assert problem_fields(api.post(f"{path}/evidence", {"finding": foreign.pk})) == {"finding"}
    chief = as_user(people.chief)
    assert problem_fields(chief.post(f"{path}/evidence", {"finding": foreign.pk})) == {"finding"}

    (bears_on,) = api.get(f"/findings/{other.pk}").json()["evidence"]
    assert bears_on["statement"] == statement.key
    assert api.delete(f"/evidence/{link['id']}").status_code == 204
    left = api.get(f"{path}/evidence").json()["results"]
    assert [row["finding"]["id"] for row in left] == [other.pk]
    back = api.post(f"/evidence/{link['id']}/return")
    assert (back.status_code, back.json()["id"]) == (200, link["id"])
    assert api.post(f"/evidence/{link['id']}/return").status_code == 409
    assert len(api.get(f"{path}/evidence").json()["results"]) == 2
    assert api.delete(f"/rules/{rule.json()['id']}").status_code == 204
    assert api.get(f"{path}/rules").json()["results"] == []
    assert problem_fields(api.post(f"{path}/rules", {"stage": "code"})) == {"cwes"}


def test_who_may_link_evidence(people: People) -> None:
    statement = make_statement(make_item(people.system))
    finding = make_finding(people.system)
    link = EvidenceLink.objects.create(statement=statement, finding=finding)
    for person, status in ((people.viewer, 403), (people.architect, 403), (people.outsider, 404)):
        api = as_user(person)
        body = {"finding": finding.pk}
        assert api.post(f"/statements/{statement.key}/evidence", body).status_code == status
        assert api.delete(f"/evidence/{link.pk}").status_code == status
        assert api.post(f"/evidence/{link.pk}/return").status_code == status
    assert as_user(people.outsider).get(f"/statements/{statement.key}/evidence").status_code == 404
