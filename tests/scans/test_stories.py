"""What reports do to findings, one after the other, from bytes to counts."""

import datetime as dt
import json
import threading
import time
from typing import Any

import pytest
from django.db import connection

from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.common.models import OutboxEvent
from apps.scans.models import Finding, Presence, Report, Series
from apps.scans.services.counts import counts_refresh
from apps.scans.services.ingest import report_ingest
from apps.scans.services.reconcile import reconcile
from tests.factories import make_system
from tests.scans.reports import (
    Weakness,
    finding_at,
    intervals,
    post,
    receive,
    recount,
    row_versions,
    sarif,
    told,
    weaknesses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
FINDING_TABLES = ("scans_finding", "scans_findingdetail", "scans_presence", "scans_series")


@pytest.fixture
def system(db: None) -> System:
    return make_system("payments", "Payments")


def states() -> dict[str, str]:
    return dict(Finding.objects.values_list("path", "state"))


def versions_by_path() -> list[tuple[str, str]]:
    """Which transaction wrote each finding where, as PostgreSQL itself records it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT path, ctid::text || ' ' || xmin::text FROM scans_finding")
        return list(cursor.fetchall())


# --- the first report ----------------------------------------------------------------------------


def test_the_first_report_brings_its_findings(system: System) -> None:
    content = sarif([Weakness(cwes=(89,)), *weaknesses(1, 2, level="warning")])
    report = post(system, content, filename="fish.sarif", commit="abc123")

    assert (report.state, report.error_message) == ("processed", "")
    assert told(report) == (3, 0, 0, 0)
    assert (report.total, report.detected_format, report.tool_version) == (3, "sarif", "3.1.4")
    assert (report.commit, report.scan_status, report.is_outdated) == ("abc123", "complete", False)
    series = Series.objects.get()
    assert report.series == series
    assert (series.system, series.stage, series.tool) == (system, "code", "Sonar Fish")
    assert (series.newest_report, series.is_preview) == (report, False)
    # SARIF 3.27.10: "error" and "warning"; shown here as high (3) and medium (2).
    assert series.open_counts == recount(series) == [0, 0, 2, 1, 0]

    finding = finding_at("app/views.py")
    assert (finding.state, finding.is_present, finding.reopened_count) == ("open", True, 0)
    assert (finding.rule_id, finding.line, finding.cwes) == ("py/sql-injection", 10, [89])
    assert (finding.place, finding.kind) == ("app/views.py:10", "code")
    assert finding.first_seen_at == report.received_at
    assert finding.detail.facts["snippet"] == "cursor.execute(query)"
    assert intervals(finding) == [(report.pk, None)]


def test_a_report_without_findings_is_a_clean_scan(system: System) -> None:
    report = post(system, sarif([]))
    assert (report.state, report.total, told(report)) == ("processed", 0, (0, 0, 0, 0))
    assert Series.objects.get().open_counts == [0, 0, 0, 0, 0]


def test_what_happened_is_told_once(system: System) -> None:
    report = post(system, sarif(weaknesses(1, 2)))
    report_ingest(report.pk)  # a task that the broker delivered twice
    event = OutboxEvent.objects.get(name="report.processed")
    assert event.payload == {
        "report_id": report.pk,
        "system_id": system.pk,
        "series_id": report.series_id,
        "total": 2,
        "new": 2,
        "unchanged": 0,
        "fixed": 0,
        "reopened": 0,
    }
    entries = AuditEntry.objects.filter(object_type="report", object_id=str(report.pk))
    assert sorted(entries.values_list("action", flat=True)) == ["report.process", "report.receive"]
    assert entries.get(action="report.process").actor_label == "portal: ingest"
    report.refresh_from_db()
    assert report.attempts == 1


# --- the next report of the series ---------------------------------------------------------------


def test_the_same_report_again_rewrites_nothing(system: System) -> None:
    content = sarif(weaknesses(*range(1, 40)))
    post(system, content)
    before = row_versions("scans_finding", "scans_findingdetail", "scans_presence")
    assert len(before["scans_finding"]) == 39
    again = post(system, content)
    assert told(again) == (0, 39, 0, 0)
    assert row_versions(*before) == before
    assert Series.objects.get().newest_report == again


def test_one_is_fixed_and_one_is_new(system: System) -> None:
    first = post(system, sarif(weaknesses(1, 2, 3)))
    second = post(system, sarif(weaknesses(2, 3, 4)))
    assert told(second) == (1, 2, 1, 0)
    gone, came = finding_at("app/module_1.py"), finding_at("app/module_4.py")
    assert (gone.state, gone.is_present, gone.fixed_at) == ("fixed", False, second.received_at)
    assert (came.state, came.first_seen_at) == ("open", second.received_at)
    assert intervals(gone) == [(first.pk, second.pk)]
    assert intervals(came) == [(second.pk, None)]
    series = Series.objects.get()
    assert series.open_counts == recount(series) == [0, 0, 0, 3, 0]


def test_only_rows_that_differ_are_written(system: System) -> None:
    post(system, sarif(weaknesses(1, 2, 3)))
    before = dict(versions_by_path())
    post(system, sarif(weaknesses(2, 3)))
    untouched = {path for path, version in versions_by_path() if version == before[path]}
    assert untouched == {"app/module_2.py", "app/module_3.py"}


def test_a_moved_line_neither_closes_nor_opens(system: System) -> None:
    first = post(system, sarif([Weakness(line=10)]))
    moved = post(system, sarif([Weakness(line=77)]))
    assert told(moved) == (0, 1, 0, 0)
    finding = Finding.objects.get()
    assert (finding.line, finding.place, finding.state) == (77, "app/views.py:77", "open")
    assert intervals(finding) == [(first.pk, None)]


def test_a_changed_rating_moves_the_count_and_not_the_finding(system: System) -> None:
    post(system, sarif([Weakness(level="error")]))
    assert Series.objects.get().open_counts == [0, 0, 0, 1, 0]
    report = post(system, sarif([Weakness(level="note")]))
    assert told(report) == (0, 1, 0, 0)
    series = Series.objects.get()
    assert series.open_counts == recount(series) == [0, 1, 0, 0, 0]


def test_what_comes_back_is_reopened(system: System) -> None:
    reports = [post(system, sarif(weaknesses(*numbers))) for numbers in ((1, 2), (2,), (1, 2))]
    assert told(reports[2]) == (0, 1, 0, 1)
    finding = finding_at("app/module_1.py")
    assert (finding.state, finding.is_present) == ("open", True)
    assert (finding.fixed_at, finding.reopened_count) == (None, 1)
    assert finding.first_seen_at == reports[0].received_at
    assert intervals(finding) == [(reports[0].pk, reports[1].pk), (reports[2].pk, None)]
    assert Series.objects.get().open_counts == [0, 0, 0, 2, 0]


def test_equal_code_twice_in_a_file_is_two_findings(system: System) -> None:
    twice = [Weakness(line=10), Weakness(line=90)]
    assert told(post(system, sarif(twice))) == (2, 0, 0, 0)
    assert told(post(system, sarif(reversed(twice)))) == (0, 2, 0, 0)
    assert told(post(system, sarif(twice[:1]))) == (0, 1, 1, 0)
    assert Series.objects.get().open_counts == [0, 0, 0, 1, 0]


# --- reports that may not close ------------------------------------------------------------------


def test_a_partial_report_closes_nothing_and_may_add(system: System) -> None:
    post(system, sarif(weaknesses(1, 2, 3)))
    part = post(system, sarif(weaknesses(3, 4)), is_full=False)
    assert told(part) == (1, 1, 0, 0)
    assert set(states().values()) == {"open"}
    assert not Presence.objects.filter(is_current=False).exists()
    assert Series.objects.get().open_counts == [0, 0, 0, 4, 0]


def test_a_full_report_after_a_partial_one_still_closes(system: System) -> None:
    post(system, sarif(weaknesses(1, 2)))
    post(system, sarif(weaknesses(2)), is_full=False)
    full = post(system, sarif(weaknesses(2)))
    assert told(full) == (0, 1, 1, 0)
    assert states() == {"app/module_1.py": "fixed", "app/module_2.py": "open"}


def test_a_scan_that_failed_closes_nothing(system: System) -> None:
    post(system, sarif(weaknesses(1, 2)))
    failed = post(system, sarif([], successful=False))
    assert (failed.state, failed.scan_status, told(failed)) == ("processed", "failed", (0, 0, 0, 0))
    assert set(states().values()) == {"open"}
    assert any("nothing was closed" in warning for warning in failed.warnings)


def notification(*alerts: tuple[str, str]) -> bytes:
    """What Alertmanager posts (its documentation, "webhook_config"): (name, status) of each alert."""
    fired = [
        {
            "status": status,
            "labels": {"alertname": name, "severity": "critical"},
            "annotations": {"summary": f"{name} is burning"},
            "startsAt": "2026-05-01T10:00:00Z",
            "endsAt": "2026-05-01T11:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
            "fingerprint": f"{len(name):016x}",
        }
        for name, status in alerts
    ]
    head = {"version": "4", "groupKey": "{}", "receiver": "portal", "status": "firing"}
    return json.dumps(head | {"alerts": fired}).encode()


def alert_states() -> dict[str, str]:
    return dict(Finding.objects.values_list("rule_id", "state"))


def test_a_notification_is_about_its_own_alerts_only(system: System) -> None:
    post(system, notification(("Disk", "firing"), ("Memory", "firing")))
    other = post(system, notification(("Certificate", "firing")))
    assert told(other) == (1, 0, 0, 0)
    assert alert_states() == {"Disk": "open", "Memory": "open", "Certificate": "open"}
    assert other.is_full is False


def test_an_alert_that_is_over_closes_its_finding(system: System) -> None:
    began = post(system, notification(("Disk", "firing"), ("Memory", "firing")))
    over = post(system, notification(("Disk", "resolved"), ("Memory", "firing")))
    assert (over.total, told(over)) == (1, (0, 1, 1, 0))
    assert alert_states() == {"Disk": "fixed", "Memory": "open"}
    disk = Finding.objects.get(rule_id="Disk")
    assert intervals(disk) == [(began.pk, over.pk)]
    assert Series.objects.get().open_counts == [0, 0, 0, 0, 1]

    repeated = post(system, notification(("Disk", "resolved")))
    assert (repeated.total, told(repeated)) == (0, (0, 0, 0, 0))
    again = post(system, notification(("Disk", "firing")))
    assert told(again) == (0, 0, 0, 1)
    assert intervals(disk) == [(began.pk, over.pk), (again.pk, None)]


def test_an_alert_that_nobody_saw_and_that_is_over_is_no_finding(system: System) -> None:
    report = post(system, notification(("Disk", "resolved")))
    assert (report.state, report.total, told(report)) == ("processed", 0, (0, 0, 0, 0))
    assert not Finding.objects.exists()


# --- series --------------------------------------------------------------------------------------


def test_another_branch_is_a_preview_that_never_counts(system: System) -> None:
    post(system, sarif(weaknesses(1, 2)), branch="main")
    preview = post(system, sarif(weaknesses(2, 3)), branch="feature/x")
    assert told(preview) == (2, 0, 0, 0)
    assert preview.series is not None
    assert preview.series.is_preview
    main = Series.objects.get(is_preview=False)
    assert main.branch == ""
    assert main.open_counts == [0, 0, 0, 2, 0]
    assert finding_at("app/module_1.py", is_preview=False).state == "open"
    assert Finding.objects.filter(is_preview=True).count() == 2


def test_the_default_branch_and_none_are_one_series(system: System) -> None:
    post(system, sarif(weaknesses(1)), branch="main")
    assert told(post(system, sarif(weaknesses(1)))) == (0, 1, 0, 0)
    assert Series.objects.count() == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"tool": "Fish A"}, {"tool": "Fish B"}),
        ({"category": "web"}, {"category": "jobs"}),
        ({"environment": "staging"}, {"environment": "production"}),
        ({"stage": "code"}, {"stage": "release"}),
    ],
)
def test_what_makes_another_series(
    system: System, first: dict[str, Any], second: dict[str, Any]
) -> None:
    post(system, sarif(weaknesses(1, 2)), **first)
    other = post(system, sarif(weaknesses(2)), **second)
    assert told(other) == (1, 0, 0, 0)
    assert set(states().values()) == {"open"}
    assert sorted(series.open_counts[3] for series in Series.objects.all()) == [1, 2]


def test_systems_do_not_touch_each_other(system: System) -> None:
    post(system, sarif(weaknesses(1)))
    other = make_system("payroll")
    assert told(post(other, sarif([]))) == (0, 0, 0, 0)
    assert Finding.objects.get().state == "open"


def test_a_tool_that_names_itself_is_told_apart_from_another(system: System) -> None:
    post(system, sarif(weaknesses(1), tool="Fish"))
    post(system, sarif([], tool="Bird"))
    assert sorted(Series.objects.values_list("tool", flat=True)) == ["Bird", "Fish"]
    assert Finding.objects.get().state == "open"


def test_images_of_one_system_do_not_close_each_other(system: System) -> None:
    """Trivy says which image it looked at; a new tag of it is the same one."""

    def of(image: str, *packages: str) -> bytes:
        found = [
            {"VulnerabilityID": "CVE-2026-10001", "PkgName": name, "InstalledVersion": "1.0", "Severity": "HIGH",
             "PkgIdentifier": {"PURL": f"pkg:deb/debian/{name}@1.0"}}
            for name in packages
        ]  # fmt: skip
        results = [{"Target": f"{image} (debian 12)", "Class": "os-pkgs", "Vulnerabilities": found}]
        log = {"SchemaVersion": 2, "ArtifactName": image, "ArtifactType": "container_image"}
        return json.dumps({**log, "Results": results}).encode()

    assert told(post(system, of("shop/web:1", "a", "b"))) == (2, 0, 0, 0)
    assert told(post(system, of("shop/api:1", "a"))) == (1, 0, 0, 0)
    assert told(post(system, of("shop/web:2", "a"))) == (0, 1, 1, 0)
    assert sorted(Series.objects.values_list("category", flat=True)) == ["shop/api", "shop/web"]
    assert told(post(system, of("shop/api:2"), category="shop/web")) == (0, 0, 1, 0)


def test_a_tool_that_calls_itself_otherwise_goes_on(system: System) -> None:
    """An upgrade or another edition changes the name that a tool gives itself, and nothing else."""
    post(system, sarif(weaknesses(1, 2), tool="Fish 3.1.0"))
    assert told(post(system, sarif(weaknesses(1, 2, 3), tool="Fish 3.2.0"))) == (1, 2, 0, 0)
    assert told(post(system, sarif(weaknesses(1), tool="Fish OSS"))) == (0, 1, 2, 0)
    assert Series.objects.get().tool == "Fish 3.1.0"
    # Names that the sender gives are kept apart, and each goes on under its own.
    post(system, sarif(weaknesses(1), tool="Fish"), tool="Fish Pro")
    assert told(post(system, sarif([]), tool="Fish Pro")) == (0, 0, 1, 0)
    assert told(post(system, sarif(weaknesses(1), tool="Fish 3.3.0"))) == (0, 1, 0, 0)
    assert Series.objects.count() == 2


def test_an_analyser_that_is_run_once_a_language_closes_nothing_of_the_other(
    system: System,
) -> None:
    """CodeQL names the language in automationDetails.id (SARIF 3.17.3); the sender says nothing."""

    def of(language: str, *numbers: int) -> bytes:
        log = json.loads(sarif(weaknesses(*numbers)))
        log["runs"][0]["automationDetails"] = {"id": f"/language:{language}/"}
        return json.dumps(log).encode()

    assert told(post(system, of("python", 1, 2))) == (2, 0, 0, 0)
    assert told(post(system, of("javascript", 3))) == (1, 0, 0, 0)
    assert told(post(system, of("python", 1))) == (0, 1, 1, 0)
    assert sorted(Series.objects.values_list("category", flat=True)) == [
        "/language:javascript",
        "/language:python",
    ]
    named = post(system, of("python", 1), category="mine")
    assert named.series is not None
    assert named.series.category == "mine"


# --- order ---------------------------------------------------------------------------------------


def test_an_older_scan_that_arrives_later_changes_nothing(system: System) -> None:
    newest = post(system, sarif(weaknesses(1, 2), scanned_at="2026-05-02T10:00:00Z"))
    before = row_versions(*FINDING_TABLES)
    late = post(system, sarif(weaknesses(2, 3), scanned_at="2026-05-01T10:00:00Z"))
    assert (late.state, late.is_outdated, late.total) == ("processed", True, 2)
    assert told(late) == (0, 0, 0, 0)
    assert late.scanned_at == dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)
    assert row_versions(*FINDING_TABLES) == before
    assert Series.objects.get().newest_report == newest


def test_parts_of_a_picture_in_any_order_lose_nothing(system: System) -> None:
    """Two workers may finish in the other order: no part says what the others saw."""
    for day, number in ((3, 3), (1, 1), (2, 2)):
        part = sarif(weaknesses(number), scanned_at=f"2026-05-0{day}T10:00:00Z")
        report = post(system, part, is_full=False)
        assert (report.is_outdated, told(report)) == (day != 3, (1, 0, 0, 0))
    assert Finding.objects.filter(state="open").count() == 3
    newest = Series.objects.get().newest_report
    assert newest is not None
    assert newest.scanned_at == dt.datetime(2026, 5, 3, 10, tzinfo=dt.UTC)


def test_a_full_report_behind_a_part_adds_and_closes_nothing(system: System) -> None:
    post(system, sarif(weaknesses(9), scanned_at="2026-05-02T10:00:00Z"), is_full=False)
    late = post(system, sarif(weaknesses(1, 2), scanned_at="2026-05-01T10:00:00Z"))
    assert (late.is_outdated, told(late)) == (True, (2, 0, 0, 0))
    assert Finding.objects.filter(state="open").count() == 3


def test_a_part_behind_a_full_report_changes_nothing(system: System) -> None:
    """The full one looked later and did not see it: it is mended."""
    post(system, sarif(weaknesses(1), scanned_at="2026-05-02T10:00:00Z"))
    post(system, sarif(weaknesses(1, 5), scanned_at="2026-05-03T10:00:00Z"), is_full=False)
    late = post(system, sarif(weaknesses(2), scanned_at="2026-05-01T10:00:00Z"), is_full=False)
    assert (late.is_outdated, told(late)) == (True, (0, 0, 0, 0))
    assert Finding.objects.count() == 2


def test_a_clock_that_is_ahead_does_not_shut_the_series(system: System) -> None:
    post(system, sarif(weaknesses(1), scanned_at="2999-01-01T00:00:00Z"))
    next_one = post(system, sarif(weaknesses(2), scanned_at="2026-05-01T10:00:00Z"))
    assert (next_one.is_outdated, told(next_one)) == (False, (1, 0, 1, 0))


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_an_older_scan_that_waits_for_a_newer_one_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two workers on one series: what the second one knows of the newest report is of after its wait."""
    system = make_system()
    post(system, sarif(weaknesses(1), scanned_at="2026-05-01T00:00:00Z"))
    newer = receive(system, sarif(weaknesses(1, 2), scanned_at="2026-05-03T00:00:00Z"))
    older = receive(system, sarif(weaknesses(1, 3), scanned_at="2026-05-02T00:00:00Z"))
    holds, go_on = threading.Event(), threading.Event()

    def slow(**values: Any) -> Any:
        if values["report"].pk == newer.pk:
            holds.set()
            assert go_on.wait(20)
        return reconcile(**values)

    monkeypatch.setattr("apps.scans.services.ingest.reconcile", slow)

    def work(report: Report) -> None:
        try:
            report_ingest(report.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[each]) for each in (newer, older)]
    workers[0].start()
    assert holds.wait(20)
    workers[1].start()
    deadline = time.monotonic() + 20
    while not waits_for_a_lock() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert waits_for_a_lock()
    go_on.set()
    for each in workers:
        each.join(30)
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (newer.state, told(newer)) == ("processed", (1, 1, 0, 0))
    assert (older.state, older.is_outdated, told(older)) == ("processed", True, (0, 0, 0, 0))
    assert Series.objects.get().newest_report == newer
    assert not Finding.objects.filter(path="app/module_3.py").exists()


