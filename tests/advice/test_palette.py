"""What the palette offers: pages, actions, and what can be done on the page that one is on."""

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import People
from tests.factories import make_finding, make_guidance, make_item, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def offered(client: Client, text: str = "", at: str = "/") -> set[tuple[str, str]]:
    answer = client.get("/palette/", {"q": text, "at": at})
    assert answer.status_code == 200
    return {(each.label, each.url) for each in answer.context["offers"]}


def commands(user: User, text: str) -> set[str]:
    answer = signed_in(user).get("/palette/", {"q": text})
    return {str(each.label) for each in answer.context["commands"]}


def test_actions_are_found_by_name_for_those_who_may(people: People) -> None:
    assert commands(people.security, "rapid risk") == {"Rapid risk assessment"}
    assert commands(people.architect, "rapid risk") == set()
    assert commands(people.nobody, "ask") == {"Ask a question"}
    assert commands(people.admin, "jira") == {"Issue trackers"}
    assert commands(people.security, "jira") == set()
    assert commands(people.admin, "users") == {"People and teams"}


def test_what_can_be_done_here(people: People) -> None:
    item, foreign = make_item(people.system), make_item(people.other_system)
    guidance, draft = make_guidance(published=True), make_guidance()
    client = signed_in(people.architect)
    page = f"/planning/{item.key}/"
    assert offered(client, at=page) == {
        (f"Ask a question on {item.key}", f"{page}#ask"),
        (f"Add an option to {item.key}", f"{page}options/new/"),
        (f"Record a decision on {item.key}", f"{page}#decide"),
    }
    assert len(offered(client, "ask question", at=page)) == 1
    about = (f"Ask a question about {guidance.key}", f"/guidance/{guidance.key}/#questions")
    assert offered(client, at=f"/guidance/{guidance.key}/") == {about}
    for nowhere in (
        f"/planning/{foreign.key}/",
        f"/guidance/{draft.key}/",
        "/systems/payments/",  # an architect does not assess
        "/nowhere/",
        "x\x00",
        "//evil.example.org/planning/PI-1/",
        "",
    ):
        assert offered(client, at=nowhere) == set(), nowhere
    (rapid,) = offered(signed_in(people.security), at="/systems/payments/")
    assert rapid == (
        "Rapid risk assessment of Payments",
        "/systems/payments/rapid-assessment/",
    )


def test_what_can_be_done_with_a_risk_and_a_finding(people: People) -> None:
    statement = make_statement(item=make_item(people.system), published=True)
    finding = make_finding(people.system)
    page, item = f"/risks/{statement.key}/", statement.item.key
    assert offered(signed_in(people.viewer), at=page) == {
        (f"Ask a question on {item}", f"/planning/{item}/#ask")
    }
    assert {label for label, _url in offered(signed_in(people.security), at=page)} == {
        f"Ask a question on {item}",
        f"Edit {statement.key}",
        f"Say what is evidence for {statement.key}",
        f"Give an estimate of {statement.key}",
    }
    assert offered(signed_in(people.outsider), at=page) == set()
    seen = f"/findings/{finding.pk}/"
    assert offered(signed_in(people.security), at=seen) == {
        ("Say what this finding is", f"{seen}#triage")
    }
    assert offered(signed_in(people.viewer), at=seen) == set()


def test_a_question_finds_its_place(people: People) -> None:
    item = make_item(people.system, title="Where do tickets live?")
    make_item(people.other_system, title="Tickets of strangers")
    guidance = make_guidance(published=True, title="Tickets that expire")
    page = text_of(signed_in(people.viewer), "/questions/new/?q=tickets")
    assert f"/planning/{item.key}/#ask" in page
    assert f"/guidance/{guidance.key}/#questions" in page
    assert "strangers" not in page
    assert "Nothing found" in text_of(signed_in(people.viewer), "/questions/new/?q=zeppelin")


def test_a_rapid_assessment_finds_its_system(people: People) -> None:
    answer = signed_in(people.security).get("/risks/rapid-assessment/")
    assert answer.headers["Location"] == "/systems/payments/rapid-assessment/"
    page = text_of(signed_in(people.chief), "/risks/rapid-assessment/")
    assert "/systems/payroll/rapid-assessment/" in page
    assert signed_in(people.viewer).get("/risks/rapid-assessment/").status_code == 403
