"""Which evidence is expected of a system, what arrived, and how old it is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
)
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.catalog.models import Criticality, System
from apps.catalog.stages import Stage
from apps.common.errors import Missing
from apps.common.parts import Parts
from apps.coverage.defaults import default_days
from apps.coverage.kinds import EvidenceKind, kind_of
from apps.coverage.models import Expectation, Profile, Silence, SystemExpectation, ToolKind
from apps.coverage.picture import Arrived, Expected, Line, StageCoverage, SystemCoverage
from apps.scans.models import ReportState, Series
from apps.scans.selectors import series_of_system

LEVELS = {each.name.lower(): each for each in Criticality}  # as addresses name them
Where = tuple[str, str]  # stage, kind
# Whether a series is evidence: its newest report was read, and nobody said that there will be no more.
IS_EVIDENCE = Q(newest_report__state=ReportState.PROCESSED) & ~Exists(
    Silence.objects.filter(series=OuterRef("pk"), ended_at=None).exclude(answer="")
)
# What pages say of a series and its newest report. A report has 40 columns more, and a portal many series.
OF_SERIES = (
    *("system_id", "stage", "tool", "category", "branch", "environment", "open_counts"),
    *(f"newest_report__{name}" for name in ("uid", "state", "detected_format", "received_at")),
)
_PLACES = {
    (stage, kind): (row, column)
    for row, stage in enumerate(Stage)
    for column, kind in enumerate(EvidenceKind)
}


@dataclass(frozen=True)
class ProfileView:
    """A profile as readers see it. version: 0 where the portal's own holds."""

    criticality: Criticality
    version: int
    lines: Sequence[Line]  # in the order of the stages

    @property
    def is_own(self) -> bool:
        """Whether the organisation has said it itself."""
        return self.version > 0


@dataclass(frozen=True)
class Sayings:
    """What people say of the evidence that is expected."""

    profiles: Mapping[int, ProfileView]  # by criticality, the highest first
    tool_kinds: Mapping[str, EvidenceKind]  # by kinds.plain_name
    exceptions: Sequence[SystemExpectation]  # of the systems asked about


def sayings(systems: Sequence[System] = ()) -> Sayings:
    return sayings_in(Parts(**sayings_lists(systems)))


def sayings_lists(systems: Sequence[System]) -> dict[str, QuerySet[Any]]:
    """What sayings_in() wants among the parts of a page."""
    lines = Expectation.objects.select_related("guidance__current")
    return {
        "profiles": Profile.objects.prefetch_related(Prefetch("expectations", lines)),
        "tool_kinds": ToolKind.objects.all(),
        "exceptions": SystemExpectation.objects.filter(system__in=systems).select_related("set_by"),
    }


def sayings_in(parts: Parts) -> Sayings:
    """sayings() of a page that reads them together with lists of its own."""
    return Sayings(
        profiles=_profiles(parts["profiles"]),
        tool_kinds={row.name: EvidenceKind(row.kind) for row in parts["tool_kinds"]},
        exceptions=parts["exceptions"],
    )


def profiles() -> Mapping[int, ProfileView]:
    return sayings().profiles


def _profiles(rows: Sequence[Profile]) -> dict[int, ProfileView]:
    """The portal's own where the organisation has said nothing."""
    said = {row.criticality: row for row in rows}
    found = {}
    for criticality in reversed(Criticality):
        own = said.get(criticality)
        version = own.version if own else 0
        lines = sorted(_lines(own) if own else _usual_lines(criticality), key=_place)
        found[criticality.value] = ProfileView(criticality, version, lines)
    return found


def _lines(profile: Profile) -> list[Line]:
    return [
        Line(Stage(row.stage), EvidenceKind(row.kind), row.max_age_days, row.guidance)
        for row in profile.expectations.all()
    ]


def _usual_lines(criticality: Criticality) -> list[Line]:
    days = default_days(criticality)
    return [Line(stage, kind, age) for (stage, kind), age in days.items()]


def coverage_of(
    viewer: Actor,
    systems: Iterable[System],
    said: Sayings | None = None,
    series: Iterable[Series] | None = None,
) -> list[SystemCoverage]:
    """The systems in the order given, in a few queries whatever their number.

    viewer: sees the series that count; hand in only systems that the viewer sees. said, series: their
    sayings() and series_that_count(), where they have been read.
    """
    systems = list(systems)
    said = said or sayings(systems)
    now, known = timezone.now(), said.profiles
    if series is None:
        series = series_that_count(viewer, systems)
    arrived = _arrived(series, now, said.tool_kinds)
    own: dict[int, dict[Where, SystemExpectation]] = defaultdict(dict)
    for row in said.exceptions:
        own[row.system_id][row.stage, row.kind] = row
    return [
        SystemCoverage(
            system,
            _stages(
                system, known[system.criticality].lines, own[system.pk], arrived[system.pk], now
            ),
        )
        for system in systems
    ]


