"""The loop as home page."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.planning.services.decisions import decision_record, decisions_expire
from apps.scans.models import Report, ReportState
from tests.conftest import People
from tests.factories import (
    make_item,
    make_option,
    make_question,
    make_report,
    make_series,
    make_statement,
)
from tests.pages import signed_in, text_of


@pytest.mark.parametrize(
    "who", ["viewer", "architect", "security", "system_admin", "outsider", "chief", "admin"]
)
def test_everyone_with_a_system_sees_the_loop(client: Client, people: People, who: str) -> None:
    client.force_login(getattr(people, who))
    page = client.get("/").content.decode()
    for stage in ("Plan", "Code", "Build", "Test", "Release", "Deploy", "Operate", "Monitor"):
        assert stage in page
    assert 'href="/planning/?stage=code"' in page


def test_who_holds_no_role_is_told_how_to_get_one(client: Client, people: People) -> None:
    client.force_login(people.nobody)
    page = client.get("/").content.decode()
    assert "You see no system yet" in page
    assert "First steps" not in page


def test_value_is_carried_by_what_goes_on_and_only_for_those_who_see_it(
    client: Client, people: People
) -> None:
    statement = make_statement(make_item(people.system, stage="deploy"), published=True)
    client.force_login(people.viewer)
    stages = {view.stage.value: view for view in client.get("/").context["stages"]}
    expected = statement.published.valuation.expected_annual_loss  # type: ignore[union-attr]
    assert stages["deploy"].expected_annual_loss == expected
    assert stages["plan"].expected_annual_loss == 0
    client.force_login(people.outsider)
    context = client.get("/").context
    assert sum(view.statement_count for view in context["stages"]) == 0


def test_first_steps_go_when_they_are_done(client: Client, people: People) -> None:
    client.force_login(people.architect)
    page = client.get("/")
    assert [step.done for step in page.context["steps"]] == [False] * 4
    assert "First steps" in page.content.decode()

    option = make_option(make_item(people.system))
    make_statement(option=option, published=True)
    report = make_report(people.system)
    report.state = "processed"
    report.save()
    make_series(people.system, newest_report=report)
    done = [step.done for step in client.get("/").context["steps"]]
    assert done == [True, True, True, False]

    architect = Actor(user=people.architect)
    decision_record(actor=architect, item=option.item, option=option, reason="Good enough")
    page = client.get("/")
    assert page.context["steps"] == []
    assert "First steps" not in page.content.decode()
    assert "Recent decisions" in page.content.decode()


def test_what_waits_is_for_those_who_may_do_something_about_it(
    client: Client, people: People
) -> None:
    make_question(make_item(people.system), by=people.viewer, body="May links be shared?")
    client.force_login(people.security)
    assert "May links be shared?" in client.get("/").content.decode()
    client.force_login(people.outsider)
    assert "May links be shared?" not in client.get("/").content.decode()


def test_the_number_of_queries_does_not_grow(client: Client, people: People) -> None:
    client.force_login(people.chief)

    def fill(number: int) -> None:
        for _ in range(number):
            item = make_item(people.system)
            option = make_option(item)
            make_statement(option=option, published=True)
            make_question(make_item(people.system), by=people.viewer)
            decision_record(actor=Actor(user=people.chief), item=item, option=option, reason="So.")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    fill(1)
    few = queries()
    fill(6)
    assert queries() == few


def test_what_expired_is_open_again_and_waits(client: Client, people: People) -> None:
    """In a pile of its own, and not once more among the options being weighed."""
    item = make_item(people.system, title="Leave the pod privileged")
    option = make_option(item)
    until = timezone.localdate() + dt.timedelta(days=1)
    decided = decision_record(
        actor=Actor(user=people.architect),
        item=item,
        option=option,
        reason="For now.",
        valid_until=until,
    )
    decisions_expire(until + dt.timedelta(days=1))
    client.force_login(people.architect)
    waiting = client.get("/").context["waiting"]
    assert (waiting.expired, waiting.undecided) == ([decided], [])
    page = client.get(f"/planning/{item.key}/").content.decode()
    assert "Expired, and open again" in page
    assert "Decide again" in page
    client.force_login(people.viewer)
    assert client.get("/").context["waiting"].expired == []
    client.force_login(people.outsider)
    assert client.get("/").context["waiting"].expired == []


def test_ones_own_question_waits_for_others(client: Client, people: People) -> None:
    asked = make_question(make_item(people.system), by=people.architect)
    client.force_login(people.architect)
    assert client.get("/").context["waiting"].questions == []
    client.force_login(people.security)
    assert client.get("/").context["waiting"].questions == [asked]


def test_failed_reports_wait_for_those_who_can_do_something(people: People) -> None:
    """By tool and system; whoever only reads is not bothered."""
    report = make_report(people.system, tool="Semgrep")
    Report.objects.filter(pk=report.pk).update(
        state=ReportState.FAILED, error_reason="unreadable", error_message="It is no report."
    )
    home = text_of(signed_in(people.security), "/")
    assert f"Semgrep · {people.system.name}" in home
    assert "Reports that could not be read" not in text_of(signed_in(people.viewer), "/")
