"""Issues that become planning items: once each, followed until somebody writes otherwise, never deciding."""

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import EditConflict, Invalid, NotPermitted
from apps.common.holds import MIRRORS
from apps.common.outgoing import OutgoingFailed
from apps.planning.models import ItemStatus, PlanningItem
from apps.planning.services.items import item_create, item_edit
from apps.trackers.clients.types import Seen
from apps.trackers.clients.wiki import markdown_of
from apps.trackers.models import Mirror, MirroredIssue, Tracker
from apps.trackers.selectors import origin_of_item
from apps.trackers.services.following import follow_due
from apps.trackers.services.mirrored import issues_follow
from apps.trackers.services.mirroring import mirror_due
from apps.trackers.services.mirrors import mirror_run_now, mirror_save, mirror_try
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding
from tests.pages import signed_in, text_of
from tests.servers import Says, Server
from tests.trackers.standins import KINDS, StandIn
from tests.trackers.test_trackers import TESTS, connect, filed, soon

pytestmark = pytest.mark.django_db


def rule_of(there: StandIn) -> str:
    return "labels = planning" if there.kind.startswith("jira") else "planning"  # type: ignore[attr-defined]


def mirrored(there: StandIn, people: People, *, name: str = "Issues", **said: Any) -> Mirror:
    given: dict[str, Any] = {
        "is_on": True, "rule": rule_of(there), "system": people.system, "routes": {},
        "kind": "epic", "stage": "plan",
    }  # fmt: skip
    tracker = Tracker.objects.filter(name=name).first() or connect(there, name=name)
    return mirror_save(actor=TESTS, tracker=tracker, version=None, **given | said)


def again() -> None:
    soon()
    Mirror.objects.update(next_run_at=timezone.now())
    mirror_due()


def test_an_open_issue_becomes_one_item(people: People, each: StandIn) -> None:
    each.add(
        "Receive  invoices\nby upload", "Where do they go?\r\n\r\nAnd who checks?", ["planning"], {}
    )
    each.add("Something else", "", [], {})
    each.add("Long done", "", ["planning"], {})
    each.close(3)
    mirrored(each, people)
    assert mirror_due() == 1
    item = PlanningItem.objects.get()
    assert (item.title, item.kind, item.status) == ("Receive invoices by upload", "epic", "open")
    assert item.question == "Where do they go?\n\nAnd who checks?"
    assert item.tracker_key in {"example/payments#1", "PAY-1"}
    assert item.tracker_url.endswith(("/issues/1", "/browse/PAY-1"))
    assert AuditEntry.objects.get(action="item.create").actor_label == "portal: trackers"
    again()
    assert PlanningItem.objects.count() == 1
    mirror = Mirror.objects.get()
    assert (mirror.last_error, mirror.last_new) == ("", 0)


def test_what_comes_later_and_over_pages_is_found(people: People, each: StandIn) -> None:
    for number in range(5):  # pages of two
        each.add(f"Epic {number}", "", ["planning"], {})
    mirrored(each, people)
    mirror_due()
    assert PlanningItem.objects.count() == 5
    each.add("Epic 5", "", ["planning"], {})
    again()
    assert set(PlanningItem.objects.values_list("title", flat=True)) == {
        f"Epic {number}" for number in range(6)
    }


def test_an_issue_that_changes_while_pages_are_read_hides_none(
    people: People, github: StandIn
) -> None:
    """It leaves the first page, so that what was first on the second moves to the first."""
    for number in range(6):
        github.add(f"Epic {number}", "", ["planning"], {})
    answer, asked = github.answer, list[str]()  # type: ignore[attr-defined]

    def meddled(request: Any) -> Says:
        says: Says = answer(request)
        if not asked:
            github.issues[0].updated = github.tick()
        asked.append(request.path)
        return says

    github.server.routes["/repos/example/payments/issues"] = meddled
    mirrored(github, people)
    mirror_due()
    assert PlanningItem.objects.count() == 6


def test_many_of_the_same_second_are_read(people: People, each: StandIn) -> None:
    for number in range(7):
        each.add(f"Epic {number}", "", ["planning"], {}).updated = each.clock
    mirrored(each, people)
    mirror_due()
    assert PlanningItem.objects.count() == 7


