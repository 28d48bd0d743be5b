"""Reading reports and findings."""

import datetime as dt
import re
import string
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    prefetch_related_objects,
)
from django.db.models.expressions import RawSQL

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.errors import Missing
from apps.scans.columns import STANDARD, known
from apps.scans.losses import losses, losses_of, with_losses
from apps.scans.models import (
    Finding,
    FindingColumns,
    FindingOwner,
    FindingState,
    FindingTag,
    OwnerChange,
    Presence,
    Report,
    ReportState,
    Series,
    SeverityChange,
    Triage,
    TriageChange,
)
from apps.scans.selectors_exploits import epss_at_least, in_kev, overdue, with_exploits

NEWEST = 1000  # reports that a text is looked for in: whoever looks for one means one of late
_THREE = re.compile(r"[^\W_]{3}")
_BETWEEN_WORDS = " \t\n" + "".join(f"\\{mark}" for mark in string.punctuation)
NOBODY = "!"  # in the place of an owner's key, which it cannot be: findings that nobody owns


@dataclass(frozen=True)
class FindingFilter:
    """What a reader asked for; empty fields ask for nothing."""

    system: str = ""
    stage: str = ""
    state: str = "open"  # "any": whatever it is
    severity: int | None = None  # at least
    series: int | None = None
    text: str = ""  # in rule, title, place or a vulnerability id; what is short begins a word there
    cwe: int | None = None
    previews: bool = False
    kev: bool = False  # known to be exploited
    epss: float | None = None  # at least, 0 to 1
    overdue: bool = False  # open longer than the organisation wants
    since: str = ""  # first seen at or after this moment, in ISO 8601: a filter is kept as JSON
    rule: str = ""  # of the tool; * stands for anything
    path: str = ""  # what it begins with
    component: str = ""  # a package URL without its version
    tool: str = ""
    team: str = ""  # the owner's key, or NOBODY
    tag: str = ""
    at_stake: bool = False  # evidence of a risk that has a value; then the dearest come first
    report: str = ""  # the number (UUID) of one that the viewer may see; with `change`
    change: str = ""  # what became of them by the report: a ReportChange


class ReportChange(StrEnum):
    """What became of a finding by a report."""

    NEW = "new"
    BACK = "back"  # was there before, was gone, and is there again
    GONE = "gone"
    SEVERITY = "severity"  # is rated otherwise than before
    UNCHANGED = "unchanged"


def changed_by(report: Report, change: str) -> QuerySet[Any]:
    """The numbers of the findings to which a report, which was processed, did this.

    Unchanged is what was there before and stayed; only of a full report that is also what it saw.
    """
    since = Presence.objects.filter(since=report)
    earlier = Presence.objects.filter(finding=OuterRef("finding"), pk__lt=OuterRef("pk"))
    moved = SeverityChange.objects.filter(report=report).values("finding")
    if change == ReportChange.NEW:
        return since.filter(~Exists(earlier)).values("finding")
    if change == ReportChange.BACK:
        return since.filter(Exists(earlier)).values("finding")
    if change == ReportChange.GONE:
        return Presence.objects.filter(until=report).values("finding")
    if change == ReportChange.SEVERITY:
        return moved
    later = Q(until=None) | Q(until__finished_at__gt=report.finished_at)
    stayed = Presence.objects.filter(
        later, series=report.series_id, since__finished_at__lt=report.finished_at
    )
    return stayed.exclude(finding__in=moved).values("finding")


