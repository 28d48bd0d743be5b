"""Runs: one at a time, no gap and no double whatever dies, back-off and the circuit breaker."""

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, EditConflict, Invalid, Missing, NotPermitted
from apps.common.holds import SOURCES
from apps.common.models import OutboxEvent
from apps.common.outgoing import OutgoingFailed
from apps.scans.models import Report
from apps.sources import dispatch, registry
from apps.sources.connectors.types import Connector, Context, Found
from apps.sources.models import Pulled, Source, SourceRun, Trigger
from apps.sources.services import runs as runs_service
from apps.sources.services.runs import run_perform
from apps.sources.services.sources import (
    SourceInput,
    source_delete,
    source_edit,
    source_pause,
    source_run_now,
)
from apps.sources.services.sweep import runs_forget, runs_plan, runs_send_due, sources_wake
from tests.conftest import People
from tests.factories import actor_of, make_source
from tests.sources.conftest import run


class Shelf(Connector):
    """Objects in memory; the cursor counts them, and a test can have it fail anywhere."""

    slug = "shelf"
    name = "Shelf"
    summary = "For tests."
    fields = ()
    things: ClassVar[list[bytes]] = []
    fails_before: ClassVar[int | None] = None
    failure: ClassVar[OutgoingFailed] = OutgoingFailed("cannot-connect", "It is away.")

    def pull(self, context: Context) -> Iterator[Found]:
        for number in range(int(context.cursor.get("next", 0)), len(self.things)):
            if number == self.fails_before:
                raise self.failure
            yield Found([self.things[number]], {"next": number + 1}, filename=f"{number}.json")
        if self.fails_before == len(self.things):
            raise self.failure


@pytest.fixture(autouse=True)
def shelf(settings: Any) -> Iterator[type[Shelf]]:
    settings.SECOPS_CONNECTORS = [*settings.SECOPS_CONNECTORS, "tests.sources.test_runs.Shelf"]
    registry.registry.cache_clear()
    Shelf.things, Shelf.fails_before = [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}'], None
    Shelf.failure = OutgoingFailed("cannot-connect", "It is away.")
    yield Shelf
    registry.registry.cache_clear()


@pytest.fixture
def source(people: People) -> Source:
    return make_source(
        people.system,
        connector="shelf",
        config={},
        interval_minutes=60,
        owner=people.security,
    )


def names() -> list[str]:
    return list(Report.objects.order_by("pk").values_list("filename", flat=True))


def test_a_run_goes_on_where_the_last_one_ended(source: Source) -> None:
    assert run(source).received == 3
    assert source.cursor == {"next": 3}
    Shelf.things = [*Shelf.things, b'{"n": 3}']
    assert run(source).received == 1
    assert names() == ["0.json", "1.json", "2.json", "3.json"]
    told = AuditEntry.objects.filter(action="report.receive", actor_kind="portal")
    assert {entry.object_id for entry in told} == {str(each.pk) for each in Report.objects.all()}


