"""What the palette offers: pages, actions, and what can be done on the page that one is on."""

from urllib.parse import quote

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import People
from tests.factories import make_finding, make_guidance, make_item, make_statement
from tests.pages import signed_in

pytestmark = pytest.mark.django_db


def offered(client: Client, text: str = "", at: str = "/") -> set[tuple[str, str]]:
    answer = client.get("/palette/", {"q": text, "at": at})
    assert answer.status_code == 200
    return {(each.label, each.url) for each in answer.context["offers"]}


def asking(thing: str, path: str) -> tuple[str, str]:
    """The offer to ask about what a page shows."""
    return f"Ask: a question about {thing}", f"/questions/new/?at={quote(path, safe='')}"


def commands(user: User, text: str) -> set[str]:
    answer = signed_in(user).get("/palette/", {"q": text})
    return {str(each.label) for each in answer.context["commands"]}


def test_actions_are_found_by_name_for_those_who_may(people: People) -> None:
    assert commands(people.security, "rapid risk") == {"Rapid risk assessment"}
    assert commands(people.architect, "rapid risk") == set()
    assert commands(people.nobody, "ask") == {"Ask: a question"}
    assert commands(people.admin, "jira") == {"Issue trackers"}
    assert commands(people.security, "jira") == set()
    assert commands(people.admin, "users") == {"People and teams"}


def test_what_can_be_done_here(people: People) -> None:
    item, foreign = make_item(people.system), make_item(people.other_system)
    guidance, draft = make_guidance(published=True), make_guidance()
    client = signed_in(people.architect)
    page = f"/planning/{item.key}/"
    assert offered(client, at=page) == {
        asking(item.key, page),
        (f"Add an option to {item.key}", f"{page}options/new/"),
        (f"Record a decision on {item.key}", f"{page}#decide"),
    }
    assert len(offered(client, "ask question", at=page)) == 1
    article = f"/guidance/{guidance.key}/"
    assert offered(client, at=article) == {asking(guidance.key, article)}
    payments = asking("Payments", "/systems/payments/")
    assert offered(client, at="/systems/payments/") == {payments}  # an architect does not assess
    for nowhere in (
        f"/planning/{foreign.key}/",
        f"/guidance/{draft.key}/",
        "/nowhere/",
        "x\x00",
        "//evil.example.org/planning/PI-1/",
        "",
    ):
        assert offered(client, at=nowhere) == set(), nowhere
    assert offered(signed_in(people.security), at="/systems/payments/") == {
        payments,
        ("Rapid risk assessment of Payments", "/systems/payments/rapid-assessment/"),
    }


def test_what_can_be_done_with_a_risk_and_a_finding(people: People) -> None:
    statement = make_statement(item=make_item(people.system), published=True)
    finding = make_finding(people.system)
    page = f"/risks/{statement.key}/"
    assert offered(signed_in(people.viewer), at=page) == {asking(statement.key, page)}
    assert {label for label, _url in offered(signed_in(people.security), at=page)} == {
        f"Ask: a question about {statement.key}",
        f"Edit {statement.key}",
        f"Say what is evidence for {statement.key}",
        f"Give an estimate of {statement.key}",
    }
    assert offered(signed_in(people.outsider), at=page) == set()
    seen = f"/findings/{finding.pk}/"
    asked = asking(finding.title, seen)
    assert offered(signed_in(people.security), at=seen) == {
        asked,
        ("Say what this finding is", f"{seen}#triage"),
    }
    assert offered(signed_in(people.viewer), at=seen) == {asked}
