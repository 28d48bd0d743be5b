"""PostgreSQL has no room: SQLSTATE 53100, raised inside the server where it raises it itself, at a row that does
not fit, or at the commit. Nothing is half written, and with room again all goes on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from apps.accounts.roles import Role
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.common.models import OutboxEvent
from apps.scans.models import Finding, FindingDetail, Presence, Report, Series
from tests.factories import make_ci_token, make_member, make_system
from tests.pages import signed_in
from tests.scans.reports import process, receive, sarif, told, weaknesses
from tests.scans.test_ingest import later
from tests.scans.test_storage import files_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
CONTENT = sarif(weaknesses(*range(20)))


@contextlib.contextmanager
def no_room_for(table: str, *, at_commit: bool = False) -> Iterator[None]:
    """Rows of the table meet a full disk, or the transaction that wrote them does when it commits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        kind = "CONSTRAINT TRIGGER no_room" if at_commit else "TRIGGER no_room"
        moment = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
        cursor.execute(
            f"CREATE {kind} AFTER INSERT OR UPDATE ON {table} {moment} "
            "FOR EACH ROW EXECUTE FUNCTION no_room()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION no_room CASCADE")


@pytest.fixture
def system() -> System:
    return make_system("payments", "Payments")


class Pipeline:
    """Posts the same report under the same key, as a job that is run again."""

    def __init__(self, system: System) -> None:
        self._token = make_ci_token(system).text
        self._url = f"/api/v1/reports?system={system.key}"

    def post(self) -> tuple[int, str]:
        """Return the status, and the problem's code if there is one."""
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": "run-17"}
        answer = Client().post(self._url, CONTENT, "application/octet-stream", headers=headers)
        return answer.status_code, answer.json().get("code", "")


def is_refused_whole(pipeline: Pipeline, folder: Path) -> None:
    entries = AuditEntry.objects.count()
    assert pipeline.post() == (503, "no-room")
    assert not Report.objects.exists()
    assert AuditEntry.objects.count() == entries
    assert files_in(folder) == []


@pytest.mark.parametrize("table", ["scans_report", "audit_auditentry"])
def test_an_upload_is_refused_and_leaves_nothing(
    table: str, system: System, data_folder: Path
) -> None:
    pipeline = Pipeline(system)
    with no_room_for(table):
        is_refused_whole(pipeline, data_folder)
    assert pipeline.post() == (202, "")
    assert Report.objects.count() == len(files_in(data_folder)) == 1


@pytest.mark.django_db(transaction=True)
def test_an_upload_whose_commit_finds_no_room_is_refused(data_folder: Path) -> None:
    pipeline = Pipeline(make_system())
    with no_room_for("scans_report", at_commit=True):
        is_refused_whole(pipeline, data_folder)
    assert pipeline.post() == (202, "")


def test_a_page_says_that_there_is_no_room(system: System, data_folder: Path) -> None:
    browser = signed_in(make_member(system, Role.SECURITY))
    form = {"system": system.key, "file": SimpleUploadedFile("fish.sarif", CONTENT)}
    with no_room_for("scans_report"):
        answer = browser.post("/reports/new/", form)
    assert (answer.status_code, "has no room now" in answer.content.decode()) == (503, True)
    assert not Report.objects.exists()
    assert files_in(data_folder) == []


@pytest.mark.parametrize(
    "table",
    [
        "scans_series",
        "scans_finding",
        "scans_findingdetail",
        "scans_presence",
        "audit_auditentry",
        "common_outboxevent",
    ],
)
def test_an_import_waits_for_room(table: str, system: System) -> None:
    report = receive(system, CONTENT)
    events, entries = OutboxEvent.objects.count(), AuditEntry.objects.count()
    with no_room_for(table):
        process(report)
    assert (report.state, report.attempts, report.error_reason) == ("processing", 1, "")
    for model in (Series, Finding, FindingDetail, Presence):
        assert not model.objects.exists()
    assert (OutboxEvent.objects.count(), AuditEntry.objects.count()) == (events, entries)
    later()
    process(report)
    assert (report.state, report.attempts, told(report)) == ("processed", 2, (20, 0, 0, 0))
    assert Series.objects.get().open_counts == [0, 0, 0, 20, 0]
    assert Presence.objects.count() == 20
