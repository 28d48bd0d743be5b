"""How far a report has come: told by its worker at most once a second, in the cache and not in the database,
where its transaction would hide it and every note would be a write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from apps.common import kept
from apps.scans.formats import headway
from apps.scans.models import Report, ReportState

EVERY = 1.0  # seconds between two notes of one phase
CALLS = (
    16  # between two looks at the clock, which otherwise takes a hundredth of the time of an import
)
LASTS = 3600  # seconds that a note is kept, if its worker dies
MOST_AHEAD = 1000  # reports that are counted before one that waits


class Phase(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    MATCHING = "matching"
    COUNTING = "counting"
    DONE = "done"


@dataclass(frozen=True)
class Progress:
    """Of one report.

    read: bytes of `size` that were read; 0 where the format is decoded in one go. results: that were read.
    ahead: reports that wait before it, up to MOST_AHEAD; None where it does not wait. since: when the phase's
    attempt began, or when it was received. is_again: an attempt before this one broke off.
    """

    phase: Phase
    size: int
    since: datetime
    read: int = 0
    results: int = 0
    ahead: int | None = None
    is_again: bool = False

    @property
    def seconds(self) -> int:
        return max(0, int((timezone.now() - self.since).total_seconds()))

    @property
    def percent(self) -> int:
        return min(100, self.read * 100 // self.size) if self.size else 0


class Teller:
    """Tells how far one report is. `read` and `results` may be told as often as one likes."""

    def __init__(self, report_id: int) -> None:
        self._key = _key(report_id)
        self._phase = Phase.READING
        self._read = self._results = 0
        self._next = 0.0  # of the monotonic clock
        self._since_clock = 0

    def phase(self, phase: Phase) -> None:
        self._phase = phase
        self._tell()

    def read(self, size: int) -> None:
        self._read += size
        self._maybe_tell()

    def result(self) -> None:
        self._results += 1
        self._maybe_tell()

    def over(self) -> None:
        kept.forget(self._key)

    def _maybe_tell(self) -> None:
        self._since_clock += 1
        if self._since_clock >= CALLS:
            self._since_clock = 0
            if time.monotonic() >= self._next:
                self._tell()

    def _tell(self) -> None:
        self._next = time.monotonic() + EVERY
        kept.keep(self._key, [self._phase.value, self._read, self._results], LASTS)


@contextmanager
def telling(report: Report) -> Iterator[Teller]:
    """Tell of an attempt while it lasts; parsers say by themselves what they have read."""
    teller = Teller(report.pk)
    teller.phase(Phase.READING)
    try:
        with headway.heard_by(teller.read):
            yield teller
    finally:
        teller.over()


def progress_of(report: Report) -> Progress:
    """How far a report is now, for those who see it."""
    if report.state == ReportState.RECEIVED:
        return Progress(Phase.WAITING, report.size, report.received_at, ahead=_ahead(report))
    since = report.started_at or report.received_at
    if report.state != ReportState.PROCESSING:
        return Progress(Phase.DONE, report.size, since)
    is_again = report.attempts > 1
    told = kept.kept(_key(report.pk))
    if told is None:  # between two attempts, or the cache is away
        phase = Phase.WAITING if report.not_before > timezone.now() and is_again else Phase.READING
        return Progress(phase, report.size, since, is_again=is_again)
    phase, read, results = Phase(told[0]), int(told[1]), int(told[2])
    return Progress(phase, report.size, since, read, results, is_again=is_again)


def _ahead(report: Report) -> int:
    """Reports that are read now, or were put into the queue before this one."""
    before = Q(state=ReportState.PROCESSING) | Q(
        state=ReportState.RECEIVED, not_before__lt=report.not_before
    )
    return Report.objects.filter(before)[:MOST_AHEAD].count()


def _key(report_id: int) -> str:
    return f"report-progress:{report_id}"