def findings_list(viewer: Actor, wanted: FindingFilter) -> QuerySet[Finding]:
    """Findings, worst first, or with `annual_loss` the dearest first where what is at stake is asked for.

    Ordered so that a keyset page uses the partial indexes.
    """
    place = wanted.system or wanted.report or wanted.series
    found: QuerySet[Finding] = in_use(Finding.objects.visible_to(viewer), viewer, named=place)
    found = found.select_related("system", "series")
    if not wanted.previews and not wanted.report:
        found = found.filter(is_preview=False)
    found = found.filter(choices_asked(wanted))
    exact = {
        "series_id": wanted.series,
        "path__startswith": wanted.path,
        "owner__team__key": "" if wanted.team == NOBODY else wanted.team,
        "tags__tag": wanted.tag,
        "first_seen_at__gte": wanted.since and dt.datetime.fromisoformat(wanted.since),
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if wanted.team == NOBODY:
        found = found.filter(owner=None)
    if wanted.cwe is not None:
        found = found.filter(cwes__contains=[wanted.cwe])
    found = _exploits_asked_for(found, wanted)
    if wanted.report:
        found = _of_report(viewer, found, wanted)
    if wanted.rule:
        found = found.filter(rule_id__iregex=any_of(wanted.rule))
    if wanted.component:
        name = wanted.component
        found = found.filter(Q(purl=name) | Q(purl__startswith=f"{name}@"))
    if text := wanted.text.strip():
        how, sought = ("iregex", word_beginning(text)) if is_short(text) else ("icontains", text)
        said = {f"{column}__{how}": sought for column in ("title", "rule_id", "place")}
        a_vulnerability = Q(vulnerabilities__contains=[text.upper()])
        found = found.filter(a_vulnerability | Q(*said.items(), _connector=Q.OR))
    if wanted.at_stake:
        return _dearest_first(found)
    return found.order_by("-severity", "-id")


def _dearest_first(found: QuerySet[Finding]) -> QuerySet[Finding]:
    said = losses()
    if said is None:
        return found.none()
    rows = with_losses(found.filter(pk__in=said.findings()))
    return rows.order_by("-annual_loss", "-severity", "-id")


def choices_asked(wanted: FindingFilter) -> Q:
    """What the filter's choices, which have counts, ask of a finding.

    The system by its number, found first: through a join PostgreSQL reads the findings of all systems.
    """
    named = System.objects.filter(key=wanted.system).values("pk")
    exact = {
        "system": Subquery(named) if wanted.system else "",
        "stage": wanted.stage,
        "state": "" if wanted.state == "any" else wanted.state,
    }
    asked = Q(**{name: value for name, value in exact.items() if value})
    if wanted.tool:
        asked &= Q(is_one_of(series_of(tool__iexact=wanted.tool), "series_id"))
    if wanted.severity is not None:
        asked &= Q(severity__gte=wanted.severity)
    return asked


def _of_report(viewer: Actor, found: QuerySet[Finding], wanted: FindingFilter) -> QuerySet[Finding]:
    """What was not read, or could not be, changed nothing."""
    read = Report.objects.visible_to(viewer).filter(state=ReportState.PROCESSED)
    report = read.filter(uid=wanted.report).first()
    return found.filter(pk__in=changed_by(report, wanted.change)) if report else found.none()


def series_of(**place: str) -> list[int]:
    """The series of a tool or stage, found first: of a number PostgreSQL knows how many findings it has."""
    return list(Series.objects.filter(**place).order_by().values_list("pk", flat=True))


def with_marks(found: QuerySet[Finding]) -> QuerySet[Finding]:
    """With `owner_key`, the team's, None where nobody owns it, `tag_names` and `annual_loss`."""
    owners = FindingOwner.objects.filter(finding=OuterRef("pk"))
    tags = FindingTag.objects.filter(finding=OuterRef("pk")).order_by("tag")
    rows: QuerySet[Finding] = with_losses(found).annotate(
        owner_key=Subquery(owners.values("team__key")), tag_names=ArraySubquery(tags.values("tag"))
    )
    return rows


def any_of(text: str) -> str:
    """A text with * for anything, such as a tool's rule, as a regular expression of PostgreSQL."""
    return "^" + ".*".join(re.escape(part) for part in text.split("*")) + "$"


def is_indexed(text: str) -> bool:
    """Whether the index of trigrams tells what contains a text: one is made of three letters or digits."""
    return bool(_THREE.search(text))


def is_short(text: str) -> bool:
    """Whether a text is looked for at the beginning of words alone, where the index knows it, too."""
    return text[:1].isalnum() and not is_indexed(text)


def word_beginning(text: str) -> str:
    """A regular expression of PostgreSQL: what has a word that begins with a text.

    Spelled out, since of `\\m`, or of all that is no letter, no trigram is made.
    """
    return f"(^|[{_BETWEEN_WORDS}]){re.escape(text)}"


def _exploits_asked_for(found: QuerySet[Finding], wanted: FindingFilter) -> QuerySet[Finding]:
    if wanted.kev:
        found = in_kev(found)
    if wanted.epss is not None:
        found = epss_at_least(found, wanted.epss)
    return overdue(found) if wanted.overdue else found


def is_one_of(numbers: Sequence[int], column: str = "id") -> Func:
    """`id = ANY(array)`: one parameter, where IN would be one for each of a hundred thousand."""
    return equals_any(column, Value(list(numbers), output_field=ArrayField(BigIntegerField())))


def equals_any(column: str, numbers: Value | ArraySubquery | RawSQL) -> Func:
    return Func(
        F(column),
        numbers,
        template="(%(expressions)s))",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )


def triages_visible(viewer: Actor) -> QuerySet[Triage]:
    """Acts of triage: one's own; all of them for whoever may triage everywhere."""
    rows = Triage.objects.select_related("user", "undone_by", "team")
    if viewer.systems_with(Permission.FINDING_TRIAGE) is None:
        return rows
    return rows.filter(user=viewer.user) if viewer.user else rows.none()


def triage_get(viewer: Actor, uid: uuid.UUID) -> Triage:
    """Raises: Missing."""
    triage = triages_visible(viewer).filter(uid=uid).first()
    if triage is None:
        raise Missing("There is no such triage of yours.")
    return triage


def verdicts_of(finding: Finding) -> QuerySet[TriageChange]:
    """What people said of a finding that the reader sees, the newest first."""
    changes = TriageChange.objects.filter(finding=finding)
    return changes.select_related("triage__user").order_by("-id")


def owners_told(finding: Finding) -> QuerySet[OwnerChange]:
    """What people said of the owner of a finding that the reader sees, the newest first."""
    changes = OwnerChange.objects.filter(finding=finding)
    return changes.select_related("triage__user", "before", "after").order_by("-id")


def finding_get(viewer: Actor, pk: int) -> Finding:
    found = Finding.objects.visible_to(viewer).select_related(
        "system", "series", "detail", "owner__team"
    )
    finding = with_marks(with_exploits(found)).filter(pk=pk).first()
    if not isinstance(finding, Finding):
        raise Missing("There is no such finding that you may see.")
    return finding


def findings_chosen(viewer: Actor, numbers: Sequence[int]) -> list[Finding]:
    """Those of these findings that the viewer sees, the worst first; previews stand for nothing."""
    rows = Finding.objects.visible_to(viewer).filter(is_one_of(numbers), is_preview=False)
    return list(rows.select_related("system", "series").order_by("-severity", "id"))


def presences_of(finding: Finding) -> QuerySet[Presence]:
    """When a finding that the reader sees was there."""
    rows: QuerySet[Presence] = Presence.objects.filter(finding=finding)
    return rows.select_related("since", "until")


def reports_visible(viewer: Actor) -> QuerySet[Report]:
    return Report.objects.visible_to(viewer).select_related("system", "series")


def reports_list(viewer: Actor, *, named: object = None) -> QuerySet[Report]:
    """named: the system or series that is asked for; of an archived one they are listed only then."""
    return in_use(reports_visible(viewer), viewer, named=named)


def reports_matching(viewer: Actor, text: str) -> QuerySet[Report]:
    """Of the newest reports those whose file, tool, branch or commit says a text, the newest first."""
    newest = in_use(Report.objects.visible_to(viewer), viewer).order_by("-id").values("pk")[:NEWEST]
    says = Q(filename__icontains=text) | Q(tool__icontains=text) | Q(series__tool__icontains=text)
    says |= Q(branch__icontains=text) | Q(commit__istartswith=text)
    return reports_list(viewer).filter(says, pk__in=newest).order_by("-id")


def report_get(viewer: Actor, uid: uuid.UUID) -> Report:
    report = reports_visible(viewer).filter(uid=uid).first()
    if not isinstance(report, Report):
        raise Missing("There is no such report that you may see.")
    return report


def report_before(report: Report) -> Report | None:
    """The one that said before this one what its series sees; None where it was the first."""
    if report.series_id is None or report.finished_at is None:
        return None
    before: Report | None = (
        Report.objects.filter(
            series=report.series_id,
            state=ReportState.PROCESSED,
            is_outdated=False,
            finished_at__lt=report.finished_at,
        )
        .order_by("-finished_at", "-id")
        .first()
    )
    return before


def findings_of_change(viewer: Actor, report: Report, change: str) -> QuerySet[Finding]:
    """The findings to which a report did this, the worst first."""
    wanted = FindingFilter(state="any", report=str(report.uid), change=change)
    return with_marks(with_exploits(findings_list(viewer, wanted)))


def series_list(viewer: Actor, *, named: object = None) -> QuerySet[Series]:
    """named: the system that is asked for."""
    return (
        in_use(Series.objects.visible_to(viewer), viewer, named=named)
        .select_related("system", "newest_report")
        .order_by("system__name", "stage", "tool")
    )


def columns_of(viewer: Actor) -> tuple[str, ...]:
    """The columns that the viewer chose for the list, else the standard ones."""
    rows = FindingColumns.objects.filter(user=viewer.user_id).values_list("names", flat=True)
    return known(rows[0]) if viewer.user_id is not None and rows else STANDARD


def findings_new(
    viewer: Actor, since: dt.datetime, system: System | None = None
) -> QuerySet[Finding]:
    """What is open and was first seen at that moment or later, of branches that count; to be counted."""
    rows: QuerySet[Finding] = in_use(Finding.objects.visible_to(viewer), viewer, named=system)
    rows = rows.filter(first_seen_at__gte=since, state=FindingState.OPEN, is_preview=False)
    return rows.filter(system=system) if system else rows


def read_for_columns(findings: Sequence[Finding], columns: Collection[str]) -> None:
    """Read what some columns need besides; a query each, whatever the number of rows."""
    needs = {"owner": "owner__team", "tags": "tags"}
    prefetch_related_objects(findings, *(path for name, path in needs.items() if name in columns))
    if "annual_loss" in columns:
        known_losses = losses_of([each.pk for each in findings])
        for each in findings:
            each.annual_loss = known_losses.get(each.pk)  # type: ignore[attr-defined]  # as with_losses does


@dataclass(frozen=True)
class ReportFilter:
    """What a reader asked for; empty fields ask for nothing."""

    system: str = ""
    stage: str = ""
    state: str = ""


def reports_page(
    viewer: Actor, wanted: ReportFilter, before: int | None, limit: int
) -> tuple[list[Report], int | None]:
    """Reports, the newest first, and the id that the next page is before (None: the end)."""
    found = reports_list(viewer, named=wanted.system)
    if wanted.system:
        found = found.filter(system__key=wanted.system)
    if wanted.stage:  # what it was filed under, or, until that is known, what the sender said
        found = found.filter(Q(series__stage=wanted.stage) | Q(series=None, stage=wanted.stage))
    if wanted.state:
        found = found.filter(state=wanted.state)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-id")[: limit + 1])
    return rows[:limit], rows[limit - 1].pk if len(rows) > limit else None


def series_of_system(viewer: Actor, system_id: int) -> QuerySet[Series]:
    """What counts of a system, in the order of the loop's stages; previews of branches do not."""
    order = Case(*(When(stage=stage, then=n) for n, stage in enumerate(Stage.values)))
    found: QuerySet[Series] = series_list(viewer, named=system_id)
    found = found.filter(system_id=system_id, is_preview=False)
    return found.order_by(order, "tool", "category", "environment")
