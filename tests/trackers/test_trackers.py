"""Tickets in issue trackers: filed once whatever gets lost, followed, and open to few."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.common.outgoing import OutgoingFailed
from apps.scans.models import Finding
from apps.trackers.models import Ticket, TicketState, Tracker
from apps.trackers.selectors import tickets_visible
from apps.trackers.services.closing import close_due
from apps.trackers.services.filing import MOST_ATTEMPTS, file_due
from apps.trackers.services.following import follow_due
from apps.trackers.services.tickets import ticket_again, ticket_file
from apps.trackers.services.trackers import (
    tracker_create,
    tracker_edit,
    tracker_pause,
    tracker_test,
)
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_item, make_statement
from tests.pages import signed_in, text_of
from tests.servers import Asked, Says, Server
from tests.trackers.standins import KINDS, TOKEN, StandIn

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def connect(there: StandIn, **said: Any) -> Tracker:
    given = {
        "name": "Issues",
        "kind": there.kind,  # type: ignore[attr-defined]
        "url": there.url,
        "project": there.project,
        "username": there.username,
        "labels": ["security"],
        "token": TOKEN,
    }
    return tracker_create(actor=TESTS, **given | said)


def soon() -> None:
    """As if every pause were over."""
    now = timezone.now()
    Ticket.objects.update(next_attempt_at=now)
    Tracker.objects.update(next_attempt_at=now, follow_at=now)


def filed(there: StandIn, finding: Finding, **said: Any) -> Ticket:
    ticket = ticket_file(actor=TESTS, tracker=connect(there), subject=finding, **said)
    file_due()
    ticket.refresh_from_db()
    return ticket


def test_a_finding_becomes_one_issue(people: People, each: StandIn) -> None:
    finding = make_finding(people.system, title="SQL of @everyone", place="app/views.py:7")
    ticket = filed(each, finding)
    (issue,) = each.issues
    assert (ticket.state, ticket.error) == (TicketState.OPEN, "")
    assert ticket.key in {"1", "PAY-1"}
    assert issue.title == "[High] SQL of @everyone"
    assert f"https://portal.example.org/findings/{finding.pk}/" in issue.text
    assert "security" in issue.labels
    assert ticket.marker in issue.text
    assert "app/views.py:7" in issue.text
    entry = AuditEntry.objects.get(action="ticket.filed")
    assert (entry.actor_kind, entry.object_id) == ("portal", str(ticket.pk))
    assert file_due() == 0
    assert each.issues == [issue]


def test_what_was_created_while_the_answer_got_lost_is_found(people: People, each: StandIn) -> None:
    for number in range(3):  # other people's, so that the look goes over pages
        each.add(f"Other {number}", "", [], {})
    each.lost = True
    ticket = filed(each, make_finding(people.system))
    assert (ticket.state, len(each.issues)) == (TicketState.QUEUED, 4)
    assert ticket.error
    assert file_due() == 0  # not before the pause is over
    soon()
    file_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.OPEN
    assert ticket.key in {"4", "PAY-4"}
    assert len(each.issues) == 4
    assert Tracker.objects.get().health == "good"


def test_a_worker_that_died_leaves_a_row_that_is_due_after_its_lease(
    people: People, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = make_finding(people.system)
    with monkeypatch.context() as patch:
        patch.setattr("apps.trackers.services.filing._note", _dies)
        with pytest.raises(KeyboardInterrupt):
            filed(github, finding)
    assert len(github.issues) == 1
    assert file_due() == 0
    soon()
    assert file_due() == 1
    assert Ticket.objects.get().state == TicketState.OPEN
    assert len(github.issues) == 1


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_its_state_is_followed(people: People, each: StandIn) -> None:
    for number in range(4):
        each.add(f"Other {number}", "", [], {})
    ticket = filed(each, make_finding(people.system))
    assert follow_due() == 1
    assert follow_due() == 0  # not again within minutes
    for is_closed, state in ((True, "closed"), (False, "open")):
        each.close(5, is_closed=is_closed)
        soon()
        follow_due()
        ticket.refresh_from_db()
        assert ticket.state == state
    assert AuditEntry.objects.filter(action="ticket.follow").count() == 2
    assert Finding.objects.get().state == "open"


def is_fixed() -> None:
    Finding.objects.update(state="fixed", is_present=False, fixed_at=timezone.now())


def test_what_is_fixed_is_closed_once_for_each_fix(people: People, each: StandIn) -> None:
    tracker = connect(each, closes_fixed=True)
    ticket_file(actor=TESTS, tracker=tracker, subject=make_finding(people.system))
    file_due()
    assert close_due() == 0  # it is not fixed
    is_fixed()
    soon()
    assert close_due() == 1
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.error, each.issues[0].is_closed) == ("closed", "", True)
    assert each.comments == ["SecOps Portal: the newest report no longer sees this."]
    each.close(1, is_closed=False)  # somebody knows better
    soon()
    follow_due()
    assert Ticket.objects.get().state == "open"
    assert close_due() == 0
    is_fixed()  # again
    assert close_due() == 1
    assert each.issues[0].is_closed
    assert len(each.comments) == 2


def test_nothing_is_closed_that_the_connection_does_not_want_closed(
    people: People, github: StandIn
) -> None:
    filed(github, make_finding(people.system))
    is_fixed()
    soon()
    assert close_due() == 0


def test_a_ticket_that_is_gone_there_is_not_asked_for_all_the_time(
    people: People, github: StandIn
) -> None:
    filed(github, make_finding(people.system))
    Tracker.objects.update(closes_fixed=True)
    is_fixed()
    soon()
    github.refusal = Says({}, 410)  # GitHub: the issue was deleted
    assert close_due() == 1
    assert close_due() == 0
    assert Tracker.objects.get().health == "good"
    assert "nothing at this address" in Ticket.objects.get().error


def test_a_risk_statement_becomes_an_issue(people: People, each: StandIn) -> None:
    statement = make_statement(make_item(people.system), published=True)
    ticket_file(actor=TESTS, tracker=connect(each), subject=statement)
    file_due()
    assert each.issues[0].title.startswith(f"{statement.key}: ")
    assert statement.consequence in each.issues[0].text


def test_a_link_says_nothing_of_the_weakness(people: People, github: StandIn) -> None:
    finding = make_finding(people.system, title="SQL injection", place="app/views.py:7")
    filed(github, finding, link_only=True)
    (issue,) = github.issues
    sent = issue.title + issue.text
    assert f"/findings/{finding.pk}/" in sent
    assert not any(word in sent for word in ("SQL", "views.py", "CWE", "High", "Payments"))


def test_text_of_a_finding_does_nothing_in_the_tracker(people: People, server: Server) -> None:
    there = KINDS["gitlab"](server)
    filed(there, make_finding(people.system, title="a\n```\n/close\n@all"))
    (issue,) = there.issues
    assert issue.text.count("```") == 2  # nothing ended the block of code
    assert issue.text.index("/close") < issue.text.rindex("```")
    assert "\n" not in issue.title
    assert issue.raw["confidential"] is True


def test_the_same_is_not_filed_twice(people: People, github: StandIn) -> None:
    finding = make_finding(people.system)
    ticket = filed(github, finding)
    with pytest.raises(Conflict):
        ticket_file(actor=TESTS, tracker=ticket.tracker, subject=finding)
    there = connect(github, name="Elsewhere", system=people.other_system)
    with pytest.raises(Invalid):
        ticket_file(actor=TESTS, tracker=there, subject=finding)


RATE = {"Retry-After": "7200"}


@pytest.mark.parametrize(
    ("says", "state", "words"),
    [
        (Says({}, 401), "queued", "does not let us in"),
        (Says({}, 404), "failed", "nothing at this address"),
        (Says({}, 410), "failed", "nothing at this address"),  # GitHub: issues are switched off
        (Says({}, 422), "failed", "refuses the request"),
        (Says({}, 301), "failed", "moved or renamed"),
        (Says({}, 503), "queued", "HTTP 503"),
        (Says({}, 429, RATE), "queued", "asks us to wait"),
        (
            Says({"message": "You have exceeded a secondary rate limit"}, 403, RATE),
            "queued",
            "wait",
        ),
        (Says(b"<html>", 200), "queued", "no JSON"),
        (Says({"not": "a list"}, 200), "queued", "no list of issues"),
        (Says(b'[{"number": 1}]', 200), "queued", "time that cannot be read"),
    ],
)
def test_odd_answers(people: People, github: StandIn, says: Says, state: str, words: str) -> None:
    github.refusal = says
    ticket = filed(github, make_finding(people.system))
    tracker = Tracker.objects.get()
    assert (ticket.state, tracker.health) == (state, "failing")
    assert words in ticket.error
    assert words in tracker.last_error
    least = 7200 if "Retry-After" in says.headers else 30
    assert (tracker.next_attempt_at - timezone.now()).total_seconds() > least - 5
    assert TOKEN not in ticket.error
    github.refusal = None
    if state == "failed":
        ticket_again(actor=TESTS, ticket=ticket)
    soon()
    file_due()
    assert Ticket.objects.get().state == TicketState.OPEN
    assert len(github.issues) == 1


def test_an_issue_that_was_deleted_is_said_to_be_gone(people: People, each: StandIn) -> None:
    finding = make_finding(people.system)
    ticket = filed(each, finding)
    soon()
    follow_due()
    assert Ticket.objects.get().checked_at is None  # it was filed today
    yesterday = timezone.now() - dt.timedelta(days=1, minutes=1)
    Ticket.objects.update(filed_at=yesterday)
    each.gone.add(1)
    soon()
    follow_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.GONE
    assert Tracker.objects.get().health == "good"
    client = signed_in(people.security)
    assert "It was deleted in the tracker, or moved away." in text_of(
        client, f"/findings/{finding.pk}/"
    )
    client.post(f"/tickets/{ticket.uid}/again/")
    file_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.OPEN
    assert ticket.key in {"2", "PAY-2"}


def test_what_is_there_again_is_open_again(people: People, each: StandIn) -> None:
    """A token that may not read confidential issues for a while sees the rest of the project."""
    ticket = filed(each, make_finding(people.system))
    long_ago = timezone.now() - dt.timedelta(days=2)
    Ticket.objects.update(filed_at=long_ago)
    each.gone.add(1)
    soon()
    follow_due()
    assert Ticket.objects.get().state == TicketState.GONE
    each.gone.clear()
    Ticket.objects.update(checked_at=long_ago)
    Tracker.objects.update(followed_until=timezone.now() + dt.timedelta(hours=1))
    soon()
    follow_due()
    ticket.refresh_from_db()
    assert (ticket.state, ticket.key) in {("open", "1"), ("open", "PAY-1")}


def test_a_token_that_lost_its_rights_makes_nothing_look_deleted(
    people: People, github: StandIn
) -> None:
    filed(github, make_finding(people.system))
    Ticket.objects.update(filed_at=timezone.now() - dt.timedelta(days=2))
    github.refusal = Says({"message": "Not Found"}, 404)
    soon()
    follow_due()
    assert Ticket.objects.get().state == TicketState.OPEN


def test_an_issue_of_jira_that_was_moved_is_followed_by_its_new_key(
    people: People, server: Server
) -> None:
    there = KINDS["jira-cloud"](server)
    filed(there, make_finding(people.system))
    Ticket.objects.update(filed_at=timezone.now() - dt.timedelta(days=2))
    row = there.row(there.issues[0]) | {"key": "CREW-9"}
    server.routes["/rest/api/2/issue/PAY-1"] = Says(row)
    soon()
    follow_due()
    ticket = Ticket.objects.get()
    assert (ticket.key, ticket.state) == ("CREW-9", "open")
    assert ticket.url.endswith("/browse/CREW-9")


def renamed(there: StandIn) -> None:
    """As GitHub answers (301, for what writes 307) and GitLab (301, and 405): the new name by its number."""
    routes, is_lab = there.server.routes, there.kind == "gitlab"  # type: ignore[attr-defined]
    old = "/api/v4/projects/example%2Fpayments" if is_lab else "/repos/example/payments"
    new = "/api/v4/projects/12" if is_lab else "/repositories/12"
    name = "path_with_namespace" if is_lab else "full_name"
    routes[f"{new}/issues"] = there.answer  # type: ignore[attr-defined]
    routes[new] = Says({name: "example/billing", "private": True})

    def moved(asked: Asked) -> Says:
        if asked.method != "GET" and is_lab:
            return Says({"message": "405 Non GET methods are not allowed for moved projects"}, 405)
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        place = {"Location": f"{there.server.url}{asked.path.replace(old, new)}{query}"}
        return Says({"message": "Moved"}, 301 if asked.method == "GET" else 307, place)

    routes[old] = routes[f"{old}/issues"] = moved


@pytest.mark.parametrize("each", ["github", "gitlab"], indirect=True)
def test_a_project_that_was_renamed(people: People, each: StandIn) -> None:
    ticket = filed(each, make_finding(people.system))
    renamed(each)
    each.close(1)
    soon()
    follow_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.CLOSED  # what is read is followed
    other = ticket_file(actor=TESTS, tracker=ticket.tracker, subject=make_finding(people.system))
    file_due()
    other.refresh_from_db()
    assert (other.state, len(each.issues)) == (TicketState.FAILED, 1)  # what writes is not
    assert "moved or renamed" in other.error
    with pytest.raises(OutgoingFailed, match="It is called example/billing now"):
        tracker_test(actor=TESTS, tracker=ticket.tracker)
    said: dict[str, Any] = {
        "name": "Issues", "kind": each.kind, "url": each.url, "version": None  # type: ignore[attr-defined]
    }  # fmt: skip
    with pytest.raises(Invalid):
        tracker_edit(actor=TESTS, tracker=ticket.tracker, project="example/other", **said)
    tracker_edit(actor=TESTS, tracker=ticket.tracker, project="example/billing", **said)
    assert Tracker.objects.get().project == "example/billing"


def test_a_redirect_to_another_server_is_not_followed(people: People, github: StandIn) -> None:
    filed(github, make_finding(people.system))
    github.refusal = Says({}, 301, {"Location": "https://elsewhere.example.org/issues"})
    soon()
    follow_due()
    assert "another server" in Tracker.objects.get().last_error


def test_a_redirect_in_a_circle_ends(people: People, github: StandIn) -> None:
    filed(github, make_finding(people.system))
    place = {"Location": f"{github.server.url}/repos/example/payments/issues"}
    github.refusal = Says({}, 301, place)
    soon()
    follow_due()
    assert "moved or renamed" in Tracker.objects.get().last_error


def test_it_is_given_up_and_not_tried_for_ever(people: People, github: StandIn) -> None:
    github.refusal = Says({}, 503)
    ticket = filed(github, make_finding(people.system))
    Ticket.objects.update(attempts=MOST_ATTEMPTS - 1)
    soon()
    file_due()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.FAILED


def test_a_test_says_what_is_wrong(people: People, each: StandIn) -> None:
    tracker = connect(each)
    assert "is there" in tracker_test(actor=TESTS, tracker=tracker)
    assert each.issues == []
    each.authorization = "Bearer another"
    with pytest.raises(OutgoingFailed, match="credential is missing, wrong or too weak"):
        tracker_test(actor=TESTS, tracker=tracker)


def test_a_test_knows_projects_without_issues(people: People, server: Server) -> None:
    path = "/repos/example/payments"
    tracker = connect(KINDS["github"](server))
    server.routes[path] = Says({"has_issues": False})
    with pytest.raises(OutgoingFailed, match="switched off"):
        tracker_test(actor=TESTS, tracker=tracker)
    jira = connect(KINDS["jira-server"](server), name="Jira", issue_type="Story")
    with pytest.raises(OutgoingFailed, match=r"no issue type Story\. It has: Bug, Task"):
        tracker_test(actor=TESTS, tracker=jira)


def test_a_paused_tracker_is_left_alone(people: People, github: StandIn) -> None:
    tracker = connect(github)
    ticket_file(actor=TESTS, tracker=tracker, subject=make_finding(people.system))
    tracker_pause(actor=TESTS, tracker=tracker, is_paused=True)
    assert file_due() == 0
    tracker_pause(actor=TESTS, tracker=tracker, is_paused=False)
    assert file_due() == 1


def test_a_token_is_sealed_and_stays_with_its_address(people: People, github: StandIn) -> None:
    tracker = connect(github)
    assert TOKEN.encode() not in bytes(tracker.sealed)
    said: dict[str, Any] = {
        "name": "Issues", "kind": "github", "project": github.project, "version": None
    }  # fmt: skip
    with pytest.raises(Invalid) as raised:
        tracker_edit(actor=TESTS, tracker=tracker, url="https://elsewhere.example.org", **said)
    assert "token" in raised.value.fields
    tracker_edit(actor=TESTS, tracker=tracker, url=github.url, **said)
    assert "is there" in tracker_test(actor=TESTS, tracker=tracker)
    assert TOKEN not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_a_token_moves_to_a_new_key(people: People, github: StandIn, settings: Any) -> None:
    tracker = connect(github)
    old, new = settings.SECOPS_CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    settings.SECOPS_CREDENTIAL_KEYS = [new, old]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = [new]
    tracker.refresh_from_db()
    assert "is there" in tracker_test(actor=TESTS, tracker=tracker)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"project": "../etc"}, "project"),
        ({"project": "example"}, "project"),
        ({"url": "http://10.1.2.3:99"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"kind": "bugzilla"}, "kind"),
        ({"token": ""}, "token"),
        ({"token": "a\nb"}, "token"),
        ({"labels": ["a b"]}, "labels"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_connected(
    people: People, github: StandIn, said: dict[str, Any], name: str
) -> None:
    with pytest.raises(Invalid) as raised:
        connect(github, **said)
    assert name in raised.value.fields
    assert not Tracker.objects.exists()


def test_who_may(people: People, github: StandIn) -> None:
    with pytest.raises(NotPermitted):
        tracker_create(actor=actor_of(people.chief), token=TOKEN, name="x", kind="github",
                       url=github.url, project=github.project)  # fmt: skip
    tracker, finding = connect(github), make_finding(people.system)
    with pytest.raises(NotPermitted):
        ticket_file(actor=actor_of(people.architect), tracker=tracker, subject=finding)
    with pytest.raises(Missing):
        ticket_file(actor=actor_of(people.outsider), tracker=tracker, subject=finding)
    ticket_file(actor=actor_of(people.security), tracker=tracker, subject=finding)
    assert tickets_visible(actor_of(people.viewer)).count() == 1
    assert not tickets_visible(actor_of(people.outsider)).exists()


def test_over_the_api(people: People, github: StandIn) -> None:
    admin, writer = as_user(people.admin), as_user(people.security)
    given = {
        "name": "Issues", "kind": "github", "url": github.url,
        "project": github.project, "token": TOKEN,
    }  # fmt: skip
    made = admin.post("/trackers", given)
    assert made.status_code == 201
    assert TOKEN not in made.content.decode()
    pk = made.json()["id"]
    assert admin.post(f"/trackers/{pk}/test", {}).json()["works"] is True
    finding = make_finding(people.system)
    wanted = {"tracker": pk, "finding": finding.pk, "link_only": True}
    first = writer.post("/tickets", wanted)
    assert first.status_code == 202
    assert writer.post("/tickets", wanted).status_code == 409
    assert problem_fields(writer.post("/tickets", {"tracker": pk})) == {"finding"}
    file_due()
    uid = first.json()["uid"]
    assert writer.get(f"/tickets/{uid}").json()["state"] == "open"
    assert as_user(people.outsider).get(f"/tickets/{uid}").status_code == 404
    assert as_user(people.viewer).post("/tickets", wanted).status_code == 403
    assert as_user(people.security).get("/trackers").status_code == 403
    assert as_pipeline(people.system).get("/tickets").status_code == 403


def test_on_the_pages(people: People, github: StandIn) -> None:
    connect(github)
    finding = make_finding(people.system, title="SQL injection")
    page = f"/findings/{finding.pk}/ticket/"
    client = signed_in(people.security)
    assert "A weakness leaves the portal" in text_of(client, page)
    tracker = Tracker.objects.get()
    assert client.post(page, {"tracker": tracker.pk}).status_code == 302
    file_due()
    github.close(1)
    soon()
    follow_due()
    shown = text_of(client, f"/findings/{finding.pk}/")
    assert "The ticket is closed, but the newest report still sees the finding." in shown
    assert client.post(page, {"tracker": tracker.pk}).status_code == 422
    assert signed_in(people.outsider).get(page).status_code == 404
    assert signed_in(people.viewer).get(page).status_code == 403
    admin = signed_in(people.admin)
    assert "[High] SQL injection" in text_of(admin, f"/trackers/{tracker.pk}/")
    assert "Issues" in text_of(admin, "/trackers/")
    tested = admin.post(f"/trackers/{tracker.pk}/test/", follow=True)
    assert "example/payments is there (private)" in tested.content.decode()
    statement = make_statement(make_item(people.system), published=True)
    assert "File a ticket" in text_of(client, f"/risks/RS-{statement.pk}/")
    assert "With a link only" in text_of(client, f"/risks/RS-{statement.pk}/ticket/")
