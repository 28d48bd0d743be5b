"""Raw copies are masked where the organisation asks for it: page, API, trail, and what lies in the storage."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from apps.accounts.actors import ANONYMOUS
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, DomainError, NotPermitted
from apps.scans.models import Finding, RawLeftover, Report
from apps.scans.selectors_raw import raw_copies_are_masked
from apps.scans.services.raw import raw_copies_set, raw_leftovers_delete
from apps.scans.services.receive import report_download, report_reprocess
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of
from tests.pages import signed_in, text_of
from tests.scans.formats.test_raw_copy import KEY
from tests.scans.reports import TESTS, process, receive
from tests.scans.test_full_database import no_room_for
from tests.scans.test_ingest import fish_is_read, later
from tests.scans.test_storage import files_in

__all__ = ["fish_is_read"]  # a fixture
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
SAMPLES = Path(__file__).parent / "formats" / "samples"
FISH = f"FISH\nfind {KEY}\n".encode()


@pytest.fixture
def masks(db: None) -> None:
    raw_copies_set(actor=TESTS, masked=True)


def gitleaks() -> bytes:
    [path] = [p for p in (SAMPLES / "gitleaks").glob("*.json") if "expected" not in p.name][:1]
    return path.read_bytes()


def raw_of(report: Report) -> bytes:
    with default_storage.open(report.storage_name) as file:
        return bytes(file.read())


def read(report: Report, commits: Any) -> None:
    with commits(execute=True):
        process(report)


def test_as_long_as_nobody_asks_the_bytes_stay(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    report = receive(people.system, gitleaks())
    read(report, django_capture_on_commit_callbacks)
    assert (report.state, report.raw_is_masked) == ("processed", False)
    assert raw_of(report) == gitleaks()


@pytest.mark.usefixtures("masks")
def test_a_report_that_was_read_leaves_a_masked_copy_alone(
    people: People, data_folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    raw_copies_set(actor=TESTS, masked=False)
    plain = receive(people.system, gitleaks(), category="before")
    read(plain, django_capture_on_commit_callbacks)
    raw_copies_set(actor=TESTS, masked=True)
    report = receive(people.system, gitleaks())
    sent = report.storage_name
    read(report, django_capture_on_commit_callbacks)
    assert (report.state, report.raw_is_masked) == ("processed", True)
    assert raw_of(report) != gitleaks()
    assert not (data_folder / sent).exists()
    assert len(files_in(data_folder)) == 2
    assert not RawLeftover.objects.exists()
    # What the findings are is the same with and without.
    prints = [
        sorted(
            bytes(f)
            for f in Finding.objects.filter(series=r.series).values_list("fingerprint", flat=True)
        )
        for r in (plain, report)
    ]
    assert prints[0] == prints[1] != []
    # Only the masked one leaves.
    assert report_download(actor=actor_of(people.security), report=report) == report.storage_name
    with pytest.raises(Conflict, match="Only masked copies leave"):
        report_download(actor=actor_of(people.security), report=plain)
    page = text_of(signed_in(people.security), f"/reports/{report.uid}/")
    assert "secrets are masked" in page
    assert f"/reports/{report.uid}/raw/" in page
    assert f"/reports/{plain.uid}/raw/" not in text_of(
        signed_in(people.security), f"/reports/{plain.uid}/"
    )


@pytest.mark.usefixtures("masks")
def test_a_report_that_cannot_be_read_waits_as_it_is(
    people: People,
    settings: Any,
    request: pytest.FixtureRequest,
    django_capture_on_commit_callbacks: Any,
) -> None:
    report = receive(people.system, FISH)
    read(report, django_capture_on_commit_callbacks)
    assert (report.state, raw_of(report)) == ("failed", FISH)
    with pytest.raises(Conflict):
        report_download(actor=actor_of(people.security), report=report)
    request.getfixturevalue("fish_is_read")
    report = report_reprocess(actor=actor_of(people.security), report=report)
    read(report, django_capture_on_commit_callbacks)
    assert (report.state, report.raw_is_masked, report.total) == ("processed", True, 1)
    assert raw_of(report) == b"FISH\nfind AKIA[masked]\n"


@pytest.mark.usefixtures("masks", "fish_is_read")
def test_a_failure_after_the_copy_leaves_the_bytes_and_no_copy(
    people: People, data_folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    report = receive(people.system, FISH)
    with no_room_for("scans_finding"):
        read(report, django_capture_on_commit_callbacks)
    assert (report.state, raw_of(report)) == ("processing", FISH)
    assert len(files_in(data_folder)) == 1
    later()
    read(report, django_capture_on_commit_callbacks)
    assert (report.state, report.raw_is_masked) == ("processed", True)


@pytest.mark.usefixtures("masks", "fish_is_read")
def test_a_death_before_the_bytes_are_deleted_keeps_them_until_the_sweep(
    people: People, data_folder: Path
) -> None:
    report = receive(people.system, FISH)
    process(report)  # the hooks of its commit never run in a test's transaction
    assert len(files_in(data_folder)) == 2
    raw_leftovers_delete()
    assert [path.read_bytes() for path in files_in(data_folder)] == [raw_of(report)]
    assert not RawLeftover.objects.exists()


def test_who_may_decide(people: People) -> None:
    for actor in (actor_of(people.chief), actor_of(people.admin)):
        raw_copies_set(actor=actor, masked=True)
        raw_copies_set(actor=actor, masked=True)
        assert raw_copies_are_masked()
        raw_copies_set(actor=actor, masked=False)
        assert not raw_copies_are_masked()
    entries = AuditEntry.objects.filter(action="raw-copies.set").order_by("pk")
    assert [entry.changes["masked"] for entry in entries] == [[False, True], [True, False]] * 2
    here_only = [people.security, people.system_admin, people.architect, people.nobody]
    for other in (*map(actor_of, here_only), ANONYMOUS):
        with pytest.raises(DomainError):
            raw_copies_set(actor=other, masked=True)
    with pytest.raises(NotPermitted):
        raw_copies_set(actor=actor_of(people.security), masked=True)


def test_the_page(people: People) -> None:
    path = "/reports/raw-copies/"
    browser = signed_in(people.chief)
    assert path in text_of(browser, "/reports/")
    assert browser.post(path, {"masked": "perhaps"}).status_code == 422
    assert browser.post(path, {"masked": "yes"}).status_code == 302
    assert raw_copies_are_masked()
    assert "Chief Security" in text_of(browser, path)
    viewer = signed_in(people.viewer)
    assert path not in text_of(viewer, "/reports/")
    assert "A copy in which secrets are masked." in text_of(viewer, path)
    assert viewer.post(path, {"masked": "no"}).status_code == 403
    assert raw_copies_are_masked()


def test_the_api(people: People) -> None:
    client, path = as_user(people.chief), "/raw-copies"
    assert client.get(path).json() == {"masked": False}
    assert client.post(path, {"masked": True}).json() == {"masked": True}
    assert client.get(path).json() == {"masked": True}
    assert client.post(path, {}).status_code == 400
    assert as_user(people.viewer).post(path, {"masked": False}).status_code == 403
    assert raw_copies_are_masked()