@pytest.mark.parametrize("place", ["_note", "_receive"])
def test_a_death_at_any_step_leaves_neither_gap_nor_double(
    source: Source, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Killed before a report is received, and between receiving it and moving the cursor."""
    real = getattr(runs_service, place)
    for dies_at in (1, 2, 3):
        calls = 0

        def dying(*args: Any, at: int = dies_at) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise KeyboardInterrupt  # nothing of ours catches it, as nothing catches a kill
            return real(*args)

        started = SourceRun.objects.create(source=source, trigger=Trigger.SCHEDULE)
        monkeypatch.setattr(runs_service, place, dying)
        with pytest.raises(KeyboardInterrupt):
            run_perform(started.pk)
        monkeypatch.setattr(runs_service, place, real)
        started.refresh_from_db()
        assert started.state == "running"
        run_perform(started.pk)  # the lease ended; the sweeper sent it again
        started.refresh_from_db()
        assert (started.state, started.attempts) == ("succeeded", 2)
        Shelf.things = [*Shelf.things, *(f'{{"n": {dies_at}{n}}}'.encode() for n in range(3))]
        source.refresh_from_db()
    assert names() == [f"{n}.json" for n in range(9)]
    assert Pulled.objects.count() == Report.objects.count() == 9


def test_what_never_ends_is_given_up(source: Source) -> None:
    fields = {"source": source, "trigger": Trigger.SCHEDULE, "attempts": 20}
    going_on = SourceRun.objects.create(**fields, received=1)
    run_perform(going_on.pk)
    going_on.refresh_from_db()
    assert going_on.state == "succeeded"
    stuck = SourceRun.objects.create(**fields)
    run_perform(stuck.pk)
    stuck.refresh_from_db()
    assert (stuck.state, stuck.error_code) == ("failed", "worker-died")


def test_a_run_is_done_once(source: Source) -> None:
    done = run(source)
    run_perform(done.pk)
    run_perform(10**9)
    assert len(names()) == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_meet(source: Source) -> None:
    started = SourceRun.objects.create(source=source, trigger=Trigger.SCHEDULE)
    held, done = threading.Event(), threading.Event()

    def other() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SOURCES + source.pk])
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(20)
    run_perform(started.pk)
    done.set()
    thread.join(20)
    started.refresh_from_db()
    assert (started.state, started.attempts) == ("queued", 0)


def test_the_database_allows_one_unfinished_run(source: Source) -> None:
    SourceRun.objects.create(source=source, trigger=Trigger.HAND)
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceRun.objects.create(source=source, trigger=Trigger.SCHEDULE)


# --- planning ------------------------------------------------------------------------------------
def test_due_sources_get_one_run_each(
    source: Source, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(dispatch, "pull", lambda run_id: not sent.append(run_id))  # type: ignore[func-returns-value]
    make_source(people.system, connector="shelf", config={})  # by hand only
    paused = make_source(people.system, connector="shelf", config={}, crontab="0 4 * * *")
    source_pause(actor=actor_of(people.security), source=paused, is_paused=True)
    assert runs_send_due() == 1
    planned = SourceRun.objects.get()
    assert (planned.source, planned.trigger, sent) == (source, "schedule", [planned.pk])
    assert runs_send_due() == 0  # its lease has begun
    SourceRun.objects.update(next_send_at=timezone.now())
    assert runs_send_due() == 1  # nobody started it: sent again
    assert SourceRun.objects.count() == 1
    run_perform(planned.pk)
    source.refresh_from_db()
    assert source.next_run_at is not None
    wait = (source.next_run_at - timezone.now()).total_seconds()
    assert 3500 < wait < 3901
    assert runs_plan() == 0


def test_a_dead_broker_loses_nothing(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "pull", lambda _: False)
    assert runs_send_due() == 0
    assert SourceRun.objects.get().state == "queued"


def test_no_source_falls_asleep(source: Source) -> None:
    Source.objects.update(next_run_at=None)
    assert sources_wake() == 1
    runs_plan()
    assert sources_wake() == 0


# --- failing -------------------------------------------------------------------------------------
def test_it_backs_off_breaks_tells_its_owner_and_recovers(
    source: Source, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.sources.schedule.draw", lambda: 0.0)
    Shelf.fails_before = 0
    waits = []
    for _ in range(6):
        ended = run(source)
        assert source.next_run_at is not None
        assert ended.finished_at is not None
        waits.append((source.next_run_at - ended.finished_at).total_seconds())
    assert waits == [60, 120, 240, 480, 21600, 21600]
    assert (source.failures, source.health) == (6, "broken")
    told = OutboxEvent.objects.get(name="source.broken").payload
    assert (told["owner_id"], told["source_id"]) == (people.security.pk, source.pk)
    Shelf.fails_before = None
    assert run(source).received == 3
    assert (source.failures, source.health, source.last_error) == (0, "good", "")
    assert OutboxEvent.objects.filter(name="source.recovered").count() == 1


def test_what_was_received_before_a_failure_stays(source: Source) -> None:
    Shelf.fails_before = 2
    ended = run(source)
    assert (ended.state, ended.received, source.cursor) == ("failed", 2, {"next": 2})
    Shelf.fails_before = None
    assert run(source).received == 1
    assert names() == ["0.json", "1.json", "2.json"]


def test_being_asked_to_wait_never_breaks_the_circuit(source: Source) -> None:
    Shelf.fails_before = 0
    Shelf.failure = OutgoingFailed("rate-limited", "Wait.", retry_after=30_000)
    for _ in range(7):
        run(source)
    assert source.health == "failing"
    assert source.next_run_at is not None
    assert (source.next_run_at - timezone.now()).total_seconds() > 29_000


def test_a_connector_that_crashes_is_a_failed_run(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "pull", lambda *_: 1 / 0)
    assert run(source).error_code == "internal-error"
    Source.objects.update(connector="gone")
    source.refresh_from_db()
    assert run(source).error_code == "configuration"


def test_a_source_that_is_taken_away_while_it_runs(
    source: Source, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pull(self: Shelf, context: Context) -> Iterator[Found]:
        source_delete(actor=actor_of(people.security), source=source)
        yield Found([b"{}"], {})

    monkeypatch.setattr(Shelf, "pull", pull)
    started = SourceRun.objects.create(source=source, trigger=Trigger.HAND)
    run_perform(started.pk)
    assert not SourceRun.objects.exists()


# --- people --------------------------------------------------------------------------------------
def test_run_now(source: Source, people: People) -> None:
    actor = actor_of(people.security)
    made = source_run_now(actor=actor, source=source)
    assert (made.trigger, made.asked_by) == ("hand", people.security.name)
    with pytest.raises(Conflict, match="under way"):
        source_run_now(actor=actor, source=source)
    run_perform(made.pk)
    source_pause(actor=actor, source=source, is_paused=True)
    with pytest.raises(Conflict, match="paused"):
        source_run_now(actor=actor, source=source)


def test_who_may(source: Source, people: People) -> None:
    for person, error in ((people.architect, NotPermitted), (people.outsider, Missing)):
        actor = actor_of(person)
        with pytest.raises(error):
            source_run_now(actor=actor, source=source)
        with pytest.raises(error):
            source_pause(actor=actor, source=source, is_paused=True)
        with pytest.raises(error):
            source_delete(actor=actor, source=source)


def test_a_listing_that_names_a_thing_twice(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pull(self: Shelf, context: Context) -> Iterator[Found]:
        for key in ("a", "b", "a"):
            yield Found([key.encode()], {}, key=key, filename=key)
            yield Found([], {}, key=f"{key} done", is_mark=True)

    monkeypatch.setattr(Shelf, "pull", pull)
    ended = run(source)
    assert (ended.state, ended.received, names()) == ("succeeded", 2, ["a", "b"])


def test_old_runs_are_forgotten_and_what_they_brought_is_not(source: Source) -> None:
    old, new = run(source), run(source)
    SourceRun.objects.filter(pk=old.pk).update(finished_at=timezone.now() - dt.timedelta(days=31))
    assert runs_forget() == 1
    assert SourceRun.objects.get() == new
    assert Pulled.objects.filter(run=None).count() == 3


def test_a_run_that_takes_too_long_goes_on_in_the_next_one(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_service, "LONGEST", -1.0)
    assert [run(source).received for _ in range(3)] == [1, 1, 1]
    assert source.next_run_at is not None
    assert source.next_run_at <= timezone.now()


def said(**fields: Any) -> SourceInput:
    return SourceInput(**{"name": "Edited", "connector": "shelf", **fields})


def test_an_edit_mends_and_another_place_is_read_from_its_beginning(
    source: Source, people: People
) -> None:
    actor = actor_of(people.security)
    run(source)
    Source.objects.update(failures=9, broken_since=timezone.now(), last_error="x")
    same = source_edit(actor=actor, source=source, version=1, content=said(interval_minutes=5))
    assert (same.health, same.cursor, same.version) == ("good", {"next": 3}, 2)
    with pytest.raises(EditConflict):
        source_edit(actor=actor, source=source, version=1, content=said())
    moved = said(connector="https-url", config={"url": "https://a.example.org/x"})
    other = source_edit(actor=actor, source=source, version=2, content=moved)
    assert (other.cursor, other.next_run_at) == ({}, None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"connector": "no"}, "connector"),
        ({"stage": "dream"}, "stage"),
        ({"format": "no"}, "format"),
        ({"interval_minutes": 4}, "interval_minutes"),
        ({"interval_minutes": 60, "crontab": "* * * * *"}, "crontab"),
        ({"crontab": "* * *"}, "crontab"),
        ({"config": {"other": 1}}, "config.other"),
        ({"connector": "https-url"}, "config.url"),
        ({"connector": "https-url", "config": {"url": 7}}, "config.url"),
        ({"connector": "https-url", "config": {"url": "http://a.org/"}}, "config.url"),
        ({"connector": "https-url", "config": {"url": "https://u:p@a.org/"}}, "config.url"),
        ({"connector": "https-url", "config": {"url": "https://a.org:22/"}}, "config.url"),
    ],
)
def test_what_cannot_be_is_named(people: People, fields: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_source(people.system, **{"connector": "shelf", "config": {}, **fields})
    assert set(caught.value.fields) == {named}


# --- the registry --------------------------------------------------------------------------------
class Nameless(Connector):
    slug = "nameless"


def test_a_bad_entry_is_a_sentence_and_not_a_crash(settings: Any) -> None:
    entries = [
        "tests.sources.test_runs.Shelf",
        "tests.sources.test_runs.Shelf",
        "tests.sources.test_runs.names",
        "tests.sources.test_runs.Nameless",
        "no.such.module",
    ]
    loaded = registry.load(entries)
    assert list(loaded.connectors) == ["shelf"]
    assert len(loaded.problems) == 4
