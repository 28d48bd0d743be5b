"""One ticket for several findings: those of one weakness, or those that somebody ticked."""

from typing import Any

import pytest
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.scans.models import Finding
from apps.trackers.models import Ticket, TicketFinding
from apps.trackers.services.closing import close_due
from apps.trackers.services.filing import file_due
from apps.trackers.services.following import follow_due
from apps.trackers.services.text import MOST_TOLD
from apps.trackers.services.tickets import (
    findings_ticket_file,
    ticket_file,
    weakness_ticket_file,
)
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series
from tests.pages import signed_in, text_of
from tests.trackers.standins import StandIn
from tests.trackers.test_trackers import TESTS, connect, soon

pytestmark = pytest.mark.django_db
LOG4J: dict[str, Any] = {
    "vulnerabilities": ["CVE-2021-44228"], "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0"
}  # fmt: skip


def sightings(people: People, *tools: str) -> list[Finding]:
    """The same weakness, as several tools see it."""
    return [
        make_finding(
            people.system,
            series=make_series(people.system, tool=tool),
            title=f"Log4Shell, {tool}",
            **LOG4J,
        )
        for tool in tools
    ]


def test_a_weakness_has_one_ticket_whatever_tool_sees_it(people: People, each: StandIn) -> None:
    trivy, grype = sightings(people, "trivy", "grype")
    tracker = connect(each)
    ticket = weakness_ticket_file(actor=TESTS, tracker=tracker, finding=grype)
    file_due()
    (issue,) = each.issues
    assert issue.title.endswith(" (and 1 more)")
    assert "by grype" in issue.text
    assert f"/findings/{trivy.pk}/" in issue.text
    assert f"/findings/{grype.pk}/" in issue.text
    assert sorted(ticket.finding_ids) == [trivy.pk, grype.pk]
    for finding in (trivy, grype):
        with pytest.raises(Conflict):
            ticket_file(actor=TESTS, tracker=tracker, subject=finding)
        with pytest.raises(Conflict):
            weakness_ticket_file(actor=TESTS, tracker=tracker, finding=finding)
    assert Ticket.objects.count() == 1


def test_what_another_tool_sees_later_joins_its_ticket(people: People, github: StandIn) -> None:
    (trivy,) = sightings(people, "trivy")
    tracker = connect(github)
    first = ticket_file(actor=TESTS, tracker=tracker, subject=trivy)
    (grype,) = sightings(people, "grype")
    client = signed_in(people.security)
    assert "For what another tool sees" in text_of(client, f"/findings/{grype.pk}/")
    assert "This weakness has a ticket" in text_of(client, f"/findings/{grype.pk}/ticket/")
    given = {"tracker": tracker.pk, "whole_weakness": "on"}
    assert client.post(f"/findings/{grype.pk}/ticket/", given).status_code == 302
    ticket = Ticket.objects.get()
    assert ticket == first
    assert sorted(ticket.finding_ids) == [trivy.pk, grype.pk]
    assert AuditEntry.objects.get(action="ticket.join").changes == {"findings": [grype.pk]}
    shown = text_of(client, f"/findings/{grype.pk}/")
    assert "For 2 findings." in shown
    assert "For what another tool sees" not in shown


def test_its_state_shows_at_all_of_them(people: People, github: StandIn) -> None:
    trivy, grype = sightings(people, "trivy", "grype")
    weakness_ticket_file(actor=TESTS, tracker=connect(github), finding=trivy)
    file_due()
    github.close(1)
    soon()
    follow_due()
    client = signed_in(people.viewer)
    for finding in (trivy, grype):
        shown = text_of(client, f"/findings/{finding.pk}/")
        assert "The ticket is closed, but the newest report still sees the finding." in shown


