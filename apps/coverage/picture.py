"""What is expected of systems against what arrived, worked out from rows that were read. No query."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.coverage.kinds import EvidenceKind
from apps.coverage.models import SystemExpectation
from apps.guidance.models import Guidance
from apps.scans.models import Series, no_open_findings

UNASKED = 30  # days that evidence of which nothing is expected counts as fresh
LATE = 2  # as many times the expected age, and evidence is stale

FRESHNESS = ("fresh", "ageing", "stale")  # the best first


@dataclass(frozen=True)
class Line:
    """One line of a profile: evidence of this kind, at most this old."""

    stage: Stage
    kind: EvidenceKind
    max_age_days: int
    guidance: Guidance | None = None


@dataclass(frozen=True)
class Arrived:
    """A series, what it counts as, and how its newest report's age compares with what is expected."""

    series: Series
    kind: EvidenceKind
    newest_at: dt.datetime
    at: dt.datetime  # the moment of looking
    max_age_days: int = UNASKED

    @property
    def freshness(self) -> str:
        """fresh, ageing (older than expected) or stale (twice as old)."""
        return freshness(self.newest_at, self.max_age_days, self.at)

    @property
    def is_clear(self) -> bool:
        return not any(self.series.open_counts)


def newest_of(arrived: Iterable[Arrived]) -> dt.datetime | None:
    return max((each.newest_at for each in arrived), default=None)


def open_counts_of(arrived: Iterable[Arrived]) -> list[int]:
    """Open findings by severity, index 0 to 4."""
    found = [each.series.open_counts for each in arrived]
    return [sum(each) for each in zip(*found, strict=True)] or no_open_findings()


def freshest(arrived: Iterable[Arrived]) -> str:
    """The freshness of the freshest: fresh, ageing, stale, or none where nothing arrived."""
    found = {each.freshness for each in arrived}
    return next((word for word in FRESHNESS if word in found), "none")


@dataclass(frozen=True)
class Expected:
    """What is expected, and what of it arrived. `reason` is a person's, where the system has its own."""

    line: Line
    arrived: Sequence[Arrived]
    at: dt.datetime  # the moment of looking
    reason: str = ""

    @property
    def newest_at(self) -> dt.datetime | None:
        return newest_of(self.arrived)

    @property
    def age_days(self) -> int | None:
        return (self.at - self.newest_at).days if self.newest_at else None

    @property
    def freshness(self) -> str:
        """fresh, ageing (older than expected), stale (twice as old) or none."""
        return freshness(self.newest_at, self.line.max_age_days, self.at)

    @property
    def is_met(self) -> bool:
        return self.freshness == "fresh"

    @property
    def is_clear(self) -> bool:
        return not any(self.open_counts)

    @property
    def open_counts(self) -> list[int]:
        """Open findings by severity, index 0 to 4."""
        return open_counts_of(self.arrived)


@dataclass
class StageCoverage:
    """One stage of one system. `extra` came without being expected; `waived` is not expected here."""

    system: System
    stage: Stage
    expected: list[Expected] = field(default_factory=list)
    extra: list[Arrived] = field(default_factory=list)
    waived: list[SystemExpectation] = field(default_factory=list)

    @property
    def arrived(self) -> list[Arrived]:
        return [*(each for wanted in self.expected for each in wanted.arrived), *self.extra]

    @property
    def met(self) -> int:
        return sum(1 for each in self.expected if each.is_met)

    @property
    def gaps(self) -> list[Expected]:
        return [each for each in self.expected if not each.is_met]

    @property
    def newest_at(self) -> dt.datetime | None:
        return newest_of(self.arrived)

    @property
    def freshness(self) -> str:
        """That of the freshest evidence; none where there is no evidence."""
        return freshest(self.arrived)

    @property
    def state(self) -> str:
        """One word for a cell: covered, partly, late, blind, extra or none.

        late: all of it arrived, none of it is fresh; extra: nothing is expected and something came;
        none: nothing is expected and nothing came.
        """
        if not self.expected:
            return "extra" if self.extra else "none"
        if self.met == len(self.expected):
            return "covered"
        if self.met:
            return "partly"
        return "late" if any(each.arrived for each in self.expected) else "blind"


@dataclass
class SystemCoverage:
    system: System
    stages: list[StageCoverage]

    @property
    def expected(self) -> int:
        return sum(len(each.expected) for each in self.stages)

    @property
    def met(self) -> int:
        return sum(each.met for each in self.stages)

    @property
    def arrived(self) -> list[Arrived]:
        """By stage, then by name."""
        return [each for stage in self.stages for each in stage.arrived]

    def stage(self, stage: Stage) -> StageCoverage:
        return next(each for each in self.stages if each.stage == stage)


def freshness(newest_at: dt.datetime | None, max_age_days: int, now: dt.datetime) -> str:
    """How old evidence is against what is expected: fresh, ageing, stale, or none where there is none."""
    if newest_at is None:
        return "none"
    age = now - newest_at
    if age <= dt.timedelta(days=max_age_days):
        return "fresh"
    return "ageing" if age <= dt.timedelta(days=LATE * max_age_days) else "stale"
