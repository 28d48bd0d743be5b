"""Workers are killed, the broker forgets, parsers take their process down: every report that was
accepted ends exactly once in the state that it would have had without the fault.

SECOPS_FAULT_ROUNDS says how often the worker is killed (8); run it with 100 before a release.
"""

import os
import random
import time

import pytest

from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.common.models import OutboxEvent
from apps.scans.models import Finding, Presence, Report, Series
from tests.factories import make_system
from tests.faults.workers import Site, state_of, wait_for
from tests.scans.fish import fish, shoal
from tests.scans.reports import receive, recount, sarif, told, weaknesses

ROUNDS = int(os.environ.get("SECOPS_FAULT_ROUNDS", "8"))
FINDINGS, STEP = 2000, 250  # of a report; how far the next one of the series is moved
pytestmark = [pytest.mark.worker, pytest.mark.timeout(240 + 15 * ROUNDS)]


def window(number: int) -> range:
    """What the n-th report of the series holds."""
    return range(number * STEP, number * STEP + FINDINGS)


def report_of(number: int, system: System) -> Report:
    return receive(system, sarif(weaknesses(*window(number))))


def happened_once(reports: list[Report]) -> None:
    """Each report has one event and one entry of the audit, whatever it went through."""
    events = OutboxEvent.objects.filter(name="report.processed")
    assert sorted(event.payload["report_id"] for event in events) == [r.pk for r in reports]
    entries = AuditEntry.objects.filter(action="report.process").order_by("object_id")
    assert sorted(int(entry.object_id) for entry in entries) == [r.pk for r in reports]


def series_is_that_of(numbers: int) -> None:
    """The series is as that many reports leave it, one after the other (worked out with ranges)."""
    now = window(numbers - 1)
    everything = range(now.stop)
    findings = dict(Finding.objects.values_list("path", "state"))
    assert findings == {f"app/module_{n}.py": "open" if n in now else "fixed" for n in everything}
    presences = Presence.objects.all()
    assert presences.count() == len(everything)  # nothing came back, so there is one each
    assert presences.filter(is_current=True, until=None).count() == FINDINGS
    assert presences.filter(is_current=False, until__isnull=False).count() == now.start
    series = Series.objects.get()
    assert series.open_counts == recount(series) == [0, 0, 0, FINDINGS, 0]


def test_the_worker_is_killed_at_any_moment(faulty_site: Site) -> None:
    system = make_system()
    dice = random.Random(int(os.environ.get("SECOPS_FAULT_SEED", "2026")))  # noqa: S311
    reports: list[Report] = []
    interrupted = 0
    worker = faulty_site.start()
    for number in range(ROUNDS):
        report = report_of(number, system)
        reports.append(report)
        wait_for(lambda r=report: state_of(r) != "received", 20)  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.3))
        worker.kill()
        interrupted += state_of(report) == "processing"
        worker = faulty_site.start()
        faulty_site.finish()
        report.refresh_from_db()
        moved = (STEP, FINDINGS - STEP, STEP, 0) if number else (FINDINGS, 0, 0, 0)
        assert (report.state, told(report)) == ("processed", moved)
    series_is_that_of(ROUNDS)
    happened_once(reports)
    print(f"{interrupted} of {ROUNDS} imports were interrupted")  # noqa: T201  # shown with -s
    assert interrupted, "no kill hit an import: the test proved nothing"


def test_the_broker_forgets_what_was_accepted(faulty_site: Site) -> None:
    system = make_system()
    reports = [report_of(0, system)]
    faulty_site.lose_the_broker()
    assert [state_of(report) for report in reports] == ["received"]
    faulty_site.start()
    faulty_site.finish()
    series_is_that_of(1)
    # It forgets once more, while one is under way and another one waits.
    reports += [report_of(1, system), report_of(2, system)]
    wait_for(lambda: state_of(reports[1]) != "received", 20)
    faulty_site.lose_the_broker()
    faulty_site.finish()
    series_is_that_of(3)
    happened_once(reports)


def test_two_workers_on_one_series(faulty_site: Site) -> None:
    """Ten scans come at once; whatever the order in which they are processed, the newest one holds."""
    system = make_system()
    reports = [
        receive(
            system,
            sarif(
                weaknesses(*range(n * 10, n * 10 + 200)), scanned_at=f"2026-05-0{n + 1}T00:00:00Z"
            ),
        )
        for n in (3, 0, 7, 5, 1, 8, 2, 6, 4)
    ]
    faulty_site.start(processes=2)
    faulty_site.finish()
    states = dict(Finding.objects.filter(state="open").values_list("path", "state"))
    assert set(states) == {f"app/module_{n}.py" for n in range(80, 280)}
    series = Series.objects.get()
    assert series.open_counts == recount(series) == [0, 0, 0, 200, 0]
    assert series.newest_report == reports[5]
    assert Presence.objects.filter(is_current=True).count() == 200
    happened_once(reports)


def test_a_report_that_kills_its_worker_is_set_aside(faulty_site: Site) -> None:
    system = make_system()
    poison = receive(system, fish(*shoal(10), "kill"), category="poison")
    good = [receive(system, fish(*shoal(10)), category=f"good {number}") for number in range(20)]
    faulty_site.start(attempts=2)
    faulty_site.finish()
    poison.refresh_from_db()
    assert (poison.state, poison.attempts) == ("quarantined", 2)
    assert poison.error_reason == "worker-died"
    assert {state_of(report) for report in good} == {"processed"}
    assert not Series.objects.filter(category="poison").exists()
    assert Finding.objects.count() == 200
    happened_once(good)
    # The good ones did not wait for the poison to be given up.
    assert poison.finished_at is not None
    finished = Report.objects.filter(pk__in=[report.pk for report in good])
    assert finished.filter(finished_at__lt=poison.finished_at).count() == 20


def test_a_worker_that_is_asked_to_stop_finishes_its_report(faulty_site: Site) -> None:
    """A deployment: what is under way ends, what waits is taken by the next worker."""
    system = make_system()
    under_way = receive(system, fish(*shoal(50), "sleep 2"), category="under way")
    worker = faulty_site.start()
    wait_for(lambda: state_of(under_way) == "processing", 20)
    waiting = [receive(system, fish(*shoal(5)), category=f"waiting {n}") for n in range(3)]
    worker.ask_to_stop()
    assert worker.process.wait(30) == 0
    under_way.refresh_from_db()
    assert (under_way.state, under_way.attempts) == ("processed", 1)
    faulty_site.start()
    faulty_site.finish()
    assert {state_of(report) for report in waiting} == {"processed"}
    happened_once([under_way, *waiting])
