"""The demo's reports: received like any other, processed by the worker."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.advice.demo.files import Record, days_ago
from apps.advice.demo.organisation import Organisation
from apps.common import events
from apps.scans.models import Finding, Report, ReportState
from apps.scans.services.ingest import report_ingest
from apps.scans.services.receive import Claim, report_receive

WAIT = 60.0  # seconds for the worker, until the loader lends a hand
CLAIMED = ("stage", "tool", "category", "branch", "environment", "commit", "format")


def report_load(organisation: Organisation, record: Record) -> Report:
    """Receive one report and see it processed, so that the next one of its series finds it there."""
    system = organisation.systems[record["system"]]
    told: dict[str, Any] = {name: str(record.get(name) or "") for name in CLAIMED}
    claim = Claim(filename=Path(record["file"]).name, **told)
    report = report_receive(
        actor=organisation.admin, system=system, claim=claim, chunks=_chunks(record["path"])
    )
    _await(report)
    _date_back(report, days_ago(record))
    return report


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(256 * 1024):
            yield chunk


def _await(report: Report) -> None:
    """Wait for the worker; without one (tests, a stopped broker) process it here: the same way, the same row."""
    deadline = time.monotonic() + WAIT
    while _pending(report) and time.monotonic() < deadline:
        time.sleep(0.1)
    if _pending(report):
        report_ingest(report.pk)
        report.refresh_from_db()


def _pending(report: Report) -> bool:
    report.refresh_from_db()
    return report.state in {ReportState.RECEIVED, ReportState.PROCESSING}


def _date_back(report: Report, at: dt.datetime) -> None:
    Report.objects.filter(pk=report.pk).update(received_at=at, started_at=at, finished_at=at)
    Finding.objects.filter(presences__since=report, reopened_count=0, presences__until=None).update(
        first_seen_at=at
    )
    Finding.objects.filter(presences__until=report).update(fixed_at=at)


def settle(say: Callable[[str], None]) -> None:
    """Deliver what the reports caused, so that evidence is linked when the first page is opened."""
    began = timezone.now()
    while events.deliver_due():
        pass
    say(f"evidence linked in {(timezone.now() - began).total_seconds():.1f} s")
