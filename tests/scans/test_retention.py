"""Raw copies of reports go when their time is over; all that was read from them stays."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import NotPermitted
from apps.common.holds import FILES, files_stay
from apps.scans.models import Finding, RawRetention, Report
from apps.scans.services import retention
from apps.scans.services.retention import raw_copies_remove, retention_set
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_report
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def finished(people: People, days_ago: float, state: str = "processed", **fields: Any) -> Report:
    report = make_report(people.system, content=b'{"days": %d}' % days_ago)
    at = timezone.now() - dt.timedelta(days=days_ago)
    if state == "failed":
        fields |= {"error_reason": "malformed", "error_message": "It ends in the middle."}
    Report.objects.filter(pk=report.pk).update(state=state, finished_at=at, **fields)
    report.refresh_from_db()
    return report


def is_stored(report: Report) -> bool:
    return bool(report.storage_name) and default_storage.exists(report.storage_name)


def test_nothing_goes_until_somebody_says_so(people: People) -> None:
    old = finished(people, 5000)
    assert raw_copies_remove() == 0
    retention_set(actor=actor_of(people.admin), days=30)
    retention_set(actor=actor_of(people.admin), days=None)
    assert raw_copies_remove() == 0
    assert is_stored(old)


def test_what_is_older_goes_and_its_findings_stay(people: People) -> None:
    old, young = finished(people, 31), finished(people, 29)
    waiting = make_report(people.system, content=b"{}")
    again = finished(people, 40, state="received")  # sent back to be processed again
    finding = make_finding(people.system, since=old)
    name = old.storage_name
    retention_set(actor=actor_of(people.admin), days=30)
    assert raw_copies_remove() == 1
    assert raw_copies_remove() == 0
    old.refresh_from_db()
    assert (old.storage_name, old.raw_is_archived) == ("", False)
    assert old.raw_removed_at is not None
    assert not default_storage.exists(name)
    assert all(is_stored(report) for report in (young, waiting, again))
    assert Finding.objects.filter(pk=finding.pk).exists()
    entry = AuditEntry.objects.get(action="retention.remove")
    assert entry.actor_kind == "portal"
    assert entry.changes["numbers"] == [str(old.uid)]
    assert (entry.changes["days"], entry.changes["bytes"]) == (30, old.size)


def test_a_run_is_bounded_and_the_next_one_goes_on(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _each in range(5):
        finished(people, 10)
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "BATCHES", 1)
    retention_set(actor=actor_of(people.admin), days=1)
    assert [raw_copies_remove() for _each in range(4)] == [2, 2, 1, 0]


def test_a_death_between_file_and_row_is_made_good(people: People) -> None:
    old = finished(people, 10)
    default_storage.delete(old.storage_name)
    retention_set(actor=actor_of(people.admin), days=1)
    assert raw_copies_remove() == 1


def test_an_archive_takes_them_whole(people: People, settings: Any, tmp_path: Path) -> None:
    settings.SECOPS_RAW_ARCHIVE_DIR = str(tmp_path / "archive")
    old = finished(people, 10)
    name = old.storage_name
    retention_set(actor=actor_of(people.admin), days=1)
    assert raw_copies_remove() == 1
    assert (tmp_path / "archive" / name).read_bytes() == b'{"days": 10}'
    assert not default_storage.exists(name)
    old.refresh_from_db()
    assert old.raw_is_archived
    detail = as_user(people.security).get(f"/reports/{old.uid}/raw").json()["detail"]
    assert "moved to the operator's archive" in detail


def test_an_archive_that_cannot_be_written_loses_nothing(
    people: People, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    settings.SECOPS_RAW_ARCHIVE_DIR = str(tmp_path / "file")
    old = finished(people, 10)
    retention_set(actor=actor_of(people.admin), days=1)
    with pytest.raises(OSError, match="file"):
        raw_copies_remove()
    old.refresh_from_db()
    assert is_stored(old)


@pytest.mark.django_db(transaction=True)
def test_nothing_goes_while_a_backup_copies(people: People) -> None:
    old = finished(people, 10)
    retention_set(actor=actor_of(people.admin), days=1)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s)", [FILES])
        assert raw_copies_remove() == 0
        assert is_stored(old)
        with other.cursor() as cursor:  # a session that is closed lets go a moment later
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [FILES])
    finally:
        other.close()
    with files_stay():
        pass
    assert raw_copies_remove() == 1


def test_the_page_and_the_api_say_what_became_of_it(people: People) -> None:
    failed = finished(people, 10, state="failed")
    retention_set(actor=actor_of(people.admin), days=1)
    raw_copies_remove()
    failed.refresh_from_db()
    assert failed.raw_removed_at is not None
    api = as_user(people.security)
    told = api.get(f"/reports/{failed.uid}").json()
    assert told["raw_removed_at"] is not None
    assert told["raw_is_archived"] is False
    day = f"{failed.raw_removed_at:%-d %B %Y}"
    raw = api.get(f"/reports/{failed.uid}/raw")
    assert raw.status_code == 404
    words = f"The raw copy was removed on {day} by the retention rule."
    assert raw.json()["detail"] == words
    again = api.post(f"/reports/{failed.uid}/reprocess")
    assert again.status_code == 409
    assert again.json()["detail"].startswith(words)
    text = text_of(signed_in(people.security), f"/reports/{failed.uid}/")
    assert "removed by the retention rule" in text
    assert "Run the tool again" in text
    assert "Process again" not in text


def test_bytes_that_somebody_else_removed_are_a_404(people: People) -> None:
    report = finished(people, 1)
    default_storage.delete(report.storage_name)
    answer = as_user(people.security).get(f"/reports/{report.uid}/raw")
    assert answer.status_code == 404


def test_admins_of_the_organisation_set_it(people: People) -> None:
    with pytest.raises(NotPermitted):
        retention_set(actor=actor_of(people.system_admin), days=30)
    assert as_user(people.chief).post("/retention", {"raw_days": 3}).status_code == 403
    api = as_user(people.admin)
    assert api.get("/retention").json() == {"raw_days": None}
    assert api.post("/retention", {"raw_days": 90}).json() == {"raw_days": 90}
    for wrong in (0, -1, 36_501, "x"):
        answer = api.post("/retention", {"raw_days": wrong})
        assert answer.status_code == 400
        assert problem_fields(answer) == {"raw_days"}
    entry = AuditEntry.objects.get(action="retention.set")
    assert entry.changes == {"days": [None, 90]}
    assert as_user(people.viewer).get("/retention").json() == {"raw_days": 90}


def test_the_rule_on_its_page(people: People) -> None:
    finished(people, 10)
    client = signed_in(people.admin)
    page = text_of(client, "/reports/retention/")
    assert "Raw copies are kept." in page
    assert "1 raw copy" in page
    assert client.post("/reports/retention/", {"days": "0"}).status_code == 422
    assert client.post("/reports/retention/", {"days": "45"}).status_code == 302
    assert "45 days after" in text_of(client, "/reports/retention/")
    viewer = signed_in(people.viewer)
    assert "45 days after" in text_of(viewer, "/reports/retention/")
    assert viewer.post("/reports/retention/", {"days": "5"}).status_code == 403
    assert RawRetention.objects.count() == 1
