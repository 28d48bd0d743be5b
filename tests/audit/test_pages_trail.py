"""The audit trail as a page and as a file."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.actors import portal_actor
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.audit.sealing import entries_seal
from apps.audit.services import record
from tests.conftest import People

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write(people: People, **fields: Any) -> None:
    record(
        actor=portal_actor("tests"),
        action=fields.pop("action", "tests.act"),
        target=fields.pop("target", people.system),
        system_id=fields.pop("system_id", people.system.pk),
        changes=fields,
    )


def test_who_sees_the_page(people: People) -> None:
    write(people, name=["Old name", "New name"])
    for person in (people.admin, people.system_admin):
        page = browser(person).get("/audit/").content.decode()
        assert "tests.act" in page
        assert "<del>Old name</del> → New name" in page
        assert "Audit trail" in browser(person).get("/").content.decode()
    for person in (people.viewer, people.architect, people.security, people.nobody, people.chief):
        assert browser(person).get("/audit/").status_code == 403
        assert browser(person).get("/audit/export/").status_code == 403
        assert "Audit trail" not in browser(person).get("/").content.decode()
    assert Client().get("/audit/").status_code == 302


def test_a_systems_admin_sees_nothing_of_others(people: People) -> None:
    write(people, action="tests.foreign", system_id=people.other_system.pk)
    write(people, action="tests.organisation", system_id=None)
    page = browser(people.system_admin).get(f"/audit/?system={people.other_system.pk}")
    assert b"tests.foreign" not in page.content
    assert b"tests.organisation" not in page.content
    export = b"".join(browser(people.system_admin).get("/audit/export/"))
    assert b"tests.foreign" not in export


def test_filters_and_pages(people: People) -> None:
    for number in range(120):
        write(people, action=f"tests.act{number:03}")
    client = browser(people.admin)
    first = client.get("/audit/?q=tests.act")
    assert first.content.count(b"tests.act") >= 50
    assert b"tests.act119" in first.content
    assert b"tests.act069" not in first.content
    second = client.get(first.context["next_url"])
    assert b"tests.act069" in second.content
    third = client.get(second.context["next_url"])
    assert b"tests.act000" in third.content
    assert third.context["next_url"] == ""
    assert b"tests.act" not in client.get("/audit/?kind=token").content
    nothing = client.get("/audit/?q=nothing-is-called-so")
    assert b"No entry matches" in nothing.content


@pytest.mark.parametrize("value", ["%00", "x" * 5000, "'--", "-1", "999999999999999999999"])
def test_no_address_breaks_the_page(people: People, value: str) -> None:
    for name in ("q", "system", "kind", "object_type", "object_id", "before", "format"):
        for path in ("/audit/", "/audit/export/"):
            assert browser(people.admin).get(f"{path}?{name}={value}").status_code == 200


def test_exports_hold_all_and_are_written_down(people: People) -> None:
    write(people, action="tests.formula", note="=HYPERLINK(1)")
    people.system.name = "=1+1"
    write(people, action="tests.formula", target=people.system)
    client = browser(people.admin)
    lines = b"".join(client.get("/audit/export/?format=jsonl")).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0]["action"] == "audit.export"
    assert len(rows) == AuditEntry.objects.count()
    answer = client.get("/audit/export/?format=csv&q=tests.formula")
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [row["object_label"] for row in table] == ["'=1+1", "Payments"]
    assert json.loads(table[1]["changes"]) == {"note": "=HYPERLINK(1)"}
    exports = AuditEntry.objects.filter(action="audit.export").order_by("id")
    assert [each.changes for each in exports] == [{}, {"q": "tests.formula"}]


def test_the_page_shows_the_newest_seal(people: People) -> None:
    write(people)
    client = browser(people.admin)
    assert b"Sealed through" not in client.get("/audit/").content
    entries_seal()
    assert b"Sealed through" in client.get("/audit/").content
