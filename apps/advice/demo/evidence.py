"""The demo's reports: received like any other, processed by the worker."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.advice.demo.files import Record, days_ago
from apps.catalog.models import System
from apps.common import events
from apps.scans.models import Finding, Report, ReportState
from apps.scans.services.ingest import report_ingest
from apps.scans.services.receive import Claim, report_receive

PATIENCE = 60.0  # seconds without any progress of the worker, until the loader does its work
SERIES = ("system", "stage", "tool", "category", "branch", "environment")
CLAIMED = ("stage", "tool", "category", "branch", "environment", "commit", "format")


def reports_load(records: list[Record]) -> Iterator[tuple[Record, Report]]:
    """Receive reports and see them processed; yields each with its record.

    In waves: all reports that are the next one of their series go to the worker together. A report that an
    interrupted run had received is found by its key and not sent again.
    """
    worker = Worker()
    waiting = records
    while waiting:
        wave, waiting = _next_wave(waiting)
        received = [(record, _receive(record)) for record in wave]
        for record, report in received:
            worker.finish(report)
            _date_back(report, days_ago(record))
            yield record, report


def _next_wave(records: list[Record]) -> tuple[list[Record], list[Record]]:
    """The first report of every series, and the rest."""
    wave: dict[tuple[str, ...], Record] = {}
    rest = []
    for record in records:
        series = tuple(str(record.get(name) or "") for name in SERIES)
        if series in wave:
            rest.append(record)
        else:
            wave[series] = record
    return list(wave.values()), rest


def _receive(record: Record) -> Report:
    system = System.objects.get(key=record["system"])
    told: dict[str, Any] = {name: str(record.get(name) or "") for name in CLAIMED}
    return report_receive(
        actor=portal_actor("demo"),
        system=system,
        claim=Claim(filename=Path(record["file"]).name, **told),
        chunks=_chunks(record["path"]),
        idempotency_key=f"demo {record['file']}",
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(256 * 1024):
            yield chunk


class Worker:
    """The worker, as far as it is there. Once waited for in vain (no worker, no broker), it is not waited for again."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience

    def finish(self, report: Report) -> None:
        """See a report processed, by the worker or else here: the same way, the same row."""
        deadline = time.monotonic() + self.patience
        while (pending := _pending(report)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if pending:
            self.patience = 0
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
