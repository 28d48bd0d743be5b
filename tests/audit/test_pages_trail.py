"""The audit trail as a page and as a file."""

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.actors import portal_actor
from apps.accounts.models import Membership, User
from apps.audit.models import AuditEntry
from apps.audit.sealing import entries_seal
from apps.audit.services import record
from apps.catalog.trail_words import words_of
from apps.planning.services.decisions import decision_record, recommendation_make
from apps.planning.services.questions import question_answer
from apps.removals.kinds import kinds
from tests.conftest import People
from tests.factories import make_item, make_option, make_question, make_statement

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


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


def test_an_item_is_found_with_all_that_belongs_to_it(people: People) -> None:
    """Its decision, option, risk, question, answer and advice; nothing of another item."""
    item, other = make_item(people.system), make_item(people.system)
    for each in (item, other):
        option = make_option(each)
        make_statement(each, option=option, published=True)
        question = make_question(each)
        question_answer(actor=TESTS, question=question, body="So.")
        recommendation_make(actor=TESTS, item=each, option=option, reason="Why not.")
        decision_record(actor=TESTS, item=each, option=option, reason="Because.")
    rows = browser(people.admin).get(f"/audit/?q={item.key.lower()}").context["entries"]
    assert {entry.action for entry, _words, _changes in rows} >= {
        *("option.create", "statement.create", "statement.publish", "question.ask"),
        *("question.answer", "recommendation.make", "decision.record"),
    }
    foreign = {str(other.pk), *(str(each.pk) for each in other.options.all())}
    of_others = {
        entry.object_id
        for entry, _words, _changes in rows
        if entry.object_type in {"planningitem", "option"}
    }
    assert of_others.isdisjoint(foreign - {str(item.pk), *(str(o.pk) for o in item.options.all())})
    statement = item.statements.get()
    found = browser(people.admin).get(f"/audit/?q={statement.key}").context["entries"]
    assert {entry.object_id for entry, *_rest in found} == {str(statement.pk)}
    # A stranger to the system finds nothing, whatever the key.
    Membership.objects.create(system=people.other_system, user=people.viewer, role="admin")
    nothing = browser(people.viewer).get(f"/audit/?q={item.key}&system={people.other_system.pk}")
    assert nothing.context["entries"] == []


def test_by_person_and_day_with_the_exact_moment_in_words(people: People) -> None:
    """14:30 UTC on 1 March 2026 is 15:30 in Berlin."""
    User.objects.filter(pk=people.admin.pk).update(time_zone="Europe/Berlin")
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=dt.datetime(2026, 3, day, 14, 30, 5, tzinfo=dt.UTC),
            actor_kind="user",
            actor_label=who,
            action="decision.treat",
            object_type="decision",
            object_id="17",
            object_label=f"by {who} on {day}",
        )
        for who, day in (("Ann Other", 1), ("Ann Other", 2), ("Ben Else", 2))
    )
    client = browser(people.admin)

    def labels(query: str) -> set[str]:
        rows = client.get(f"/audit/?{query}").context["entries"]
        return {entry.object_label for entry, *_rest in rows}

    assert labels("who=ann") == {"by Ann Other on 1", "by Ann Other on 2"}
    assert labels("since=2026-03-02&until=2026-03-02") == {"by Ann Other on 2", "by Ben Else on 2"}
    assert labels("who=ann&until=2026-03-01") == {"by Ann Other on 1"}
    page = client.get("/audit/?who=ann&until=2026-03-01").content.decode()
    assert "15:30:05 CET" in page
    assert "Decision: what happens with its risks said" in page
    assert "decision.treat · decision 17" in page
    export = b"".join(client.get("/audit/export/?format=jsonl&who=ann&until=2026-03-01"))
    assert export.count(b"\n") == 1


def test_every_action_of_the_code_has_words() -> None:
    """Each literal `action="thing.deed"` of a service; what has none shows its code."""
    source = "".join(path.read_text() for path in Path("apps").glob("*/**/*.py"))
    actions = set(re.findall(r'action ?= ?"([a-z-]+\.[a-z_-]+)"', source))
    actions |= set(re.findall(r'action ?= ?"[^"]+" if .+ else "([a-z-]+\.[a-z_-]+)"', source))
    assert len(actions) > 100
    actions |= {f"{name}.restore" for name in kinds()}
    assert {each for each in actions if words_of(each) == each} == set()
    assert words_of("tests.act") == "tests.act"
