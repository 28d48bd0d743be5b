"""How many findings each choice of a filter would show, added up from what is kept for each series."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.scans.models import SEVERITIES, FindingCount, FindingState, Series
from apps.scans.selectors import FindingFilter

# What a series knows of its findings; each but the last two is a filter whose choices have counts.
_FACETS = {
    "system": "series__system__key",
    "stage": "series__stage",
    "tool": "series__tool",
    "state": "state",
    "severity": "severity",
}
CHOICES = tuple(_FACETS)
_KNOWN = {*_FACETS, "series", "previews"}


class Cell(NamedTuple):
    """What a finding is counted by: what it has of each filter with choices."""

    system: str
    stage: str
    tool: str
    state: str
    severity: str  # the level, as in an address


@dataclass(frozen=True)
class Counts:
    """By filter: {choice: findings that the list would have with it, the other filters as they are}.

    Choices without findings are missing. `severity` has levels as text, each for itself.
    """

    system: Mapping[str, int]
    stage: Mapping[str, int]
    tool: Mapping[str, int]
    state: Mapping[str, int]
    severity: Mapping[str, int]

    def of_choice(self, name: str, choice: str) -> int:
        """What one choice of a filter would show; "" and "any" are those that filters have."""
        found: Mapping[str, int] = getattr(self, name)
        if name == "severity" and choice:  # at least
            return sum(number for level, number in found.items() if level >= choice)
        if name == "tool" and choice:  # in whatever case
            same = (
                number for tool, number in found.items() if tool.casefold() == choice.casefold()
            )
            return sum(same)
        if name == "state" and not choice:
            return found.get(FindingState.OPEN, 0)
        return sum(found.values()) if choice in {"", "any"} else found.get(choice, 0)

    def found(self, state: str) -> int:
        """All that the list has, on all its pages; state: the filter's."""
        return self.of_choice("state", state)

    def levels(self) -> list[int]:
        """By severity, 0 to 4."""
        return [self.severity.get(str(level), 0) for level, _name in SEVERITIES]


def finding_counts(viewer: Actor, wanted: FindingFilter) -> Counts | None:
    """One query over the kept counts, whatever the number of findings.

    None where the filter asks for what is not kept: a text, a weakness, exploitation, age, owner, tag.
    """
    if not _is_kept(wanted):
        return None
    cells, asked = _cells(viewer, wanted), _asked(wanted)
    parts = [_facet(cells, name, asked) for name in _FACETS]
    found: dict[str, dict[str, int]] = {name: {} for name in _FACETS}
    for facet, choice, number in parts[0].union(*parts[1:], all=True):
        found[facet][choice] = number
    return Counts(**found)


def counts_of(cells: Mapping[Cell, int], wanted: FindingFilter) -> Counts:
    """The same of findings that were read. cells: all that the filter finds whatever its choices are."""
    found: dict[str, Counter[str]] = {name: Counter() for name in CHOICES}
    for cell, number in cells.items():
        missed = _missed(cell, wanted)
        for name in CHOICES:
            if missed <= {name}:
                found[name][getattr(cell, name)] += number
    return Counts(**found)


def fits(cell: Cell, wanted: FindingFilter) -> bool:
    """Whether what is counted so is what the filter's choices ask for."""
    return not _missed(cell, wanted)


def _missed(cell: Cell, wanted: FindingFilter) -> set[str]:
    """The choices that what is counted so does not meet."""
    level = None if wanted.severity is None else str(wanted.severity)
    met = {
        "system": wanted.system in {"", cell.system},
        "stage": wanted.stage in {"", cell.stage},
        "tool": not wanted.tool or wanted.tool.casefold() == cell.tool.casefold(),
        "state": wanted.state in {"", "any", cell.state},
        "severity": level is None or cell.severity >= level,
    }
    return {name for name, is_met in met.items() if not is_met}


def _cells(viewer: Actor, wanted: FindingFilter) -> QuerySet[FindingCount]:
    """The counts of what the viewer sees and the filter's other fields than choices ask for."""
    cells: QuerySet[FindingCount] = FindingCount.objects.visible_to(viewer)
    if archived := viewer.archived_systems:
        cells = cells.exclude(~Q(series__system__key=wanted.system), series__system__in=archived)
    if not wanted.previews:
        cells = cells.filter(series__is_preview=False)
    return cells if wanted.series is None else cells.filter(series=wanted.series)


def _is_kept(wanted: FindingFilter) -> bool:
    others = (each for each in fields(wanted) if each.name not in _KNOWN)
    return all(getattr(wanted, each.name) == each.default for each in others)


def _asked(wanted: FindingFilter) -> dict[str, Q]:
    """What each of the filters asks of the counts."""
    asked = {}
    if wanted.system:
        asked["system"] = Q(series__system__key=wanted.system)
    if wanted.stage:
        asked["stage"] = Q(series__stage=wanted.stage)
    if wanted.tool:
        asked["tool"] = Q(series__tool__iexact=wanted.tool)
    if wanted.state in FindingState.values:
        asked["state"] = Q(state=wanted.state)
    if wanted.severity is not None:
        asked["severity"] = Q(severity__gte=wanted.severity)
    return asked


def _facet(cells: QuerySet[FindingCount], name: str, asked: Mapping[str, Q]) -> QuerySet[Any, Any]:
    """Rows of (facet, choice, findings)."""
    others = [condition for other, condition in asked.items() if other != name]
    rows = cells.filter(*others).order_by()
    return rows.values_list(Value(name), Cast(_FACETS[name], TextField())).annotate(
        sum=Sum("number")
    )


def tools_seen(viewer: Actor) -> list[str]:
    """All tools whose reports the viewer sees."""
    rows = (
        in_use(Series.objects.visible_to(viewer), viewer)
        .order_by("tool")
        .values_list("tool", flat=True)
    )
    return list(rows.distinct())
