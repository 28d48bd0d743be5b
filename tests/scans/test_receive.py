"""Accepting reports: who may send what, once, and that nothing accepted is lost."""

import datetime as dt
import gzip
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import ANONYMOUS, Actor
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, DomainError, Invalid, Missing, NotPermitted, ReportRejected
from apps.common.models import OutboxEvent
from apps.scans.models import Report
from apps.scans.services.receive import Claim, report_download, report_receive
from apps.scans.services.sweep import reports_send_due
from tests.common.brokers import broker_at, closed_port, real_broker, url_with_port
from tests.conftest import People
from tests.factories import actor_of, make_ci_token, make_system, make_token
from tests.scans.reports import TESTS, receive, sarif, weaknesses
from tests.scans.test_storage import files_in

CONTENT = sarif(weaknesses(1, 2))
commits = pytest.mark.django_db(transaction=True)


def send(
    people: People, actor: Actor, key: str = "", content: bytes = CONTENT, **claim: Any
) -> Report:
    return report_receive(
        actor=actor,
        system=people.system,
        claim=Claim(**claim),
        chunks=[content],
        idempotency_key=key,
    )


# --- no room ---------------------------------------------------------------------------------------


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What is written to temporary files meets the kernel's own ENOSPC, until the yielded undo."""
    real = tempfile.NamedTemporaryFile

    def nowhere(*args: Any, **kwargs: Any) -> Any:
        file = real(*args, **kwargs)
        device = os.open("/dev/full", os.O_WRONLY)
        os.dup2(device, file.fileno())
        os.close(device)
        return file

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "NamedTemporaryFile", nowhere)
        yield patched.undo


@pytest.mark.parametrize("compressed", [False, True])
def test_a_full_disk_refuses_and_leaves_nothing(
    people: People, data_folder: Path, full_disk: Any, *, compressed: bool
) -> None:
    url = f"/api/v1/reports?system={people.system.key}"
    token = make_ci_token(people.system).text
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "run-17"}
    body = sarif(weaknesses(*range(500)))
    if compressed:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    client = Client()

    def post() -> Any:
        return client.post(url, body, "application/octet-stream", headers=headers)

    refused = post()
    assert refused.status_code == 503
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "no-room"
    assert not Report.objects.exists()
    assert not AuditEntry.objects.filter(action="report.receive").exists()
    assert files_in(data_folder) == []
    full_disk()  # somebody made room
    assert post().status_code == 202
    assert len(files_in(data_folder)) == 1


# --- who -----------------------------------------------------------------------------------------


def test_who_may_send(people: People) -> None:
    pipeline = Actor(token=make_ci_token(people.system).token)
    allowed = [people.security, people.system_admin, people.chief, people.admin]
    for actor in (pipeline, TESTS, *map(actor_of, allowed)):
        report = send(people, actor)
        assert (report.state, report.received_by) == ("received", actor.label)
    own_token = make_token(people.security)
    assert send(people, Actor(user=people.security, token=own_token.token)).pk


def test_who_may_not(people: People, data_folder: Path) -> None:
    foreign_pipeline = Actor(token=make_ci_token(people.other_system).token)
    refusals: list[tuple[Actor, type[DomainError]]] = [
        (actor_of(people.viewer), NotPermitted),
        (actor_of(people.architect), NotPermitted),
        (actor_of(people.outsider), Missing),
        (actor_of(people.nobody), Missing),
        (foreign_pipeline, Missing),
        (ANONYMOUS, Missing),
    ]
    for actor, error in refusals:
        with pytest.raises(error):
            send(people, actor)
    assert not Report.objects.exists()
    assert files_in(data_folder) == []


# --- what ----------------------------------------------------------------------------------------


def test_what_is_kept_of_a_report(people: People, data_folder: Path) -> None:
    said: dict[str, Any] = {
        "stage": "code",
        "tool": "Fish",
        "category": "web",
        "branch": "main",
        "commit": "abc",
    }
    report = send(people, TESTS, environment="staging", filename="fish.sarif", **said)
    assert {name: getattr(report, name) for name in said} == said
    assert (data_folder / report.storage_name).read_bytes() == CONTENT
    entry = AuditEntry.objects.get(action="report.receive")
    assert entry.changes == {"sha256": report.sha256, "size": len(CONTENT)}
    assert entry.system_id == people.system.pk


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        ({"stage": "production"}, "stage"),
        ({"format": "fortune-cookie"}, "format"),
        ({"tool": "t" * 121}, "tool"),
        ({"category": "a\nb"}, "category"),
        ({"branch": "b" * 201}, "branch"),
        ({"environment": "\0"}, "environment"),
        ({"commit": "c" * 65}, "commit"),
        ({"filename": "a\x1b[2J.json"}, "filename"),
    ],
)
def test_claims_that_cannot_be(
    claim: dict[str, Any], field: str, people: People, data_folder: Path
) -> None:
    with pytest.raises(Invalid) as caught:
        send(people, TESTS, **claim)
    assert list(caught.value.fields) == [field]
    assert files_in(data_folder) == []