# --- what people decided -------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["accepted", "false_positive", "not_affected"])
def test_a_decision_outlives_absence_and_return(system: System, state: str) -> None:
    first = post(system, sarif(weaknesses(1, 2)))
    Finding.objects.filter(path="app/module_1.py").update(state=state)
    counts_refresh(Series.objects.get().pk)

    absent = post(system, sarif(weaknesses(2)))
    finding = finding_at("app/module_1.py")
    assert (finding.state, finding.is_present, finding.fixed_at) == (state, False, None)
    assert told(absent) == (0, 1, 0, 0)  # what was decided is gone, and nobody fixed it

    back = post(system, sarif(weaknesses(1, 2)))
    finding.refresh_from_db()
    assert (finding.state, finding.is_present, finding.reopened_count) == (state, True, 0)
    assert told(back) == (0, 2, 0, 0)
    assert intervals(finding) == [(first.pk, absent.pk), (back.pk, None)]
    series = Series.objects.get()
    assert series.open_counts == recount(series) == [0, 0, 0, 1, 0]


def test_what_the_tool_suppressed_counts_as_accepted(system: System) -> None:
    report = post(system, sarif([*weaknesses(1), *weaknesses(2, suppressed=True)]))
    assert told(report) == (2, 0, 0, 0)
    assert states() == {"app/module_1.py": "open", "app/module_2.py": "accepted"}
    assert Series.objects.get().open_counts == [0, 0, 0, 1, 0]
    assert any(warning.startswith("1 findings are suppressed") for warning in report.warnings)


# --- a long life ---------------------------------------------------------------------------------


def test_counts_and_intervals_hold_over_a_long_series(system: System) -> None:
    """Ten reports; an independent model of sets says what each of them must have told."""
    runs = [{n for n in range(12) if (n * 7 + step * step) % (2 + n % 4)} for step in range(10)]
    known: set[int] = set()
    present: set[int] = set()
    for numbers in runs:
        report = post(system, sarif(weaknesses(*sorted(numbers))))
        assert told(report) == (
            len(numbers - known),
            len(numbers & present),
            len(present - numbers),
            len((numbers & known) - present),
        )
        known |= numbers
        present = numbers
        series = Series.objects.get()
        assert series.open_counts == recount(series) == [0, 0, 0, len(present), 0]
        assert Presence.objects.filter(is_current=True).count() == len(present)
    for number in known:
        seen = [number in numbers for numbers in runs]
        began = sum(now and not before for before, now in zip([False, *seen], seen, strict=False))
        finding = finding_at(f"app/module_{number}.py")
        assert finding.presences.count() == began
        assert finding.reopened_count == began - 1
