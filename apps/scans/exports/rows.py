"""What the exports are made of: findings with the last word that a person said of each.

Rows come through a cursor of the server in chunks, so that memory does not grow with their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from apps.accounts.actors import Actor
from apps.scans.losses import with_losses
from apps.scans.models import Finding, FindingState, TriageChange
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_exploits import with_exploits
from apps.scans.selectors_pages import findings_found

CHUNK = 1000  # rows a round trip

# Where several tools saw the same vulnerability of a component, the most careful word counts.
_CAREFUL = (
    FindingState.OPEN,
    FindingState.ACCEPTED,
    FindingState.NOT_AFFECTED,
    FindingState.FALSE_POSITIVE,
    FindingState.FIXED,
)


@dataclass(frozen=True)
class ExportRow:
    """A finding (with system, series and detail) and the act of triage that its state is from."""

    finding: Finding
    said: TriageChange | None  # None: nobody, or it was taken back


def rows_listed(viewer: Actor, wanted: FindingFilter) -> Iterator[ExportRow]:
    """In the order of the list: the worst first."""
    return _rows(_marked(findings_found(viewer, wanted)))


def rows_shown(viewer: Actor, wanted: FindingFilter, columns: Sequence[str]) -> Iterator[ExportRow]:
    """As rows_listed, with what is known of exploitation, which the list shows, too, and of loss where it is a
    column."""
    found = with_exploits(_marked(findings_found(viewer, wanted)))
    return _rows(with_losses(found) if "annual_loss" in columns else found)


def rows_by_series(viewer: Actor, wanted: FindingFilter) -> Iterator[ExportRow]:
    return _rows(_marked(findings_found(viewer, wanted)).order_by("series_id", "id"))


def _marked(found: QuerySet[Finding]) -> QuerySet[Finding]:
    """With owner and tags; these are read a chunk at a time, as the rows are."""
    return found.select_related("owner__team").prefetch_related("tags")


def owner_of(finding: Finding) -> str:
    """The key of the team that owns it, empty where nobody does."""
    return finding.owner.team.key if hasattr(finding, "owner") else ""


def tags_of(finding: Finding) -> list[str]:
    return sorted(each.tag for each in finding.tags.all())


def rows_of_vulnerabilities(viewer: Actor, wanted: FindingFilter) -> Iterator[ExportRow]:
    """One row for each vulnerability of a component in a system, whatever tools saw it."""
    order = Case(
        *(When(state=state, then=Value(n)) for n, state in enumerate(_CAREFUL)),
        output_field=IntegerField(),
    )
    return _rows(_with_vulnerability(viewer, wanted).annotate(care=order), "care", "-id")


def components(viewer: Actor, wanted: FindingFilter) -> Iterator[str]:
    """The distinct package URLs of those rows."""
    found = _with_vulnerability(viewer, wanted).exclude(purl="").select_related(None)
    names = found.order_by("purl").values_list("purl", flat=True).distinct("purl")
    return names.iterator(chunk_size=CHUNK)


def _with_vulnerability(viewer: Actor, wanted: FindingFilter) -> QuerySet[Finding]:
    found = findings_found(viewer, wanted).exclude(vulnerabilities=[])
    return found.annotate(vulnerability=F("vulnerabilities__0"))


def _rows(found: QuerySet[Finding], *last: str) -> Iterator[ExportRow]:
    """last: of what is the same vulnerability of a component, the first in this order."""
    if last:
        once = ("system_id", "vulnerability", "purl")
        found = found.order_by(*once, *last).distinct(*once)
    found = found.select_related("system", "series", "detail").defer(
        "detail__raw", "detail__remediation"
    )
    stream = found.iterator(chunk_size=CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        said = _said(chunk)
        yield from (ExportRow(each, said.get((each.pk, each.state))) for each in chunk)


def _said(findings: Sequence[Finding]) -> dict[tuple[int, str], TriageChange]:
    """The newest change of each finding that was not taken back, by finding and state."""
    people = {FindingState.OPEN, FindingState.FIXED}
    numbers = [each.pk for each in findings if each.state not in people]
    if not numbers:
        return {}
    changes = (
        TriageChange.objects.filter(finding_id__in=numbers, is_undone=False)
        .select_related("triage")
        .order_by("finding_id", "-id")
        .distinct("finding_id")
    )
    return {(each.finding_id, each.after): each for each in changes}