def test_it_follows_until_somebody_writes_otherwise(people: People, each: StandIn) -> None:
    issue = each.add("Upload", "First", ["planning"], {})
    mirrored(each, people)
    mirror_due()
    issue.title, issue.text, issue.updated = "Upload of invoices", "Second", each.tick()
    again()
    item = PlanningItem.objects.get()
    assert (item.title, item.question) == ("Upload of invoices", "Second")
    writer = actor_of(people.architect)
    item_edit(actor=writer, item=item, version=item.version, title="Mine", question="Second\r\n")
    issue.title, issue.text, issue.updated = "Theirs", "Third", each.tick()
    again()
    item.refresh_from_db()
    assert (item.title, item.question) == ("Mine", "Third")  # each field by itself
    origin = origin_of_item(writer, item)
    assert origin is not None
    assert (origin.differs_in, origin.link.title) == (["title"], "Theirs")
    client = signed_in(people.architect)
    page = f"/planning/PI-{item.pk}/"
    assert "It differs from the tracker" in text_of(client, page)
    old = {"version": item.version - 1}
    client.post(f"{page}tracker/take-over/", old)  # somebody wrote meanwhile
    item.refresh_from_db()
    assert item.title == "Mine"
    client.post(f"{page}tracker/take-over/", {"version": item.version})
    item.refresh_from_db()
    assert item.title == "Theirs"
    assert "It differs from the tracker" not in text_of(client, page)
    issue.title, issue.updated = "Theirs, again", each.tick()
    again()
    item.refresh_from_db()
    assert item.title == "Theirs, again"


def test_what_another_worker_noted_meanwhile_is_nobodys_own_words(
    people: People, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.add("First", "", ["planning"], {})
    tracker = mirrored(github, people).tracker
    mirror_due()
    lock = PlanningItem.objects.select_for_update

    def after_the_other(**words: Any) -> Any:
        MirroredIssue.objects.update(title="Second")
        PlanningItem.objects.update(title="Second")
        return lock(**words)

    monkeypatch.setattr(PlanningItem.objects, "select_for_update", after_the_other)
    one = MirroredIssue.objects.get()
    seen = Seen(
        id=one.external_id, key=one.key, url=one.url, title="Third", is_closed=False,
        updated_at=timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        assert issues_follow(tracker, [seen]) == 1
    monkeypatch.undo()
    assert PlanningItem.objects.get().title == "Third"


def test_two_connections_to_one_project_take_turns(people: People, github: StandIn) -> None:
    github.add("Upload", "Text", ["planning"], {})
    mirrored(github, people)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIRRORS])
        with connection.cursor() as ours:
            ours.execute("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            mirror_due()
        with other.cursor() as cursor:  # a session that is closed lets go a moment later
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIRRORS])
    finally:
        other.close()
    assert not MirroredIssue.objects.exists()
    again()
    assert MirroredIssue.objects.count() == 1


def test_closing_there_is_shown_and_decides_nothing(people: People, each: StandIn) -> None:
    each.add("Upload", "", ["planning"], {})
    mirrored(each, people)
    mirror_due()
    each.issues[0].labels.clear()  # the rule names it no more
    each.close(1)
    soon()
    follow_due()
    item = PlanningItem.objects.get()
    assert item.status == ItemStatus.OPEN
    assert AuditEntry.objects.filter(action="item.mirrored_state").count() == 1
    page = f"/planning/PI-{item.pk}/"
    assert "Closed in the tracker" in text_of(signed_in(people.viewer), page)
    assert "Set it to done here" not in text_of(signed_in(people.viewer), page)
    version = {"version": item.version}
    assert signed_in(people.viewer).post(f"{page}tracker/finish/", version).status_code == 403
    assert signed_in(people.outsider).post(f"{page}tracker/finish/", version).status_code == 404
    client = signed_in(people.architect)
    assert "Set it to done here" in text_of(client, page)
    client.post(f"{page}tracker/finish/", version)
    assert PlanningItem.objects.get().status == ItemStatus.DONE
    each.close(1, is_closed=False)
    soon()
    follow_due()
    assert PlanningItem.objects.get().status == ItemStatus.DONE
    assert "Done here; in the tracker it is open." in text_of(client, page)


def test_a_label_says_of_which_system(people: People, each: StandIn) -> None:
    each.add("Here", "", ["planning"], {})
    each.add("There", "", ["planning", "Crew"], {})
    mirrored(each, people, system=None, routes={"crew": people.other_system})
    mirror_due()
    (item,) = PlanningItem.objects.all()
    assert (item.title, item.system) == ("There", people.other_system)
    assert Mirror.objects.get().last_left_out == 1


def test_what_is_confidential_there_makes_no_item(people: People, server: Server) -> None:
    for kind in ("gitlab", "jira-server"):
        there = KINDS[kind](server)
        raw = {"confidential": True, "security": {"name": "Security team"}}
        there.add("The key leaked", "", ["planning"], raw)
        mirrored(there, people, name=kind)
    assert mirror_due() == 2
    assert not PlanningItem.objects.exists()


