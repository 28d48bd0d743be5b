"""Who is told of what, once; what one may not see any more is not shown."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from apps.accounts.actors import portal_actor
from apps.accounts.models import Membership, User
from apps.accounts.roles import Permission, Role
from apps.automation.models import Automation
from apps.automation.services.overdue import overdue_tell
from apps.automation.services.register import automation_retire
from apps.common import events
from apps.common.models import OutboxDelivery
from apps.coverage.services.silence import silences_sweep
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice
from apps.notices.recipients import people_for
from apps.notices.services.reading import wish_set
from apps.notices.words import words_of
from apps.planning.models import Question
from apps.planning.services.decisions import decision_record, decisions_expire
from apps.planning.services.questions import (
    question_answer,
    question_ask,
    question_ask_of_guidance,
)
from apps.risks.services.decisions import decision_record_with_treatments
from apps.risks.services.statements import statement_edit, statement_publish
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import Api, as_user
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_arrived,
    make_automation,
    make_guidance,
    make_item,
    make_member,
    make_option,
    make_report,
    make_series,
    make_source,
    make_statement,
    make_team,
    make_user,
    statement_text,
)
from tests.servers import Says, Server
from tests.sources.conftest import run, server

__all__ = ["server"]  # the fixture

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def told(kind: NoticeKind | str = "") -> dict[User, str]:
    """Deliver what is in the outbox; who was told what."""
    events.deliver_due()
    assert not OutboxDelivery.objects.exclude(last_error="").exists()
    rows = Notice.objects.select_related("user")
    return {row.user: words_of(row).title for row in (rows.filter(kind=kind) if kind else rows)}


def test_owners_first_then_members_then_whoever_has_it_everywhere(people: People) -> None:
    system = people.system
    assert set(people_for(system, Permission.SOURCE_MANAGE)) == {
        people.security,
        people.system_admin,
    }
    team = make_team("payments-team")
    system.owner = team
    system.save()
    owner = make_user("Olga Owner")
    owner.teams.add(team)
    # She is of the team, which holds no role on the system: the members are told.
    assert set(people_for(system, Permission.SOURCE_MANAGE)) == {
        people.security,
        people.system_admin,
    }
    Membership.objects.create(system=system, team=team, role=Role.SECURITY.value)
    assert people_for(system, Permission.SOURCE_MANAGE) == [owner]
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert owner not in people_for(system, Permission.SOURCE_MANAGE)
    Membership.objects.all().delete()
    assert set(people_for(system, Permission.SOURCE_MANAGE)) == {people.chief, people.admin}
    assert set(people_for(None, Permission.QUESTION_ANSWER)) == {people.chief, people.admin}


def test_a_question_and_its_answer(people: People) -> None:
    item = make_item(people.system, title="Where do ticket PDFs live?")
    question = question_ask(actor=actor_of(people.viewer), item=item, body="How long?")
    place = f"{item.key}, Where do ticket PDFs live?"
    who = {people.architect, people.security, people.system_admin}
    assert told() == dict.fromkeys(who, f"Vera Viewer asks on {place}")
    question_answer(actor=actor_of(people.architect), question=question, body="A season.")
    assert told("answer") == {people.viewer: f"Ari Architect answered your question on {place}"}
    question_answer(actor=actor_of(people.architect), question=question, body="And a day.")
    assert Notice.objects.filter(kind="answer").count() == 0 or len(told("answer")) == 1


def test_nobody_is_told_of_what_they_did_themselves(people: People) -> None:
    item = make_item(people.system)
    question = question_ask(actor=actor_of(people.security), item=item, body="Why?")
    question_answer(actor=actor_of(people.security), question=question, body="Because.")
    assert set(told()) == {people.architect, people.system_admin}


def test_questions_on_guidance_go_to_security_of_the_organisation(people: People) -> None:
    guidance = make_guidance(published=True)
    question_ask_of_guidance(actor=actor_of(people.nobody), guidance=guidance, body="Since when?")
    assert set(told()) == {people.chief, people.admin}


def test_a_decision_is_told_to_those_who_took_part(people: People) -> None:
    item = make_item(people.system)
    option = make_option(item, title="Signed addresses")
    question_ask(actor=actor_of(people.viewer), item=item, body="Really?")
    told()
    decision_record(actor=actor_of(people.architect), item=item, option=option, reason="Cheap.")
    found = told("decision")
    assert people.viewer in found
    assert people.architect not in found
    assert found[people.viewer].startswith("Ari Architect decided on PI-")


def test_whoever_decided_is_told_when_a_risk_of_it_moves(people: People) -> None:
    item = make_item(people.system, title="Tickets")
    option = make_option(item)
    risk = make_statement(option=option, published=True)
    decision_record_with_treatments(
        actor=actor_of(people.architect), item=item, option=option, reason="Cheap."
    )
    told()
    security = actor_of(people.security)

    def revise(**fields: Any) -> None:
        risk.refresh_from_db()
        content = statement_text(**fields)
        statement_edit(actor=security, statement=risk, version=risk.version, content=content)
        statement_publish(actor=security, statement=risk)

    revise(rationale="Other words.")
    assert told("expired") == {}
    dearer = {"frequency_low": Decimal(1), "frequency_high": Decimal(10)}  # ten times as often
    revise(**dearer)
    words = f"What your decision on {item.key}, Tickets was made on has changed"
    assert told("expired") == {people.architect: words}
    revise(**dearer, rationale="Other words again.")
    told()
    assert Notice.objects.filter(kind="expired").count() == 1


def test_a_notice_bears_the_moment_of_what_it_tells(people: People) -> None:
    item = make_item(people.system)
    asked = question_ask(actor=actor_of(people.viewer), item=item, body="Really?")
    earlier = timezone.now() - dt.timedelta(days=40)
    Question.objects.filter(pk=asked.pk).update(asked_at=earlier)
    events.deliver_due()
    assert {each.created_at for each in Notice.objects.all()} == {earlier}


def test_an_expired_decision_comes_back_to_its_owner(people: People) -> None:
    item = make_item(people.system)
    decision = decision_record(
        actor=actor_of(people.architect), item=item, option=make_option(item), reason="For now."
    )
    type(decision).objects.filter(pk=decision.pk).update(valid_until="2020-01-01")
    decisions_expire()
    assert set(told("expired")) == {people.architect}


def test_silence_is_told_once_and_its_end(people: People) -> None:
    series = make_series(people.system, tool="Semgrep")
    for days_ago in (10, 9, 8, 7, 6):
        make_arrived(series, days_ago=days_ago)
    silences_sweep()
    found = told("silence")
    assert set(found) == {people.security, people.system_admin}
    assert found[people.security].startswith("Semgrep has been silent since ")
    make_arrived(series)
    silences_sweep()
    told()
    titles = [words_of(row).title for row in people.security.notices.all()]
    assert titles[0] == "Semgrep reports again"
    assert len(titles) == 2


def test_what_was_due_and_has_not_run_is_told_once_a_day_that_was_due(people: People) -> None:
    today, day = timezone.localdate(), dt.timedelta(days=1)
    owner = make_member(people.system, Role.VIEWER)
    said = {"due_on": today - day, "kind": "experiment", "hypothesis": "A restore takes an hour."}
    late = make_automation(
        people.system, name="Restore drill", owner=make_team("chaos", owner), **said
    )
    make_automation(people.system, name="Due today", **(said | {"due_on": today}))
    make_automation(people.system, name="Never due")
    retired = make_automation(people.system, name="Retired", **said)
    automation_retire(actor=TESTS, automation=retired, is_retired=True)
    assert (overdue_tell(), overdue_tell()) == (1, 0)
    assert set(told("overdue")) == {owner}
    row = owner.notices.get()
    assert row.path == f"/automation/{late.key}/"
    assert (
        words_of(row).title
        == f"Restore drill was due on {date_format(today - day)} and has not run"
    )
    with translation.override("de"):
        assert words_of(row).title.startswith("Restore drill war am ")
    Automation.objects.filter(pk=late.pk).update(due_on=today - 2 * day, owner=None)
    assert (overdue_tell(), overdue_tell()) == (1, 0)  # another day that has passed
    managing = {people.security, people.system_admin, people.architect}
    assert set(told("overdue")) == {owner, *managing}


def test_a_second_delivery_tells_nobody_again(people: People) -> None:
    question_ask(actor=actor_of(people.viewer), item=make_item(people.system), body="How?")
    told()
    before = Notice.objects.count()
    OutboxDelivery.objects.update(delivered_at=None)
    told()
    assert Notice.objects.count() == before > 0


def test_an_event_whose_object_is_gone_is_delivered_all_the_same(people: People) -> None:
    question = question_ask(actor=TESTS, item=make_item(people.system), body="How?")
    question.delete()
    assert told() == {}


def test_what_one_may_not_see_any_more_is_gone(people: People) -> None:
    member = make_member(people.system, Role.ARCHITECT, "Gone Soon")
    question_ask(actor=actor_of(people.viewer), item=make_item(people.system), body="Secret?")
    told()
    assert len(as_user(member).get("/notices").json()["results"]) == 1
    Membership.objects.filter(user=member).delete()
    assert as_user(member).get("/notices").json()["results"] == []


def test_what_one_does_not_want_is_not_told(people: People) -> None:
    wish_set(
        actor=actor_of(people.architect),
        hidden=["question"],
        unmailed=["question"],
        mail_every="day",
    )
    wish_set(actor=actor_of(people.security), hidden=["question"], unmailed=[], mail_every="day")
    question_ask(actor=actor_of(people.viewer), item=make_item(people.system), body="How?")
    assert set(told()) == {people.security, people.system_admin}
    # By mail only: it does not stand in the portal.
    assert as_user(people.security).get("/notices").json()["results"] == []
    assert Notice.objects.get(user=people.security).is_due


# --- the API ---------------------------------------------------------------------------------------


@pytest.fixture
def asked(people: People) -> People:
    for body in ("One?", "Two?"):
        question_ask(actor=actor_of(people.viewer), item=make_item(people.system), body=body)
    told()
    return people


def test_reading_over_the_api(asked: People) -> None:
    api = as_user(asked.architect)
    newest, older = api.get("/notices", unread="true").json()["results"]
    assert newest["text"] == "Two?"
    assert newest["system"] == {"key": "payments", "name": "Payments"}
    assert api.post(f"/notices/{older['id']}/read", {}).json()["read_at"] is not None
    assert [each["id"] for each in api.get("/notices", unread="true").json()["results"]] == [
        newest["id"]
    ]
    api.post(f"/notices/{older['id']}/read", {"is_read": False})
    assert api.post("/notices/read", {"through": older["id"]}).json() == {"read": 1}
    assert as_user(asked.security).get("/notices", unread="true").json()["results"] != []
    assert as_user(asked.outsider).post(f"/notices/{newest['id']}/read", {}).status_code == 404
    assert Api().get("/notices").status_code == 401


@pytest.mark.parametrize(
    "body",
    [{"mail_every": "hour"}, {"hidden": ["luck"]}, {"unmailed": "question"}, {"colour": "red"}],
)
def test_wishes_that_cannot_be(people: People, body: dict[str, Any]) -> None:
    api = as_user(people.viewer)
    assert api.post("/notices/wishes", body).status_code == 400
    assert api.get("/notices/wishes").json() == {
        "hidden": [],
        "unmailed": [],
        "mail_every": "day",
    }


def test_wishes_over_the_api(people: People) -> None:
    api = as_user(people.viewer)
    api.post("/notices/wishes", {"hidden": ["decision"]})
    said = api.post("/notices/wishes", {"mail_every": "once"}).json()
    assert said == {"hidden": ["decision"], "unmailed": [], "mail_every": "once"}


def test_a_source_that_breaks_and_works_again(people: People, server: Server) -> None:
    server.routes["/r"] = Says(b"", 401)
    source = make_source(people.system, name="Nightly", url=f"{server.url}/r")
    run(source)
    found = told("source")
    assert found == dict.fromkeys(
        (people.security, people.system_admin), "The source Nightly is broken"
    )
    server.routes["/r"] = Says(sarif(1))
    run(source)
    told()
    titles = [words_of(row).title for row in people.security.notices.filter(kind="source")]
    assert titles == ["The source Nightly works again", "The source Nightly is broken"]


@pytest.mark.django_db(transaction=True)
def test_a_report_that_cannot_be_read(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("scans", "common"):
        monkeypatch.setattr(f"apps.{place}.dispatch.send", lambda *_: True)
    report = make_report(people.system, content=b'{"runs": 7, "version": "2.1.0"', format="sarif")
    report_ingest(report.pk)
    found = told("report")
    assert set(found) == {people.security, people.system_admin}
    assert "could not be read" in found[people.security]
