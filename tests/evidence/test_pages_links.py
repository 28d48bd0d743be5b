"""Joining findings and risk statements by hand through the pages."""

import pytest
from django.test import Client

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.evidence.models import EvidenceLink
from apps.evidence.services.links import link_create, link_dismiss
from apps.risks.models import RiskStatement
from tests.conftest import People
from tests.factories import make_finding, make_item, make_statement

TESTS = portal_actor("tests")


@pytest.fixture
def statement(people: People) -> RiskStatement:
    return make_statement(make_item(people.system), published=True, cwes=[89])


def linked(statement: RiskStatement) -> set[int]:
    rows = EvidenceLink.objects.filter(statement=statement, dismissed_at=None)
    return set(rows.values_list("finding", flat=True))


def test_from_a_finding_the_risks_about_its_weakness_come_first(
    client: Client, people: People, statement: RiskStatement
) -> None:
    item = statement.item
    other = make_statement(item, published=True, cwes=[79], condition="Names are shown as typed")
    make_statement(make_item(people.other_system), cwes=[89], condition="Of another system")
    finding = make_finding(people.system, cwes=[79, 1021])
    client.force_login(people.security)
    assert "Link to a risk" in client.get(f"/findings/{finding.pk}/").content.decode()
    page = client.post("/findings/evidence/", {"finding": finding.pk}).content.decode()
    assert page.index(f"Tick {other.key}") < page.index(f"Tick {statement.key}")
    assert "Of another system" not in page
    answer = client.post(
        "/findings/evidence/",
        {"finding": finding.pk, "statement": [other.pk, statement.pk], "confirm": "1"},
    )
    assert answer.headers["Location"] == f"/findings/{finding.pk}/#evidence"
    assert linked(other) == linked(statement) == {finding.pk}
    again = client.post("/findings/evidence/", {"finding": finding.pk}).content.decode()
    assert "Every risk of this system counts it as evidence already." in again


def test_words_find_a_risk_and_nothing_ticked_is_said(
    client: Client, people: People, statement: RiskStatement
) -> None:
    make_statement(statement.item, published=True, condition="The backup is never read back")
    finding = make_finding(people.system)
    client.force_login(people.security)
    given = {"finding": str(finding.pk), "q": "read back"}
    page = client.post("/findings/evidence/", given)
    assert "The backup is never read back" in page.content.decode()
    assert f"Tick {statement.key}" not in page.content.decode()
    refused = client.post("/findings/evidence/", {**given, "confirm": "1"})
    assert refused.status_code == 422
    assert "Tick the risks that they bear on." in refused.content.decode()
    assert 'value="read back"' in refused.content.decode()


def test_findings_of_two_systems_are_not_linked_at_once(client: Client, people: People) -> None:
    both = [make_finding(people.system).pk, make_finding(people.other_system).pk]
    client.force_login(people.chief)
    page = client.post("/findings/evidence/", {"finding": both}, follow=True)
    assert "They are of several systems" in page.content.decode()


def test_all_of_a_filter_are_linked_after_they_were_shown(
    client: Client, people: People, statement: RiskStatement
) -> None:
    wanted = {make_finding(people.system, title=f"Joined text {n}").pk for n in range(3)}
    make_finding(people.system, title="Something else")
    make_finding(people.other_system, title="Joined text elsewhere")  # out of the reader's sight
    client.force_login(people.security)
    listed = client.get("/findings/?q=Joined").content.decode()
    assert 'formaction="/findings/evidence/?q=Joined"' in listed
    address = "/findings/evidence/?q=Joined"
    shown = client.post(address, {"meant": "all"}).content.decode()
    assert "counts 3 findings as evidence" in shown
    assert linked(statement) == set()
    ticked = {"finding": sorted(wanted), "statement": statement.pk, "confirm": "1"}
    client.post(address, ticked)  # as the page that was shown sends it
    assert linked(statement) == wanted


def test_of_too_many_it_is_said_and_the_filter_stays(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.evidence.views_links.MOST_BY_HAND", 2)
    for n in range(3):
        make_finding(people.system, title=f"Joined text {n}")
    client.force_login(people.security)
    answer = client.post("/findings/evidence/?q=Joined", {"meant": "all"})
    assert answer.headers["Location"] == "/findings/?q=Joined"
    page = client.get("/findings/?q=Joined").content.decode()
    assert "The filter finds more than 2 findings" in page


def test_a_statement_that_was_not_offered_cannot_be_named(
    client: Client, people: People, statement: RiskStatement
) -> None:
    strange = make_statement(make_item(people.other_system), published=True)
    finding = make_finding(people.system)
    client.force_login(people.security)
    answer = client.post(
        "/findings/evidence/", {"finding": finding.pk, "statement": strange.pk, "confirm": "1"}
    )
    assert answer.status_code == 422
    assert not EvidenceLink.objects.exists()


def test_from_a_risk_open_findings_of_its_weakness_are_offered(
    client: Client, people: People, statement: RiskStatement
) -> None:
    fitting = make_finding(people.system, cwes=[89], title="Query built from input")
    make_finding(people.system, cwes=[79], title="Name shown as typed")
    make_finding(people.system, cwes=[89], title="Mended long ago", state="fixed")
    known = make_finding(people.system, cwes=[89], title="Known already")
    link_create(actor=TESTS, statement=statement, finding=known)
    client.force_login(people.security)
    address = f"/risks/RS-{statement.pk}/evidence/link/"
    page = client.get(address).content.decode()
    assert "Query built from input" in page
    hidden = ("Name shown as typed", "Mended long ago", "Known already")
    assert [title for title in hidden if title in page] == []
    found = client.get(address, {"q": "shown as"}).content.decode()
    assert "Name shown as typed" in found
    answer = client.post(address, {"finding": [fitting.pk]}, follow=True)
    assert "1 finding linked." in answer.content.decode()
    assert linked(statement) == {known.pk, fitting.pk}
    entry = AuditEntry.objects.filter(action="evidence.link").latest("id")
    assert entry.changes == {"findings": [fitting.pk], "new": 1}


def test_a_dismissed_finding_is_offered_again_and_comes_back(
    client: Client, people: People, statement: RiskStatement
) -> None:
    finding = make_finding(people.system, cwes=[89])
    link_dismiss(actor=TESTS, link=link_create(actor=TESTS, statement=statement, finding=finding))
    client.force_login(people.security)
    client.post(f"/risks/RS-{statement.pk}/evidence/link/", {"finding": [finding.pk]})
    link = EvidenceLink.objects.get()
    assert (link.dismissed_at, link.made_by) == (None, people.security)


def test_readers_are_offered_no_link_and_let_in_nowhere(
    client: Client, people: People, statement: RiskStatement
) -> None:
    finding = make_finding(people.system)
    client.force_login(people.architect)
    assert "Link to a risk" not in client.get(f"/findings/{finding.pk}/").content.decode()
    posted = client.post("/findings/evidence/", {"finding": finding.pk})
    read = client.get(f"/risks/RS-{statement.pk}/evidence/link/")
    assert (posted.status_code, read.status_code) == (403, 403)
