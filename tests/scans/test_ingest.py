"""What becomes of reports that cannot be processed, or not yet, or only at the next try."""

import contextlib
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.common.errors import Conflict, Missing, NotPermitted
from apps.common.holds import REPORTS
from apps.common.models import OutboxEvent
from apps.scans import registry
from apps.scans.models import Finding, Presence, Report, Series
from apps.scans.services.ingest import report_ingest
from apps.scans.services.receive import report_reprocess
from tests.conftest import People
from tests.factories import actor_of, make_ci_token, make_system
from tests.scans.fish import fish, shoal
from tests.scans.reports import TESTS, Weakness, post, process, receive, sarif, told, weaknesses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
FISH = "tests.scans.fish.Fish"


@pytest.fixture
def system(db: None) -> System:
    return make_system("payments", "Payments")


@pytest.fixture
def fish_is_read(settings: Any) -> Iterator[None]:
    """The portal also reads the format of the tests."""
    settings.SECOPS_FORMATS = [*settings.SECOPS_FORMATS, FISH]
    registry.registry.cache_clear()
    yield
    registry.registry.cache_clear()


def nothing_is_written() -> bool:
    return not (Finding.objects.exists() or Presence.objects.exists() or Series.objects.exists())


def later() -> None:
    """Let the pause before the next attempt be over."""
    Report.objects.update(not_before=timezone.now() - dt.timedelta(hours=1))


def until_nobody_holds(key: int) -> None:
    """A connection that closed is one that PostgreSQL has yet to notice."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if cursor.fetchone()[0]:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
                return
        time.sleep(0.02)
    pytest.fail("the lock was never given back")


# --- what a report says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark", ["\t", "\n", "\r", "\\", "\\N", "\\.", "\\t", '"{,}"', "\N{SNOWMAN}"]
)
def test_texts_are_kept_as_they_are(mark: str, system: System) -> None:
    """Also what PostgreSQL's COPY gives a meaning to: columns, rows, escapes, NULL and the end."""
    code = f"a{mark}b{mark}{mark}c"
    odd = Weakness(rule=f"r{mark}1", path=f"app/d{mark.replace(chr(92), '-')}e.py", code=code)
    assert told(post(system, sarif([odd, *weaknesses(1, 2)]))) == (3, 0, 0, 0)
    finding = Finding.objects.select_related("detail").get(rule_id=odd.rule)
    assert (finding.path, finding.place) == (odd.path, f"{odd.path}:10")
    assert finding.detail.facts["snippet"] == code
    assert json.loads(finding.detail.raw)["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 10,
        "snippet": {"text": code},
    }


# --- what is wrong with a report -----------------------------------------------------------------


def test_truncated_json_is_refused_with_the_reason_and_the_place(system: System) -> None:
    content = sarif(weaknesses(*range(50)))[:-40]
    report = post(system, content)
    assert (report.state, report.error_reason) == ("failed", "truncated")
    assert "ends" in report.error_message
    assert report.finished_at is not None
    assert nothing_is_written()
    event = OutboxEvent.objects.get()
    assert (event.name, event.payload) == (
        "report.failed",
        {"report_id": report.pk, "reason": "truncated"},
    )
    entry = AuditEntry.objects.get(action="report.fail")
    assert entry.changes["reason"] == "truncated"


def test_the_place_of_an_error_is_told(system: System) -> None:
    """A wrong byte in the middle: the message says which one."""
    content = sarif(weaknesses(1, 2)).replace(b'"results"', b'"results\xff"')
    report = post(system, content, format="sarif")
    assert (report.state, report.error_reason) == ("failed", "encoding")
    assert report.error_location == f"byte {content.index(0xFF)}"


@pytest.mark.parametrize("content", [b"Dear all,\nthe scan went well.\n", b"%PDF-1.7", b'{"a": 1}'])
def test_what_nobody_reads(content: bytes, system: System) -> None:
    report = post(system, content)
    assert (report.state, report.error_reason) == ("failed", "unknown-format")


def test_what_several_read_is_not_guessed(system: System) -> None:
    """An empty array is what many tools write of a clean run."""
    report = post(system, b"[]")
    assert (report.state, report.error_reason) == ("failed", "ambiguous-format")
    assert "gitleaks" in report.error_message
    named = post(system, b"[]", format="gitleaks")
    assert (named.state, named.total) == ("processed", 0)


def test_a_stage_that_the_tool_is_not_of_is_kept_and_told(system: System) -> None:
    report = post(system, sarif(weaknesses(1)), stage="operate")
    assert (report.state, report.series and report.series.stage) == ("processed", "operate")
    assert any("filed under operate" in text for text in report.warnings)