def series_that_count(viewer: Actor, systems: Sequence[System]) -> QuerySet[Series]:
    """The series of these systems that are evidence, with what pages say of them."""
    rows: QuerySet[Series] = Series.objects.visible_to(viewer)
    return (
        rows.filter(IS_EVIDENCE, is_preview=False, system__in=systems)
        .select_related("newest_report")
        .only(*OF_SERIES)
        .order_by("tool", "category", "pk")
    )


def series_of(viewer: Actor, system: System) -> list[Series]:
    """All series of a system in the order of the loop's stages, each with `is_evidence`."""
    is_evidence = ExpressionWrapper(IS_EVIDENCE, BooleanField())
    return list(
        series_of_system(viewer, system.pk)
        .select_related(None)
        .select_related("newest_report")
        .only(*OF_SERIES)
        .annotate(is_evidence=is_evidence)
    )


def _arrived(
    series: Iterable[Series], now: dt.datetime, tool_kinds: Mapping[str, EvidenceKind]
) -> dict[int, list[Arrived]]:
    found: dict[int, list[Arrived]] = defaultdict(list)
    for row in series:
        report = row.newest_report
        assert report is not None  # noqa: S101  # a series is evidence by its newest report
        kind = kind_of(report.detected_format, row.tool, tool_kinds)
        found[row.system_id].append(Arrived(row, kind, report.received_at, now))
    return found


def _stages(
    system: System,
    profile: Sequence[Line],
    own: Mapping[Where, SystemExpectation],
    arrived: Sequence[Arrived],
    now: dt.datetime,
) -> list[StageCoverage]:
    stages = {stage.value: StageCoverage(system, stage) for stage in Stage}
    by_place: dict[Where, list[Arrived]] = defaultdict(list)
    for each in arrived:
        by_place[each.series.stage, each.kind].append(each)
    for line, reason in _expected_here(profile, own):
        came = [
            replace(each, max_age_days=line.max_age_days)
            for each in by_place.pop((line.stage, line.kind), [])
        ]
        stages[line.stage].expected.append(Expected(line, came, now, reason))
    for (stage, _kind), came in by_place.items():
        stages[stage].extra.extend(came)
    for row in own.values():
        if row.max_age_days is None:
            stages[row.stage].waived.append(row)
    return list(stages.values())


def _expected_here(
    profile: Sequence[Line], own: Mapping[Where, SystemExpectation]
) -> list[tuple[Line, str]]:
    """The profile's lines but for those of which the system has its own, and those of its own."""
    guidance = {(line.stage, line.kind): line.guidance for line in profile}
    lines = [(line, "") for line in profile if (line.stage, line.kind) not in own]
    for row in own.values():
        if row.max_age_days is not None:
            stage, kind = Stage(row.stage), EvidenceKind(row.kind)
            line = Line(stage, kind, row.max_age_days, guidance.get((stage, kind)))
            lines.append((line, row.reason))
    return sorted(lines, key=lambda pair: _place(pair[0]))


def _place(line: Line) -> tuple[int, int]:
    return _PLACES[line.stage, line.kind]


def exceptions_of(viewer: Actor, system: System) -> QuerySet[SystemExpectation]:
    rows: QuerySet[SystemExpectation] = SystemExpectation.objects.visible_to(viewer)
    return rows.filter(system=system).select_related("set_by")


def exception_get(viewer: Actor, system: System, pk: int) -> SystemExpectation:
    """Raises: Missing."""
    row = exceptions_of(viewer, system).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such exception of this system.")
    return row


def silence_get(viewer: Actor, pk: int) -> Silence:
    """Raises: Missing."""
    rows: QuerySet[Silence] = Silence.objects.visible_to(viewer)
    row = rows.select_related("series__system", "answered_by").filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such silence that you may see.")
    return row


def silences_of(viewer: Actor, system: System) -> QuerySet[Silence]:
    """Those that last, answered or not; the longest first."""
    rows: QuerySet[Silence] = Silence.objects.visible_to(viewer)
    return (
        rows.filter(ended_at=None, series__system=system)
        .select_related("series__system", "answered_by")
        .order_by("since", "pk")
    )


def silences_open(viewer: Actor) -> QuerySet[Silence]:
    """Series of systems in use that fell silent and of which nobody said why, the longest silence first."""
    rows: QuerySet[Silence] = in_use(Silence.objects.visible_to(viewer), viewer)
    return (
        rows.filter(ended_at=None, answer="")
        .select_related("series__system__owner")
        .order_by("since", "pk")
    )


def unknown_tools(viewer: Actor, said: Sayings) -> list[str]:
    """Tools whose reports count as nothing in particular, by name."""
    rows = (
        in_use(Series.objects.visible_to(viewer), viewer)
        .filter(is_preview=False, newest_report__state=ReportState.PROCESSED)
        .values_list("newest_report__detected_format", "tool")
        .distinct()
    )
    kinds = {tool: kind_of(fmt, tool, said.tool_kinds) for fmt, tool in rows}
    return sorted(tool for tool, kind in kinds.items() if kind == EvidenceKind.OTHER)