def test_a_ticket_of_the_portal_makes_no_item(people: People, each: StandIn) -> None:
    filed(each, make_finding(people.system))
    each.issues[0].labels.append("planning")
    each.issues[0].raw["confidential"] = False
    mirrored(each, people)
    mirror_due()
    assert not PlanningItem.objects.exists()
    each.add("Copy", each.issues[0].text, ["planning"], {})
    again()
    assert not PlanningItem.objects.exists()


def test_an_item_that_refers_to_the_issue_becomes_the_mirrored_one(
    people: People, each: StandIn
) -> None:
    each.add("Upload", "Text", ["planning"], {})
    key = "PAY-1" if each.project == "PAY" else "example/payments#1"
    item = item_create(actor=TESTS, system=people.system, title="My name", tracker_key=key)
    elsewhere = item_create(actor=TESTS, system=people.other_system, title="x", tracker_key=key)
    mirrored(each, people)
    mirror_due()
    item.refresh_from_db()
    assert item.title == "My name"
    assert MirroredIssue.objects.get().item == item
    assert PlanningItem.objects.count() == 2
    assert origin_of_item(TESTS, elsewhere) is None


def test_an_item_of_another_system_does_not_get_the_issue(people: People, each: StandIn) -> None:
    """Whoever writes items anywhere would read an issue by typing its address."""
    each.add("Acquisition of Harbour Ltd", "Not a word to anybody", ["planning"], {})
    mirrored(each, people)
    mirror_due()
    address = PlanningItem.objects.get().tracker_url
    PlanningItem.objects.all().delete()
    Mirror.objects.update(seen_until=None)
    bait = item_create(actor=TESTS, system=people.other_system, title="Bait", tracker_url=address)
    again()
    assert origin_of_item(TESTS, bait) is None
    link = MirroredIssue.objects.get()
    assert link.item.system == people.system
    page = text_of(signed_in(people.outsider), f"/planning/PI-{bait.pk}/")
    assert "Not a word" not in page


def test_hostile_words_are_bounded(people: People, github: StandIn) -> None:
    text = "a\x00b\x85c\u202e" + "<script>alert(1)</script>" + "x" * 30_000
    github.add("T\x00\u202eitle " * 100, text, ["planning"], {})
    github.add("\x00 ", "", ["planning"], {})
    mirrored(github, people)
    mirror_due()
    second, first = PlanningItem.objects.all()
    assert len(first.title) == 200
    assert first.title.startswith("Title Title")
    assert (len(first.question), first.question[:3]) == (20_000, "abc")
    assert second.title == "2"
    shown = signed_in(people.viewer).get(f"/planning/PI-{first.pk}/").content.decode()
    assert "<script>alert" not in shown


@pytest.mark.parametrize(
    ("says", "words", "rests"),
    [
        (Says({}, 404), "nothing at this address", False),
        (Says({}, 401), "does not let us in", True),
        (Says({}, 429, {"Retry-After": "7200"}), "asks us to wait", True),
        (Says(b"<html>", 200), "no JSON", True),
        (Says({"not": "a list"}, 200), "no list of issues", True),
    ],
)
def test_odd_answers(people: People, github: StandIn, says: Says, words: str, rests: bool) -> None:
    github.add("Upload", "", ["planning"], {})
    mirror = mirrored(github, people)
    github.refusal = says
    mirror_due()
    mirror.refresh_from_db()
    assert words in mirror.last_error
    assert (Tracker.objects.get().health == "failing") is rests
    assert mirror_due() == 0  # not at once again
    github.refusal = None
    again()
    mirror.refresh_from_db()
    assert (mirror.last_error, PlanningItem.objects.count()) == ("", 1)


def test_a_rule_that_jira_does_not_take_is_said(people: People, server: Server) -> None:
    mirrored(KINDS["jira-cloud"](server), people, rule="labels in (")
    mirror_due()
    assert "Jira does not take the rule" in Mirror.objects.get().last_error
    assert Tracker.objects.get().health == "new"