def test_more_findings_than_the_limit_are_not_cut_silently(system: System, settings: Any) -> None:
    settings.SECOPS_MAX_FINDINGS = 10
    assert post(system, sarif(weaknesses(*range(10)))).state == "processed"
    report = post(system, sarif(weaknesses(*range(11))), category="other")
    assert (report.state, report.error_reason) == ("failed", "too-many-findings")
    assert Finding.objects.count() == 10


@pytest.mark.usefixtures("fish_is_read")
def test_a_reason_found_in_the_middle_is_kept(system: System) -> None:
    """After the first rows went into COPY, where psycopg2 keeps only the text of an error."""
    report = post(system, fish(*shoal(3000), "refuse the tail is missing"))
    assert (report.state, report.error_reason) == ("failed", "bad-fish")
    assert (report.error_message, report.error_location) == ("the tail is missing", "line 7")
    assert nothing_is_written()


@pytest.mark.usefixtures("fish_is_read")
def test_a_reason_in_which_there_is_a_nul(system: System) -> None:
    """A parser may quote what it refuses; PostgreSQL takes no NUL in a text."""
    report = post(system, fish("refuse NUL is no fish: " + "x" * 5000))
    assert (report.state, report.error_reason) == ("failed", "bad-fish")
    assert "is no fish" in report.error_message


@pytest.mark.usefixtures("fish_is_read")
def test_a_fault_of_the_portal_is_told_as_one(system: System) -> None:
    report = post(system, fish(*shoal(5), "crash"))
    assert (report.state, report.error_reason) == ("failed", "internal-error")
    assert "ZeroDivisionError" not in report.error_message
    assert nothing_is_written()
    assert told(post(system, fish(*shoal(5)))) == (5, 0, 0, 0)


# --- once more -----------------------------------------------------------------------------------


def test_a_report_is_processed_again_when_its_format_is_read(system: System, settings: Any) -> None:
    """The bytes are kept: when a parser comes, what failed is not lost."""
    report = post(system, fish(*shoal(4)))
    assert (report.state, report.error_reason) == ("failed", "unknown-format")
    settings.SECOPS_FORMATS = [*settings.SECOPS_FORMATS, FISH]
    registry.registry.cache_clear()
    try:
        again = report_reprocess(actor=TESTS, report=report)
        assert (again.state, again.attempts, again.error_reason) == ("received", 0, "")
        process(report)
    finally:
        registry.registry.cache_clear()
    assert (report.state, told(report), report.attempts) == ("processed", (4, 0, 0, 0), 1)


@pytest.mark.parametrize("state", ["received", "processing", "processed"])
def test_what_did_not_fail_is_not_processed_again(state: str, system: System) -> None:
    report = receive(system, sarif([]))
    Report.objects.update(state=state)
    with pytest.raises(Conflict):
        report_reprocess(actor=TESTS, report=report)


def test_who_may_have_a_report_processed_again(people: People) -> None:
    report = post(people.system, b"nothing that anybody reads")
    pipeline = Actor(token=make_ci_token(people.system).token)
    for actor, error in (
        (actor_of(people.viewer), NotPermitted),
        (actor_of(people.architect), NotPermitted),
        (pipeline, NotPermitted),
        (actor_of(people.outsider), Missing),
    ):
        with pytest.raises(error):
            report_reprocess(actor=actor, report=report)
    again = report_reprocess(actor=actor_of(people.security), report=report)
    assert again.state == "received"


@pytest.mark.usefixtures("fish_is_read")
def test_what_may_pass_is_tried_again(system: System) -> None:
    report = post(system, fish("find 1", "no-disk"))
    assert (report.state, report.attempts, report.error_reason) == ("processing", 1, "")
    assert report.not_before > timezone.now() - dt.timedelta(seconds=1)  # a pause first
    assert nothing_is_written()
    later()
    process(report)
    assert report.attempts == 2