def test_every_wrong_field_is_named_at_once(people: People) -> None:
    with pytest.raises(Invalid) as caught:
        send(people, TESTS, stage="x", format="y", tool="t" * 121)
    assert set(caught.value.fields) == {"stage", "format", "tool"}


def test_no_bytes_are_refused(people: People, data_folder: Path) -> None:
    with pytest.raises(ReportRejected) as caught:
        send(people, TESTS, content=b"")
    assert caught.value.code == "empty"
    assert not Report.objects.exists()
    assert files_in(data_folder) == []


# --- once ----------------------------------------------------------------------------------------


def test_the_same_key_and_bytes_are_one_report(people: People, data_folder: Path) -> None:
    first, again = send(people, TESTS, "run-17"), send(people, TESTS, "run-17")
    assert first.pk == again.pk
    packed = report_receive(
        actor=TESTS,
        system=people.system,
        claim=Claim(),
        chunks=[gzip.compress(CONTENT)],
        gzipped=True,
        idempotency_key="run-17",
    )
    assert packed.pk == first.pk  # it is the report that is the same, not its packing
    assert len(files_in(data_folder)) == 1
    assert AuditEntry.objects.filter(action="report.receive").count() == 1


def test_the_same_key_for_other_bytes_is_a_conflict(people: People, data_folder: Path) -> None:
    first = send(people, TESTS, "run-17")
    with pytest.raises(Conflict):
        send(people, TESTS, "run-17", content=CONTENT + b" ")
    assert list(Report.objects.all()) == [first]
    assert [path.read_bytes() for path in files_in(data_folder)] == [CONTENT]


def test_keys_of_two_systems_are_two_keys(people: People) -> None:
    other = report_receive(
        actor=TESTS,
        system=people.other_system,
        claim=Claim(),
        chunks=[CONTENT],
        idempotency_key="run-17",
    )
    assert send(people, TESTS, "run-17").pk != other.pk