def test_a_worker_that_died_in_between_makes_nothing_twice(
    people: People, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        github.add(f"Epic {number}", "", ["planning"], {})
    mirrored(github, people)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("apps.trackers.services.mirroring._note_success", dies)
        with pytest.raises(KeyboardInterrupt):
            mirror_due()
    assert mirror_due() == 0  # its lease
    again()
    assert PlanningItem.objects.count() == 5
    Mirror.objects.update(seen_until=None)  # everything once more
    again()
    assert PlanningItem.objects.count() == 5


def test_a_run_is_bounded_and_goes_on(
    people: People, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.trackers.services.mirroring.MOST_NEW", 2)
    for number in range(5):
        github.add(f"Epic {number}", "", ["planning"], {})
    mirrored(github, people)
    mirror_due()
    assert PlanningItem.objects.count() == 2
    soonest = timezone.now() + dt.timedelta(minutes=1)
    assert Mirror.objects.get().next_run_at < soonest
    again()
    again()
    assert PlanningItem.objects.count() == 5


def test_a_trial_writes_nothing(people: People, each: StandIn) -> None:
    each.add("Upload", "", ["planning"], {})
    each.add("Private", "", ["planning"], {"confidential": True, "security": {"name": "x"}})
    said: dict[str, Any] = {
        "is_on": False, "rule": rule_of(each), "system": people.system, "routes": {},
        "kind": "epic", "stage": "plan",
    }  # fmt: skip
    found = mirror_try(actor=TESTS, tracker=connect(each), **said)
    assert [one.title for one in found.rows] == ["Upload", "Private"]
    assert found.rows[0].system == people.system
    assert not PlanningItem.objects.exists()
    assert not Mirror.objects.exists()
    each.refusal = Says({}, 503)
    with pytest.raises(OutgoingFailed):
        mirror_try(actor=TESTS, tracker=Tracker.objects.get(), **said)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"rule": " "}, "rule"),
        ({"rule": "a,,b"}, "rule"),
        ({"rule": "a\x00"}, "rule"),
        ({"system": None}, "system"),
        ({"kind": "bug"}, "kind"),
        ({"stage": "later"}, "stage"),
    ],
)
def test_what_cannot_be_said(
    people: People, github: StandIn, said: dict[str, Any], name: str
) -> None:
    with pytest.raises(Invalid) as raised:
        mirrored(github, people, **said)
    assert name in raised.value.fields
    assert not Mirror.objects.exists()


def test_jira_orders_them_itself_and_systems_fit_the_tracker(
    people: People, server: Server
) -> None:
    there = KINDS["jira-server"](server)
    with pytest.raises(Invalid) as raised:
        mirrored(there, people, rule="labels = planning ORDER BY created")
    assert "ORDER BY" in str(raised.value.fields)
    Tracker.objects.update(system=people.other_system)
    with pytest.raises(Invalid) as raised:
        mirrored(there, people)
    assert set(raised.value.fields) == {"system"}


def test_who_may_and_which_version(people: People, github: StandIn) -> None:
    mirror = mirrored(github, people)
    said: dict[str, Any] = {
        "is_on": False, "rule": "", "system": None, "routes": {}, "kind": "epic", "stage": "plan"
    }  # fmt: skip
    with pytest.raises(NotPermitted):
        mirror_save(actor=actor_of(people.chief), tracker=mirror.tracker, version=None, **said)
    with pytest.raises(NotPermitted):
        mirror_run_now(actor=actor_of(people.security), tracker=mirror.tracker)
    with pytest.raises(EditConflict):
        mirror_save(actor=actor_of(people.admin), tracker=mirror.tracker, version=7, **said)
    mirror_save(
        actor=actor_of(people.admin), tracker=mirror.tracker, version=mirror.version, **said
    )
    github.add("Upload", "", ["planning"], {})
    again()
    assert not PlanningItem.objects.exists()


def test_without_its_tracker_an_item_stays(people: People, github: StandIn) -> None:
    github.add("Upload", "", ["planning"], {})
    mirrored(github, people)
    mirror_due()
    Tracker.objects.all().delete()
    item = PlanningItem.objects.get()
    assert item.tracker_key == "example/payments#1"
    assert origin_of_item(TESTS, item) is None


def test_an_issue_that_was_deleted_leaves_its_item(people: People, github: StandIn) -> None:
    github.add("Upload", "", ["planning"], {})
    mirrored(github, people)
    mirror_due()
    path = "/repos/example/payments/issues/1"
    github.server.routes[path] = Says({"message": "This issue was deleted"}, 410)
    MirroredIssue.objects.update(made_at=timezone.now() - dt.timedelta(days=2))
    soon()
    follow_due()
    item = PlanningItem.objects.get()
    assert item.status == ItemStatus.OPEN
    assert "No longer in the tracker" in text_of(signed_in(people.viewer), f"/planning/{item.key}/")
    github.issues[0].updated = github.tick()  # it is there again
    again()
    assert MirroredIssue.objects.get().gone_at is None