@pytest.mark.usefixtures("fish_is_read")
def test_the_pauses_grow(system: System) -> None:
    """2 s doubled up to five minutes, so that a storm of deaths does not use all attempts up."""
    report = receive(system, fish("no-disk"))
    pauses = []
    for _ in range(10):
        process(report)
        assert report.started_at is not None
        pauses.append((report.not_before - report.started_at).total_seconds())
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@pytest.mark.django_db(transaction=True)
def test_no_attempt_begins_before_its_time() -> None:
    report = receive(make_system(), sarif([]))
    Report.objects.update(not_before=timezone.now() + dt.timedelta(seconds=60))
    report_ingest(report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == ("received", 0)


def test_a_report_that_ends_its_worker_every_time_is_set_aside(
    system: System, settings: Any
) -> None:
    settings.SECOPS_INGEST_MAX_ATTEMPTS = 3
    report = receive(system, sarif(weaknesses(1)))
    # As a worker leaves it that died in its third attempt.
    Report.objects.filter(pk=report.pk).update(state="processing", attempts=3)
    process(report)
    assert (report.state, report.error_reason) == ("quarantined", "worker-died")
    assert "3 times" in report.error_message
    assert AuditEntry.objects.filter(action="report.quarantine").count() == 1
    assert OutboxEvent.objects.get(name="report.failed").payload["reason"] == "worker-died"
    process(report)
    assert report.attempts == 3
    report_reprocess(actor=TESTS, report=report)
    process(report)
    assert (report.state, told(report)) == ("processed", (1, 0, 0, 0))


def test_bytes_that_are_gone_end_in_quarantine(
    system: System, settings: Any, data_folder: Any
) -> None:
    settings.SECOPS_INGEST_MAX_ATTEMPTS = 2
    report = receive(system, sarif([]))
    (data_folder / report.storage_name).unlink()
    for _ in range(3):
        process(report)
    assert (report.state, report.attempts) == ("quarantined", 2)


# --- at once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_report_that_another_worker_has_is_left_alone() -> None:
    report = receive(make_system(), sarif(weaknesses(1)))
    key = REPORTS + report.pk
    held, done = threading.Event(), threading.Event()

    def other_worker() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            held.set()
            done.wait(20)
        connection.close()  # the server takes the lock back a moment later, as after a death

    thread = threading.Thread(target=other_worker)
    thread.start()
    assert held.wait(20)
    report_ingest(report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == ("received", 0)
    done.set()
    thread.join(20)
    until_nobody_holds(key)
    process(report)
    assert (report.state, report.attempts) == ("processed", 1)


@pytest.mark.django_db(transaction=True)
def test_one_report_in_ten_workers_is_processed_once() -> None:
    report = receive(make_system(), sarif(weaknesses(*range(200))))
    start = threading.Barrier(10)

    def work() -> None:
        start.wait(20)
        report_ingest(report.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    report.refresh_from_db()
    assert (report.state, report.attempts, told(report)) == ("processed", 1, (200, 0, 0, 0))
    assert Presence.objects.count() == 200
    assert OutboxEvent.objects.filter(name="report.processed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_first_reports_of_a_series_at_once_make_one_series() -> None:
    system = make_system()
    content = sarif(weaknesses(*range(20)))
    reports = [receive(system, content) for _ in range(6)]
    start = threading.Barrier(len(reports))

    def work(report: Report) -> None:
        start.wait(20)
        report_ingest(report.pk)
        connection.close()

    threads = [threading.Thread(target=work, args=[report]) for report in reports]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert list(Report.objects.values_list("state", flat=True)) == ["processed"] * 6
    series = Series.objects.get()
    assert series.open_counts == [0, 0, 0, 20, 0]
    assert Finding.objects.count() == Presence.objects.count() == 20
    assert [report.new for report in Report.objects.order_by("-new")] == [20, 0, 0, 0, 0, 0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fish_is_read")
def test_a_database_that_goes_away_in_the_middle_is_waited_for() -> None:
    """As in a restart of PostgreSQL: the session ends while rows go in; the report is not to blame."""
    report = receive(make_system(), fish("find 1", "sleep 1.5", "find 2"))

    def work() -> None:
        report_ingest(report.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert _end_sessions_that_copy()
    thread.join(30)
    report.refresh_from_db()
    assert (report.state, report.attempts, report.error_reason) == ("processing", 1, "")
    assert nothing_is_written()
    later()
    process(report)
    assert (report.state, report.attempts, told(report)) == ("processed", 2, (2, 0, 0, 0))


def _end_sessions_that_copy() -> bool:
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'COPY incoming%%'"
            )
            if cursor.fetchall():
                return True
            time.sleep(0.02)
    return False


@pytest.mark.django_db(transaction=True)
def test_the_log_does_not_call_processed_what_could_not_be_committed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The disk fills up at the very end: PostgreSQL refuses the commit and nothing else."""
    report = receive(make_system(), sarif(weaknesses(1, 2)))
    with caplog.at_level("INFO", "apps.scans.services.ingest"), _no_room_at_the_commit():
        report_ingest(report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == ("processing", 1)
    assert nothing_is_written()
    assert "attempt 1 ended: the report is processing" in caplog.messages
    assert not [message for message in caplog.messages if "processed" in message]
    later()
    with caplog.at_level("INFO", "apps.scans.services.ingest"):
        report_ingest(report.pk)
    assert "attempt 2 ended: the report is processed" in caplog.messages


def test_the_log_says_what_failed(system: System, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "apps.scans.services.ingest"):
        post(system, b"Dear all")
    assert "attempt 1 ended: the report is failed" in caplog.messages


@contextlib.contextmanager
def _no_room_at_the_commit() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER no_room AFTER UPDATE ON scans_report DEFERRABLE INITIALLY "
            "DEFERRED FOR EACH ROW WHEN (NEW.state = 'processed') EXECUTE FUNCTION no_room()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION no_room CASCADE")