def test_it_is_closed_once_none_is_open(people: People, each: StandIn) -> None:
    trivy, grype, nuclei = sightings(people, "trivy", "grype", "nuclei")
    tracker = connect(each, closes_fixed=True)
    weakness_ticket_file(actor=TESTS, tracker=tracker, finding=trivy)
    file_due()
    soon()

    def fix(finding: Finding) -> None:
        Finding.objects.filter(pk=finding.pk).update(
            state="fixed", is_present=False, fixed_at=timezone.now()
        )

    fix(trivy)
    Finding.objects.filter(pk=nuclei.pk).update(state="false_positive")
    assert close_due() == 0  # grype still sees it
    fix(grype)
    assert close_due() == 1
    assert each.issues[0].is_closed
    each.close(1, is_closed=False)
    soon()
    follow_due()
    assert close_due() == 0  # somebody knows better
    fix(grype)  # again
    assert close_due() == 1


def test_the_page_of_groups_says_which_has_a_ticket(people: People, github: StandIn) -> None:
    trivy, _grype = sightings(people, "trivy", "grype")
    writer, reader = signed_in(people.security), signed_in(people.viewer)
    assert "File one" in text_of(writer, "/findings/groups/")
    assert "File one" not in text_of(reader, "/findings/groups/")
    weakness_ticket_file(actor=TESTS, tracker=connect(github), finding=trivy)
    for client in (writer, reader):
        shown = text_of(client, "/findings/groups/")
        assert "Being filed" in shown
        assert "File one" not in shown
    file_due()
    github.close(1)
    soon()
    follow_due()
    assert "Closed" in text_of(reader, "/findings/groups/")


def test_what_is_only_dismissed_closes_nothing(people: People, github: StandIn) -> None:
    trivy, _grype = sightings(people, "trivy", "grype")
    weakness_ticket_file(actor=TESTS, tracker=connect(github, closes_fixed=True), finding=trivy)
    file_due()
    soon()
    Finding.objects.update(state="accepted")
    assert close_due() == 0


def test_chosen_findings_get_one_ticket(people: People, github: StandIn) -> None:
    found = [make_finding(people.system, title=f"Weakness {n}") for n in range(4)]
    tracker = connect(github)
    ticket_file(actor=TESTS, tracker=tracker, subject=found[0])
    ticket = findings_ticket_file(actor=TESTS, tracker=tracker, findings=found)
    assert sorted(ticket.finding_ids) == [one.pk for one in found[1:]]  # the first has its own
    with pytest.raises(Conflict):
        findings_ticket_file(actor=TESTS, tracker=tracker, findings=found)
    elsewhere = connect(github, name="Elsewhere")
    other = findings_ticket_file(actor=TESTS, tracker=elsewhere, findings=found, link_only=True)
    assert len(other.finding_ids) == 4
    assert "Weakness" not in other.title + other.body


def test_what_leaves_is_bounded(people: People, github: StandIn) -> None:
    found = [
        make_finding(people.system, title=f"``` @all {n} " + "x" * 280, place="src/a.py:1")
        for n in range(MOST_TOLD + 5)
    ]
    ticket = findings_ticket_file(actor=TESTS, tracker=connect(github), findings=found)
    assert len(ticket.title) <= 250
    assert ticket.title.endswith(f"(and {MOST_TOLD + 4} more)")
    assert ticket.body.count("```") == 2
    assert "and 4 more, on the portal's page" in ticket.body


def test_which_cannot_be_together_and_who_may(people: People, github: StandIn) -> None:
    here, there = make_finding(people.system), make_finding(people.other_system)
    tracker = connect(github)
    with pytest.raises(Invalid):
        findings_ticket_file(actor=TESTS, tracker=tracker, findings=[here, there])
    with pytest.raises(Invalid):
        findings_ticket_file(actor=TESTS, tracker=tracker, findings=[])
    with pytest.raises(NotPermitted):
        findings_ticket_file(actor=actor_of(people.viewer), tracker=tracker, findings=[here])
    with pytest.raises(Missing):
        weakness_ticket_file(actor=actor_of(people.outsider), tracker=tracker, finding=here)
    assert not Ticket.objects.exists()


