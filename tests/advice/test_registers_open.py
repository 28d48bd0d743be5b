"""The open risks as OSCAL POA&M and as CycloneDX risks.

What must hold is from NIST's OSCAL 1.1.3 JSON reference and from the working schema of CycloneDX 2.0;
where the published schemas are at hand, they are asked too.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AuditEntry
from apps.evidence.services.links import link_create
from apps.planning.services.decisions import recommendation_make
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_record_with_treatments
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_control,
    make_effect,
    make_finding,
    make_item,
    make_option,
    make_statement,
)

pytestmark = pytest.mark.django_db
SCHEMA = Path(__file__).parents[3] / "shared/schemas/oscal/oscal_poam_schema.json"
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UNTIL = dt.date(2099, 6, 30)


@pytest.fixture
def accepted(people: People) -> RiskStatement:
    """A risk that a decision accepts until a day, with evidence, advice and a control to come."""
    item = make_item(people.system, title="Where do invoices live?")
    bucket, other = make_option(item, title="Bucket"), make_option(item, title="Database")
    risk = make_statement(option=bucket, published=True, cwes=[200], rationale="Seen\ntwice.")
    security = actor_of(people.security)
    recommendation_make(actor=security, item=item, option=other, reason="Fewer readers.")
    decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=item,
        option=bucket,
        reason="It is cheap.",
        valid_until=UNTIL,
        treatments={risk.pk: "accept"},
    )
    finding = make_finding(people.system, severity=4, title="Open bucket")
    link_create(actor=security, statement=risk, finding=finding)
    make_effect(make_control(people.system, name="Signed links"), risk, frequency="0.5")
    return risk


def taken(people: People, kind: str, **query: str) -> dict[str, Any]:
    answer: Any = as_user(people.viewer).get(f"/portfolio/risks.{kind}.json", **query)
    assert answer.status_code == 200
    told: dict[str, Any] = json.loads(b"".join(answer))
    return told


def plan(people: People, **query: str) -> dict[str, Any]:
    told: dict[str, Any] = taken(people, "oscal", **query)["plan-of-action-and-milestones"]
    return told


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name, inner
        yield from walk(inner)
    for inner in value if isinstance(value, list) else ():
        yield from walk(inner)


def test_a_plan_of_action(people: People, accepted: RiskStatement) -> None:
    told = plan(people)
    assert told["metadata"]["oscal-version"] == "1.1.3"
    [risk], [item], [observation] = told["risks"], told["poam-items"], told["observations"]
    assert item["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    seen = [{"observation-uuid": observation["uuid"]}]
    assert item["related-observations"] == risk["related-observations"] == seen
    assert observation["title"] == "Open bucket"
    # Accepted by a decision: "deviation-approved". Its last day ends at midnight in the portal's zone.
    assert (risk["status"], risk["deadline"]) == ("deviation-approved", "2099-06-30T23:59:59Z")
    kinds = [
        (each["lifecycle"], next((one["value"] for one in each.get("props", ())), ""))
        for each in risk["remediations"]
    ]
    assert kinds == [("recommendation", ""), ("planned", "accept"), ("planned", "mitigate")]
    [milestone] = risk["remediations"][1]["tasks"]
    assert milestone["timing"] == {"on-date": {"date": "2099-06-30T23:59:59Z"}}
    people_said, machine = risk["characterizations"]
    assert {each["name"]: Decimal(each["value"]) for each in people_said["facets"]} == {
        "frequency-low": Decimal("0.1"),
        "frequency-high": 1,
        "magnitude-low": 10_000,
        "magnitude-high": 500_000,
    }
    assert accepted.published is not None
    expected = accepted.published.valuation.expected_annual_loss
    value = {each["name"]: each for each in machine["facets"]}
    assert Decimal(value["expected-annual-loss"]["value"]) == expected
    # A planned control earns nothing: the value is as first estimated.
    assert value["expected-annual-loss"]["props"][0]["value"] == "initial"
    names = {each["uuid"]: each["name"] for each in told["metadata"]["parties"]}
    by = risk["remediations"][1]["origins"][0]["actors"][0]
    assert (by["type"], names[by["actor-uuid"]]) == ("party", "Ari Architect")


def test_the_plan_keeps_the_rules_of_the_model(people: People, accepted: RiskStatement) -> None:
    make_statement(accepted.item, published=True, condition="  If\nyou ", consequence="then")
    told = plan(people)
    own = [
        each["uuid"] for _, many in walk(told) if isinstance(many, list)
        for each in many if isinstance(each, dict) and "uuid" in each
    ]  # fmt: skip
    assert len(own) == len(set(own))
    assert all(UUID.fullmatch(each) for each in own)
    refers = {"actor-uuid", "subject-uuid", "risk-uuid", "observation-uuid", "response-uuid"}
    assert {value for name, value in walk(told) if name in refers} <= set(own)
    lines = [value for name, value in walk(told) if name in {"title", "value"}]
    assert all(re.fullmatch(r"\S(.*\S)?", line) for line in lines)
    assert [] not in [value for _, value in walk(told)]
    again = plan(people)
    assert [each["uuid"] for each in again["risks"]] == [each["uuid"] for each in told["risks"]]
    assert again["uuid"] != told["uuid"]


def test_the_plan_against_the_schema(people: People, accepted: RiskStatement) -> None:
    if not SCHEMA.exists():
        pytest.skip("the published schema of OSCAL is not here")
    validators = pytest.importorskip("jsonschema.validators")
    schema = json.loads(SCHEMA.read_text())
    validators.validator_for(schema)(schema).validate(taken(people, "oscal"))


def test_what_is_open_and_whose(people: People, accepted: RiskStatement) -> None:
    """Neither drafts nor risks of others; nothing open makes no plan; taking it is written down."""
    make_statement(make_item(people.system))
    make_statement(make_item(people.other_system), published=True)
    assert len(plan(people)["risks"]) == 1
    assert len(plan(people, system="payments", stage="plan")["risks"]) == 1
    assert AuditEntry.objects.filter(action="register.export").count() == 2
    api = as_user(people.viewer)
    for kind in ("oscal", "cdx"):
        path = f"/portfolio/risks.{kind}.json"
        assert api.get(path, system=people.other_system.key).status_code == 404
        assert api.get(path, colour="red").status_code == 400
    assert api.get("/portfolio/risks.oscal.json", stage="monitor").status_code == 404
    assert "risks" not in taken(people, "cdx", stage="monitor")["risks"]


def test_the_page_leads_there(people: People, accepted: RiskStatement) -> None:
    client = Client()
    client.force_login(people.viewer)
    page = client.get("/portfolio/", {"system": "payments"}).content.decode()
    for address in ("/portfolio/risks.oscal.json?system=payments", "/portfolio/risks.cdx.json?"):
        assert address in page
    answer: Any = client.get("/portfolio/risks.oscal.json?system=payments")
    assert "oscal-poam-payments-" in answer["Content-Disposition"]
    assert b"".join(answer).startswith(b'{"plan-of-action')
    assert (
        client.get(f"/portfolio/risks.cdx.json?system={people.other_system.key}").status_code == 404
    )


def test_cyclonedx_risks(people: People, accepted: RiskStatement) -> None:
    told = taken(people, "cdx")
    assert (told["specFormat"], told["specVersion"]) == ("CycloneDX", "2.0")
    [risk] = told["risks"]["risks"]
    assert risk["bom-ref"] == accepted.key
    assert risk["status"] == "accepted"
    # Members that every draft of the schema knows; it refuses others.
    assert set(told) <= {
        *("specFormat", "specVersion", "serialNumber", "version", "metadata", "properties"),
        *("controls", "risks"),
    }
    assert set(risk) <= {
        *("bom-ref", "name", "statement", "description", "domains", "inherentRisk"),
        *("residualRisk", "responses", "status", "properties"),
    }
    rating = risk["inherentRisk"]
    assert accepted.published is not None
    chance = accepted.published.valuation.probability_of_loss
    # The schema's words: "low" is 10 to 30 %, "medium" 30 to 60 %, "high" 60 to 85 %.
    (level,) = [
        word
        for word, low, high in (("low", 0.1, 0.3), ("medium", 0.3, 0.6), ("high", 0.6, 0.85))
        if low <= chance < high
    ]
    assert (rating["likelihood"]["level"], rating["likelihood"]["probability"]) == (level, chance)
    # The middle of 10 000 to 500 000 is sqrt(5e9) = 70 711: the second level, 10 000 to 100 000.
    assert rating["impact"]["level"] == "low"
    assert rating["impact"]["quantification"] == {
        "currency": "EUR",
        "financialLossRange": {"minimum": 10_000, "maximum": 500_000},
    }
    decided, planned = risk["responses"]
    assert (decided["strategy"], decided["status"]) == ("accept", "approved")
    (control,) = told["controls"]
    assert planned["controls"] == [control["bom-ref"]]
    refs = [value for name, value in walk(told) if name == "bom-ref"]
    assert len(refs) == len(set(refs))
    named = {each["name"]: each["value"] for each in risk["properties"]}
    assert named["secops-portal:system"] == "payments"
    expected = accepted.published.valuation.expected_annual_loss
    assert named["secops-portal:expected-annual-loss"] == str(expected)


def test_controls_in_place_make_a_residual_risk(people: People) -> None:
    statement = make_statement(make_item(people.system), published=True)
    control = make_control(people.system, status="in_place")
    make_effect(control, statement, frequency="0.5")
    [risk] = taken(people, "cdx")["risks"]["risks"]
    assert "inherentRisk" not in risk
    assert risk["residualRisk"]["impact"]["quantification"] == {"currency": "EUR"}
    [open_risk] = plan(people)["risks"]
    assert control.key in open_risk["mitigating-factors"][0]["description"]
    facets = open_risk["characterizations"][1]["facets"]
    assert {each["props"][0]["value"] for each in facets} == {"adjusted"}


def test_as_many_queries_for_many_as_for_few(people: People, accepted: RiskStatement) -> None:
    """Per chunk, not per risk: statements, treatments, advice, controls, evidence and their counts."""

    def asked(kind: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            taken(people, kind)
        return len(captured)

    few = {kind: asked(kind) for kind in ("oscal", "cdx")}
    for _ in range(3):
        risk = make_statement(accepted.item, published=True)
        make_effect(make_control(people.system), risk, loss="0.5")
        finding = make_finding(people.system, severity=3)
        link_create(actor=actor_of(people.security), statement=risk, finding=finding)
    assert {kind: asked(kind) for kind in few} == few