def test_on_the_pages(people: People, github: StandIn) -> None:
    github.add("Upload of invoices", "", ["planning"], {})
    tracker = connect(github)
    admin, page = signed_in(people.admin), f"/trackers/{tracker.pk}/"
    assert "Choose issues" in text_of(admin, page)
    given = {"is_on": "on", "rule": "planning", "system": people.system.key, "kind": "epic",
             "stage": "plan", "routes": "crew = nothing", "version": "1"}  # fmt: skip
    refused = admin.post(f"{page}mirror/", given)
    assert refused.status_code == 422
    assert "names no system" in refused.content.decode()
    given["routes"] = f"crew = {people.other_system.key}"
    tried = admin.post(f"{page}mirror/", given | {"try": "1"}).content.decode()
    assert "Upload of invoices" in tried
    assert "Nothing was saved." in tried
    assert not Mirror.objects.exists()
    assert admin.post(f"{page}mirror/", given).status_code == 302
    mirror_due()
    shown = text_of(admin, page)
    assert "1 new, 0 followed, 0 left out" in shown
    assert "Run now" in shown
    assert admin.post(f"{page}mirror/run/").status_code == 302
    assert signed_in(people.security).get(f"{page}mirror/").status_code == 403
    item_create(actor=TESTS, system=people.system, title="Written by hand")
    reader = signed_in(people.viewer)
    assert "Written by hand" not in text_of(reader, "/planning/?origin=tracker")
    assert "Upload of invoices" in text_of(reader, "/planning/?origin=tracker")
    assert "Upload of invoices" not in text_of(reader, "/planning/?origin=portal&view=board")
    item = PlanningItem.objects.get(title="Upload of invoices")
    assert "Mirrored from" in text_of(reader, f"/planning/PI-{item.pk}/")


def test_over_the_api(people: People, github: StandIn) -> None:
    github.add("Upload of invoices", "Text", ["planning", "crew"], {})
    admin, pk = as_user(people.admin), connect(github).pk
    path = f"/trackers/{pk}/mirror"
    assert admin.get(path).json()["tells_decisions"] is False
    assert admin.get(path).json()["on"] is False
    assert admin.post(f"{path}/run", {}).status_code == 409
    wanted = {"on": True, "rule": "planning", "system": people.system.key,
              "routes": [{"label": "crew", "system": people.other_system.key}]}  # fmt: skip
    tried = admin.post(f"{path}/try", wanted).json()
    assert tried["issues"][0]["system"]["key"] == people.other_system.key
    assert problem_fields(admin.post(f"{path}/try", {"system": "nothing"})) == {"system"}
    made = admin.patch(path, wanted, if_match='"1"')
    assert made.status_code == 200, made.content
    assert made.json()["routes"][0]["label"] == "crew"
    assert admin.patch(path, {"on": False}, if_match='"1"').status_code == 412
    assert admin.post(f"{path}/run", {}).status_code == 202
    mirror_due()
    assert admin.get(path).json()["mirrored"] == 1
    item = PlanningItem.objects.get()
    listed = admin.get("/items?origin=tracker").json()["results"]
    assert [one["key"] for one in listed] == [item.key]
    assert admin.get("/items?origin=portal").json()["results"] == []
    item_edit(actor=TESTS, item=item, version=None, question="Other")
    origin = admin.get(f"/items/{item.key}/tracker").json()
    assert (origin["key"], origin["differs_in"]) == ("1", ["question"])
    assert as_user(people.viewer).post(f"/items/{item.key}/tracker/take-over", {}).status_code in {
        403,
        404,
    }
    taken = admin.post(f"/items/{item.key}/tracker/take-over", {})
    assert taken.json()["question"] == "Text"
    assert as_user(people.security).get(path).status_code == 403
    assert as_pipeline(people.system).get(path).status_code == 403


# Jira's "Text Formatting Notation Help"; right: CommonMark.
@pytest.mark.parametrize(
    ("wiki", "markdown"),
    [
        ("h2. Upload\nText", "## Upload\nText"),
        ("* one\n** two\n# three", "- one\n   - two\n1. three"),
        ("*bold* and a*b*c", "**bold** and a*b*c"),
        ("{{mono}} [text|https://example.org/a]", "`mono` [text](https://example.org/a)"),
        ("{code:java}\nint *a*;\n{code}", "\n```\nint *a*;\n```\n"),
        ("{quote}a\nb{quote}", "\n> a\n> b\n"),
        ("bq. said", "> said"),
        ("{color:red}red{color} !image.png|width=3!", "red image.png"),
        ("----\n-- dash", "----\n-- dash"),
        ("{code}open", "{code}open"),
    ],
)
def test_jiras_markup_is_read(wiki: str, markdown: str) -> None:
    assert markdown_of(wiki) == markdown