def test_from_the_list(people: People, github: StandIn) -> None:
    found = [make_finding(people.system, title=f"Weakness {n}") for n in range(2)]
    other = make_finding(people.other_system)
    tracker, client = connect(github), signed_in(people.security)
    assert "Preview one ticket" in text_of(client, "/findings/")
    page, ticked = "/findings/ticket/", {"finding": [one.pk for one in found]}
    seen = client.post(page, ticked).content.decode()
    assert "One ticket for 2 findings." in seen
    assert "(and 1 more)" in seen
    assert not Ticket.objects.exists()
    assert client.post(page, {}).status_code == 302
    hidden = {"finding": [other.pk], "confirm": "1", "tracker": tracker.pk}
    assert client.post(page, hidden).status_code == 302  # as if it were not there
    assert signed_in(people.viewer).post(page, ticked).status_code == 403
    both = signed_in(people.chief).post(page, {"finding": [found[0].pk, other.pk]}, follow=True)
    assert "They are of several systems" in both.content.decode()
    assert not Ticket.objects.exists()
    sent = client.post(page, ticked | {"confirm": "1", "tracker": tracker.pk})
    assert sent.status_code == 302
    assert TicketFinding.objects.count() == 1
    again = client.post(page, ticked | {"confirm": "1", "tracker": tracker.pk})
    assert again.status_code == 422
    assert Ticket.objects.count() == 1


def test_one_ticket_for_all_of_a_filter(people: People, github: StandIn) -> None:
    found = [make_finding(people.system, title=f"Joined text {n}") for n in range(2)]
    make_finding(people.system, title="Something else")
    tracker, client = connect(github), signed_in(people.security)
    page = "/findings/ticket/?q=Joined"
    seen = client.post(page, {"meant": "all"}).content.decode()
    assert "One ticket for 2 findings." in seen
    assert not Ticket.objects.exists()
    ticked = {"finding": [one.pk for one in found], "confirm": "1", "tracker": tracker.pk}
    client.post(page, ticked)
    assert set(Ticket.objects.get().finding_ids) == {one.pk for one in found}
    nothing = client.post("/findings/ticket/?q=Nowhere", {"meant": "all"}, follow=True)
    assert "choose all of the filter" in nothing.content.decode()


def test_the_page_shows_what_is_left_to_file(people: People, github: StandIn) -> None:
    found = [make_finding(people.system, title=f"Weakness {n}") for n in range(3)]
    tracker, client = connect(github), signed_in(people.security)
    ticked = {"finding": [one.pk for one in found]}
    ticket_file(actor=TESTS, tracker=tracker, subject=found[0])
    seen = client.post("/findings/ticket/", ticked).content.decode()
    assert "One ticket for 2 findings." in seen
    assert "1 of them has a ticket in Issues already and is left out." in seen
    assert "Weakness 0" not in seen
    findings_ticket_file(actor=TESTS, tracker=tracker, findings=found[1:])
    seen = client.post("/findings/ticket/", ticked).content.decode()
    assert "All of them have a ticket in Issues already." in seen
    assert "What leaves" not in seen


def test_over_the_api(people: People, github: StandIn) -> None:
    trivy, grype = sightings(people, "trivy", "grype")
    other = make_finding(people.other_system)
    writer, pk = as_user(people.security), connect(github).pk
    wanted = {"tracker": pk, "finding": trivy.pk, "whole_weakness": True}
    made = writer.post("/tickets", wanted)
    assert made.status_code == 202
    assert sorted(made.json()["findings"]) == [trivy.pk, grype.pk]
    assert writer.post("/tickets", wanted).status_code == 409
    one = make_finding(people.system)
    several = {"tracker": pk, "findings": [one.pk, trivy.pk]}
    assert writer.post("/tickets", several).json()["findings"] == [one.pk]
    refused: list[dict[str, Any]] = [
        {"findings": [one.pk, other.pk]},
        {"findings": []},
        {"findings": [one.pk], "finding": one.pk},
    ]
    for wrong in refused:
        assert problem_fields(writer.post("/tickets", {"tracker": pk} | wrong)) == {"findings"}
    lonely = {"tracker": pk, "whole_weakness": True}
    assert problem_fields(writer.post("/tickets", lonely)) == {"whole_weakness"}
