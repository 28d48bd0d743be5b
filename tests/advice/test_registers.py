"""What people take elsewhere: decisions as MADR, the risks as CSV."""

import csv
import html
import io
import re
import zipfile
from typing import Any

import pytest
import yaml
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.planning.models import Decision
from apps.planning.services.decisions import recommendation_make
from apps.risks.services.decisions import decision_record_with_treatments
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def decision(people: People) -> Decision:
    item = make_item(people.system, title="Where do invoices live?", question="Bucket or database?")
    bucket, _other = make_option(item, title="Bucket"), make_option(item, title="Database")
    risk = make_statement(option=bucket, published=True)
    recommendation_make(
        actor=actor_of(people.security), item=item, option=_other, reason="Fewer readers."
    )
    return decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=item,
        option=bucket,
        reason="It is **cheap**.",
        treatments={risk.pk: "accept"},
    )


def test_a_decision_as_madr(people: People, decision: Decision) -> None:
    """MADR 4.0.0: front matter, then the headings in their order."""
    path = f"/planning/{decision.item.key}/decisions/{decision.pk}.md"
    answer = browser(people.viewer).get(path)
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    _, front, text = answer.content.decode().split("---\n", 2)
    told = yaml.safe_load(front)
    assert (told["status"], told["decision-makers"]) == ("accepted", "Ari Architect")
    assert str(told["date"]) == f"{decision.decided_at:%Y-%m-%d}"
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Where do invoices live?",
        "## Context and Problem Statement",
        "## Considered Options",
        "## Decision Outcome",
        "### Consequences",
        "## Pros and Cons of the Options",
        "### Bucket",
        "### Database",
    ]
    assert 'Chosen option: "Bucket", because\n\nIt is **cheap**.' in text
    assert 'Security recommended "Database":\n\nFewer readers.' in text
    (choice,) = decision.treatments.all()
    two_digits = f"{float(f'{choice.valuation.expected_annual_loss:.2g}'):,.0f}"
    assert f"Worth EUR {two_digits} a year" in text
    assert "nobody said what it costs" in text
    assert "nobody has valued what it risks" in text  # of the other option
    page = browser(people.viewer).get(f"/planning/{decision.item.key}/").content.decode()
    assert path in page


def test_strangers_get_no_record(people: People, decision: Decision) -> None:
    path = f"/planning/{decision.item.key}/decisions/{decision.pk}.md"
    assert browser(people.outsider).get(path).status_code == 404
    other = make_item(people.system)
    wrong = f"/planning/{other.key}/decisions/{decision.pk}.md"
    assert browser(people.viewer).get(wrong).status_code == 404


def test_the_register_holds_what_one_may_see(people: People, decision: Decision) -> None:
    evil = make_statement(make_item(people.system), condition="=HYPERLINK(1)", published=True)
    make_statement(make_item(people.other_system), published=True)
    answer: Any = browser(people.viewer).get("/portfolio/risks.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    by_key = {row["key"]: row for row in rows}
    assert len(rows) == len(by_key) == 2
    (choice,) = decision.treatments.all()
    row = by_key[choice.statement.key]
    assert (row["treatment"], row["carried"], row["system"]) == ("accept", "yes", "payments")
    assert row["expected_annual_loss"] == str(choice.valuation.expected_annual_loss)
    assert (row["decided_by"], row["valid_until"]) == ("Ari Architect", "")
    assert row["decided_at"] == decision.decided_at.isoformat()
    assert row["p95"] == choice.valuation.percentiles["95"]
    assert by_key[evil.key]["condition"] == "'=HYPERLINK(1)"
    assert AuditEntry.objects.filter(action="register.export").count() == 1
    foreign: Any = browser(people.outsider).get("/portfolio/risks.csv")
    assert b"payments" not in b"".join(foreign)
    assert Client().get("/portfolio/risks.csv").status_code == 302


def test_the_same_files_over_the_api(people: People, decision: Decision) -> None:
    page = browser(people.viewer)
    record = f"/planning/{decision.item.key}/decisions/{decision.pk}.md"
    api, path = as_user(people.viewer), f"/items/{decision.item.key}/decisions/{decision.pk}/record"
    answer = api.get(path)
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.content == page.get(record).content
    assert as_user(people.outsider).get(path).status_code == 404
    table = api.get("/portfolio/risks")
    sent = b"".join(table)
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert sent == b"".join(page.get("/portfolio/risks.csv"))
    assert AuditEntry.objects.filter(action="register.export").count() == 2
    assert api.get("/portfolio/risks", colour="red").status_code == 400


def taken(client: Client) -> bytes:
    """A file that is streamed from a temporary one; its end closes that."""
    answer: Any = client.get("/portfolio/risks.xlsx")
    return b"".join(answer)


def test_the_register_as_a_workbook(people: People) -> None:
    """Read as the format has it: a zip of XML, with shared strings turned off by the row-wise writer."""
    item = make_item(people.system, title='=HYPERLINK("https://evil.example")')
    statement = make_statement(item, published=True, condition="Öffne <nichts> & niemandem")
    sent = taken(browser(people.viewer))
    with zipfile.ZipFile(io.BytesIO(sent)) as book:
        assert book.testzip() is None
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "externalLinks" in name]
    cells = re.findall(r'<c r="([A-Z]+[0-9]+)"[^>]*?(?: t="(\w+)")?>(.*?)</c>', sheet)
    by_place = {
        place: (kind, html.unescape(re.sub("<[^>]+>", "", text))) for place, kind, text in cells
    }
    assert by_place["A1"] == ("inlineStr", "key")
    assert by_place["A2"] == ("inlineStr", statement.key)
    assert ("inlineStr", "Öffne <nichts> & niemandem") in by_place.values()
    assert ("inlineStr", item.title) in by_place.values()
    assert "<f>" not in sheet
    assert ("", "500000") in by_place.values()  # a number
    assert AuditEntry.objects.filter(action="register.export").count() == 1
    with zipfile.ZipFile(io.BytesIO(taken(browser(people.outsider)))) as book:
        assert statement.key not in book.read("xl/worksheets/sheet1.xml").decode()
    api = as_user(people.viewer).get("/portfolio/risks.xlsx")
    assert api["Content-Type"].endswith("spreadsheetml.sheet")
    assert b"".join(api).startswith(b"PK")
