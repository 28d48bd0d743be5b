"""The same weakness as several tools see it: one group, each sighting kept.

A vulnerability of a package is the same whatever its version is called; a weakness in code is the
same at the same line. Nothing is merged: a group is how findings are read.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    Case,
    Count,
    F,
    Func,
    Max,
    Min,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.scans.models import Finding, FindingState, Series, WeaknessGroup
from apps.scans.selectors import FindingFilter, findings_list

MOST = 500
GROUPED = ("system_id", "weakness", "where", "worst", "tools", "sightings", "first")
_HAS_VULNERABILITY = ~Q(vulnerabilities=[])
_HAS_PLACE = ~Q(cwes=[]) & ~Q(path="")


@dataclass(frozen=True)
class FindingGroup:
    """severity: the worst that a tool says; sightings: findings; tools: their names."""

    system_id: int
    system_key: str
    system_name: str
    weakness: str  # CVE-2021-44228, CWE-89
    place: str  # a package, or path:line; empty: it is not said
    severity: int
    sightings: int
    tools: list[str]
    finding_id: int  # the first one that was seen


def _before(column: Func | F, mark: str) -> Func:
    return Func(column, Value(mark), Value(1), function="split_part", output_field=TextField())


def _package() -> Func:
    """A package URL without version, qualifiers and subpath. An @ of a scope is written %40."""
    return _before(_before(_before(F("purl"), "?"), "#"), "@")


def _keyed(found: QuerySet[Finding]) -> Any:  # rows with annotations have no type of their own
    """With `weakness` and `where`, those that have both."""
    line = Case(
        When(line=None, then=Value("")),
        default=Concat(Value(":"), Cast("line", TextField())),
        output_field=TextField(),
    )
    weakness = Case(
        When(_HAS_VULNERABILITY, then=Cast("vulnerabilities__0", TextField())),
        default=Concat(Value("CWE-"), Cast("cwes__0", TextField())),
        output_field=TextField(),
    )
    where = Case(
        When(_HAS_VULNERABILITY, then=_package()),
        default=Concat(F("path"), line, output_field=TextField()),
        output_field=TextField(),
    )
    rows = found.filter(_HAS_VULNERABILITY | _HAS_PLACE)
    return rows.annotate(weakness=weakness, where=where)


def grouped(found: QuerySet[Finding]) -> Any:  # rows with annotations have no type of their own
    """Groups of findings, as values: what they share, and `worst`, `tools`, `tool_count`, `sightings`, `first`."""
    keyed = _keyed(found).order_by().values("system_id", "weakness", "where")
    return keyed.annotate(
        worst=Max("severity"),
        sightings=Count("id"),
        tools=ArrayAgg("series__tool", distinct=True, order_by="series__tool"),
        tool_count=Count("series__tool", distinct=True),
        first=Min("id"),
    )


def groups_list(
    viewer: Actor, wanted: FindingFilter, *, several: bool = True, most: int = MOST
) -> list[FindingGroup]:
    """Groups of the findings that a filter finds, the worst first, at most so many.

    several: of two tools or more. What is open of whole systems is kept (WeaknessGroup) and read; only
    systems that have changed since the sweeper came by, and other filters, are grouped here and now.
    """
    found = findings_list(viewer, wanted)
    if not several or wanted != FindingFilter(system=wanted.system):
        return _now(found, several=several, most=most)
    kept = in_use(WeaknessGroup.objects.visible_to(viewer), viewer, named=wanted.system)
    if wanted.system:
        kept = kept.filter(system__key=wanted.system)
    changed = systems_to_group(viewer, wanted.system)
    groups = _kept(kept.exclude(system_id__in=changed), most)
    if changed:
        groups += _now(found.filter(system_id__in=changed), several=True, most=most)
    return sorted(groups, key=_rank)[:most]


def systems_to_group(viewer: Actor, system_key: str = "") -> list[int]:
    """Systems of which something has changed since their groups were made."""
    series = in_use(Series.objects.visible_to(viewer), viewer, named=system_key)
    series = series.filter(is_grouped=False, is_preview=False)
    if system_key:
        series = series.filter(system__key=system_key)
    return list(series.order_by().values_list("system_id", flat=True).distinct())


def _rank(group: FindingGroup) -> tuple[int, ...]:
    return (-group.severity, -len(group.tools), -group.sightings, group.finding_id)


def _kept(rows: QuerySet[WeaknessGroup], most: int) -> list[FindingGroup]:
    ordered = rows.order_by("-severity", "-tools__len", "-sightings", "finding_id")
    told = ordered.values_list(
        *("system_id", "system__key", "system__name", "weakness", "place"),
        *("severity", "sightings", "tools", "finding_id"),
    )
    return [FindingGroup(*row) for row in told[:most]]


def _now(found: QuerySet[Finding], *, several: bool, most: int) -> list[FindingGroup]:
    rows = grouped(found).values("system__key", "system__name", *GROUPED)
    if several:
        rows = rows.filter(tool_count__gt=1)
    return [
        FindingGroup(
            system_id=row["system_id"],
            system_key=row["system__key"],
            system_name=row["system__name"],
            weakness=row["weakness"],
            place=row["where"],
            severity=row["worst"],
            sightings=row["sightings"],
            tools=row["tools"],
            finding_id=row["first"],
        )
        for row in rows.order_by("-worst", "-tool_count", "-sightings", "first")[:most]
    ]


def sightings_of(viewer: Actor, finding: Finding) -> QuerySet[Finding]:
    """What else saw the same weakness of the same system, whatever was decided about it."""
    others = Finding.objects.visible_to(viewer).filter(
        system_id=finding.system_id, is_preview=finding.is_preview
    )
    others = (
        others.exclude(pk=finding.pk).exclude(state=FindingState.FIXED).select_related("series")
    )
    found: QuerySet[Finding]
    if finding.vulnerabilities:
        package = finding.purl.partition("?")[0].partition("#")[0].partition("@")[0]
        found = others.filter(vulnerabilities__overlap=finding.vulnerabilities)
        found = found.annotate(package=_package()).filter(package=package)
    elif finding.cwes and finding.path:
        found = others.filter(
            cwes__overlap=finding.cwes, path=finding.path, line=finding.line, vulnerabilities=[]
        )
    else:
        return others.none()
    return found.order_by("series__tool", "-id")