@pytest.mark.parametrize("key", ["k" * 201, "a\tb", "\0"])
def test_keys_that_cannot_be(key: str, people: People, data_folder: Path) -> None:
    with pytest.raises(Invalid):
        send(people, TESTS, key)
    assert files_in(data_folder) == []


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work` gave or raised in that many threads, each with a connection of its own."""
    start = threading.Barrier(count)
    results: list[object] = [None] * count

    def run(number: int) -> None:
        try:
            start.wait(30)
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001  # handed to the test
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return results


@commits
@pytest.mark.usefixtures("no_worker")
def test_twenty_equal_uploads_at_once_are_one_report(data_folder: Path) -> None:
    system = make_system()

    def upload(_number: int) -> object:
        return report_receive(
            actor=TESTS, system=system, claim=Claim(), chunks=[CONTENT], idempotency_key="run-17"
        ).pk

    assert len(set(at_once(20, upload))) == 1
    assert Report.objects.count() == 1
    assert [path.read_bytes() for path in files_in(data_folder)] == [CONTENT]
    assert AuditEntry.objects.filter(action="report.receive").count() == 1


@commits
@pytest.mark.usefixtures("no_worker")
def test_twenty_uploads_at_once_without_a_key_are_twenty_reports(data_folder: Path) -> None:
    system = make_system()
    numbers = at_once(20, lambda number: receive(system, sarif(weaknesses(number))).pk)
    assert len(set(numbers)) == 20
    assert set(Report.objects.values_list("pk", flat=True)) == set(numbers)
    kept = Report.objects.values_list("storage_name", flat=True)
    assert {data_folder / name for name in kept} == set(files_in(data_folder))


# --- never lost ----------------------------------------------------------------------------------


def queued(app: Any, queue: str) -> list[int]:
    """The report ids of the tasks in a queue of the broker, taken out."""
    with app.connection_for_read() as broker:
        channel = broker.default_channel
        found = []
        while (message := channel.basic_get(queue)) is not None:
            [report_id], _, _ = json.loads(message.body)
            found.append(report_id)
            channel.basic_ack(message.delivery_tag)
    return found


@commits
def test_a_broker_that_is_away_costs_time_and_no_report() -> None:
    system = make_system()
    with broker_at(url_with_port(closed_port())):
        report = receive(system, CONTENT)
        assert (report.state, report.attempts) == ("received", 0)
        # It is not due yet: whoever accepted it has just tried to send it.
        assert report.next_send_at > timezone.now()
        assert reports_send_due() == 0
        Report.objects.update(next_send_at=timezone.now())
        assert reports_send_due() == 0  # due, and nobody takes it
        report.refresh_from_db()
        assert report.next_send_at > timezone.now()  # so it will be due again

    queue = f"tests-{report.uid}"
    with broker_at(real_broker()) as app:
        app.conf.task_routes = {"scans.ingest": {"queue": queue}}
        Report.objects.update(next_send_at=timezone.now())
        assert reports_send_due() == 1
        assert reports_send_due() == 0
        assert queued(app, queue) == [report.pk]


@commits
def test_an_accepted_report_is_sent_to_the_worker() -> None:
    system = make_system()
    with broker_at(real_broker()) as app:
        queue = f"tests-{system.key}-{id(app)}"
        app.conf.task_routes = {"scans.ingest": {"queue": queue}}
        report = receive(system, CONTENT)
        assert queued(app, queue) == [report.pk]


@commits
def test_a_server_that_is_stopped_while_it_sends_keeps_the_bytes(data_folder: Path) -> None:
    """The row is written; the client hears nothing, and the report is there all the same."""
    system = make_system()
    with (
        patch("apps.scans.dispatch.send", side_effect=SystemExit),
        pytest.raises(SystemExit),
    ):
        receive(system, CONTENT)
    report = Report.objects.get()
    assert (data_folder / report.storage_name).read_bytes() == CONTENT


@commits
def test_what_is_not_written_keeps_no_bytes(data_folder: Path) -> None:
    system = make_system()
    with (
        patch("apps.scans.services.receive.record", side_effect=ConnectionError),
        pytest.raises(ConnectionError),
    ):
        receive(system, CONTENT)
    assert not Report.objects.exists()
    assert files_in(data_folder) == []


@commits
def test_two_sweepers_send_a_report_once() -> None:
    """The second one passes over rows that the first one has claimed and not committed."""
    system = make_system()
    with patch("apps.scans.dispatch.send") as sent:
        sent.return_value = True
        reports = [receive(system, CONTENT) for _ in range(6)]
        Report.objects.update(next_send_at=timezone.now() - dt.timedelta(seconds=1))
        sent.reset_mock()
        with transaction.atomic():
            assert reports_send_due(limit=4) == 4
            [others] = at_once(1, lambda _number: reports_send_due())
            assert others == 2
        assert reports_send_due() == 0
        numbers = sorted(call.args[1] for call in sent.call_args_list)
    assert numbers == sorted(report.pk for report in reports)


def test_only_unfinished_reports_are_sent_again(people: People) -> None:
    for state in ("received", "processing", "processed", "failed", "quarantined"):
        report = send(people, TESTS)
        Report.objects.filter(pk=report.pk).update(
            state=state, error_reason="x", next_send_at=timezone.now() - dt.timedelta(hours=1)
        )
    with patch("apps.scans.dispatch.send") as sent:
        sent.return_value = True
        assert reports_send_due() == 2
    states = Report.objects.filter(pk__in=[call.args[1] for call in sent.call_args_list])
    assert set(states.values_list("state", flat=True)) == {"received", "processing"}


# --- the raw report ------------------------------------------------------------------------------


def test_who_may_read_the_raw_report(people: People) -> None:
    report = send(people, TESTS)
    assert report_download(actor=actor_of(people.security), report=report) == report.storage_name
    assert AuditEntry.objects.filter(action="report.download").count() == 1
    pipeline = Actor(token=make_ci_token(people.system).token)
    for actor, error in (
        (actor_of(people.viewer), NotPermitted),
        (actor_of(people.architect), NotPermitted),
        (pipeline, NotPermitted),
        (actor_of(people.outsider), Missing),
    ):
        with pytest.raises(error):
            report_download(actor=actor, report=report)
    assert not OutboxEvent.objects.exists()
