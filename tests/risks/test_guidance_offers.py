"""Guidance moves on: what a risk still says of it may follow, what was adapted stays."""

from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.guidance.models import Guidance
from apps.guidance.services import guidance_edit, guidance_publish
from apps.risks.guidance_offers import offer_of
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.risks.services.statements import statement_create
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_guidance, make_item, statement_text
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
SAID: dict[str, Any] = {
    "condition": "keep uploads in a public bucket",
    "consequence": "strangers read them",
    "rationale": "Scans find open buckets.",
    "cwes": [200],
    "frequency_low": Decimal("0.1"),
    "frequency_high": Decimal(1),
    "magnitude_low": Decimal(10_000),
    "magnitude_high": Decimal(500_000),
}


@pytest.fixture
def guidance() -> Guidance:
    return make_guidance(published=True, title="Buckets", **SAID)


@pytest.fixture
def statement(people: People, guidance: Guidance) -> RiskStatement:
    """Made from the guidance; its rationale was adapted."""
    content = statement_text(**SAID | {"rationale": "Our scans found two.", "attributes": []})
    return statement_create(
        actor=TESTS, item=make_item(people.system), content=content, origin=guidance.current
    )


def moves_on(guidance: Guidance, **changed: Any) -> None:
    guidance_edit(actor=TESTS, guidance=guidance, version=None, **changed)
    guidance_publish(actor=TESTS, guidance=guidance, note="After the season.")


def read(people: People, statement: RiskStatement) -> RiskStatement:
    return statement_get(actor_of(people.security), statement.pk)


def test_nothing_is_offered_without_a_newer_version(
    people: People, statement: RiskStatement, guidance: Guidance
) -> None:
    assert offer_of(read(people, statement)) is None
    guidance_edit(actor=TESTS, guidance=guidance, version=None, condition="only a draft")
    assert offer_of(read(people, statement)) is None


def test_what_was_adapted_stays(
    people: People, statement: RiskStatement, guidance: Guidance
) -> None:
    moves_on(
        guidance,
        consequence="strangers read and sell them",
        rationale="Scans find open buckets within days.",
        frequency_high=Decimal(2),
    )
    offer = offer_of(read(people, statement))
    assert offer is not None
    assert [(change.fields[0], change.follows) for change in offer.changes] == [
        ("consequence", True),
        ("rationale", False),
        ("frequency_low", True),
    ]
    client = signed_in(people.security)
    address = f"/risks/RS-{statement.pk}/"
    page = text_of(client, address)
    assert "has a version 2" in page
    assert "After the season." in page
    assert "You have adapted this" in page
    viewer = signed_in(people.viewer)
    assert "has a version 2" not in text_of(viewer, address)
    assert viewer.post(f"{address}guidance/", {"take": "1"}).status_code == 403
    before = statement.valuation.expected_annual_loss
    assert client.post(f"{address}guidance/", {"take": "1"}).status_code == 302
    statement = read(people, statement)
    assert statement.consequence == "strangers read and sell them"
    assert statement.rationale == "Our scans found two."
    assert statement.frequency_high == 2
    assert statement.valuation.expected_annual_loss > before
    assert statement.origin is not None
    assert (statement.origin.number, offer_of(statement)) == (2, None)
    assert AuditEntry.objects.filter(action="statement.follow").count() == 1
    assert client.post(f"{address}guidance/", {"take": "1"}).status_code == 302  # nothing to do


def test_staying_is_an_answer_until_the_next_version(
    people: People, statement: RiskStatement, guidance: Guidance
) -> None:
    moves_on(guidance, condition="keep anything in a public bucket")
    client = signed_in(people.security)
    version = read(people, statement).version
    client.post(f"/risks/RS-{statement.pk}/guidance/", {"stay": "1"})
    stayed = read(people, statement)
    assert (stayed.condition, stayed.version) == (SAID["condition"], version)
    assert offer_of(stayed) is None
    moves_on(guidance, condition="keep all in a public bucket")
    assert offer_of(read(people, statement)) is not None


def test_the_same_over_the_api(
    people: People, statement: RiskStatement, guidance: Guidance
) -> None:
    api, path = as_user(people.security), f"/statements/{statement.key}/guidance"
    assert api.get(path).status_code == 404
    moves_on(guidance, consequence="strangers read and sell them", rationale="Within days.")
    offer = api.get(path).json()
    assert (offer["from_number"], offer["to_number"]) == (1, 2)
    assert {each["fields_changed"][0]: each["follows"] for each in offer["changes"]} == {
        "consequence": True,
        "rationale": False,
    }
    assert as_user(people.viewer).post(path, {"take": True}).status_code == 403
    assert as_user(people.outsider).post(path, {"take": True}).status_code == 404
    assert api.post(path, {"take": True}).json()["consequence"] == "strangers read and sell them"
    assert api.post(path, {"take": True}).status_code == 404
