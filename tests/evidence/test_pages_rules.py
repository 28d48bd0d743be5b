"""Rules and links of evidence through the pages."""

import pytest
from django.test import Client

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.evidence.models import EvidenceLink, EvidenceRule
from apps.evidence.services.links import link_create, rule_create
from apps.risks.models import RiskStatement
from tests.conftest import People
from tests.factories import make_finding, make_item, make_statement

TESTS = portal_actor("tests")


@pytest.fixture
def statement(people: People) -> RiskStatement:
    return make_statement(make_item(people.system), published=True, cwes=[89])


def test_a_rule_links_what_is_there_at_once(
    client: Client, people: People, statement: RiskStatement
) -> None:
    matching = make_finding(people.system, cwes=[89], path="app/orders.py")
    make_finding(people.system, cwes=[89], path="other/orders.py")
    make_finding(people.other_system, cwes=[89], path="app/orders.py")
    client.force_login(people.security)
    address = f"/risks/RS-{statement.pk}/evidence/"
    assert 'value="89"' in client.get(address).content.decode()  # begins with the statement's CWEs
    response = client.post(address, {"cwes": "89", "path_prefix": "app/"}, follow=True)
    assert "1 open finding bears on this statement now" in response.content.decode()
    assert [link.finding for link in EvidenceLink.objects.all()] == [matching]


def test_a_rule_is_tried_first_and_leaves_nothing(
    client: Client, people: People, statement: RiskStatement
) -> None:
    for number in range(7):
        make_finding(people.system, cwes=[89], title=f"Query {number}", severity=number % 5)
    make_finding(people.system, cwes=[79])
    client.force_login(people.security)
    before = AuditEntry.objects.count()
    given = {"cwes": "89", "try": "1"}
    page = client.post(f"/risks/RS-{statement.pk}/evidence/", given).content.decode()
    assert "It would link 7 findings that do not bear on it yet" in page
    assert [number for number in range(7) if f"Query {number}" in page] == [1, 2, 3, 4, 6]
    assert 'value="89"' in page
    assert not EvidenceRule.objects.exists()
    assert not EvidenceLink.objects.exists()
    assert AuditEntry.objects.count() == before


def test_a_rule_that_asks_for_nothing_is_refused(
    client: Client, people: People, statement: RiskStatement
) -> None:
    client.force_login(people.security)
    response = client.post(f"/risks/RS-{statement.pk}/evidence/", {"stage": "code"})
    assert response.status_code == 422
    assert "something to match by" in response.content.decode()
    assert '<option value="code" selected>' in response.content.decode()
    assert not EvidenceRule.objects.exists()


def test_a_rule_is_taken_away_and_a_link_dismissed(
    client: Client, people: People, statement: RiskStatement
) -> None:
    finding = make_finding(people.system, cwes=[89], title="Query built from input")
    rule = rule_create(actor=TESTS, statement=statement, cwes=[89])
    link = EvidenceLink.objects.get(finding=finding)
    client.force_login(people.security)
    page = f"/risks/RS-{statement.pk}/"
    assert "Query built from input" in client.get(page).content.decode()
    client.post(f"/evidence/links/{link.pk}/dismiss/")
    assert "Query built from input" not in client.get(page).content.decode()
    client.post(f"/evidence/rules/{rule.pk}/delete/")
    assert not EvidenceRule.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("architect", 403), ("outsider", 404), ("nobody", 404)]
)
def test_who_may_not(
    client: Client, people: People, statement: RiskStatement, who: str, status: int
) -> None:
    rule = rule_create(actor=TESTS, statement=statement, cwes=[1])
    link = link_create(actor=TESTS, statement=statement, finding=make_finding(people.system))
    client.force_login(getattr(people, who))
    rules = f"/risks/RS-{statement.pk}/evidence/"
    assert client.get(rules).status_code == status
    assert client.post(rules, {"cwes": "2"}).status_code == status
    assert client.post(f"/evidence/rules/{rule.pk}/delete/").status_code == status
    assert client.post(f"/evidence/links/{link.pk}/dismiss/").status_code == status
    assert EvidenceRule.objects.count() == 1
    link.refresh_from_db()
    assert link.dismissed_at is None
