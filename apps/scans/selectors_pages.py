"""The two ways in which findings of a filter are read, and how a list chooses between them.

A list of a million in its own order is walked from the top, which is quick where every few rows there is a
hit, and reads all of it where there is none. What few findings have is found by its own index and sorted,
which is quick where they are few, and reads all of them where they are not. PostgreSQL would choose by what
it guesses of averages, and guesses wrongly of exactly the filters that find little. So it is looked at: a
glance at the head of the list says whether hits stand close together; where they do not, the first
thousands of hits are read in whatever order they come. Where no index would help with either, the list is
walked a piece at a time, and the page says so.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.expressions import RawSQL
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThanOrEqual,
    TupleLessThan,
)
from django.db.models.functions import Upper

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import Team
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.scans.losses import Dear, losses
from apps.scans.models import (
    Finding,
    FindingCount,
    FindingState,
    FindingText,
    Series,
)
from apps.scans.selectors import (
    NOBODY,
    FindingFilter,
    choices_asked,
    equals_any,
    findings_list,
    is_indexed,
    is_one_of,
    is_short,
    series_of,
    word_beginning,
)
from apps.scans.selectors_counts import Cell, Counts, counts_of, finding_counts, fits
from apps.scans.selectors_exploits import with_exploits

FEW = 5000  # findings that are read and sorted as quickly as a page in the order of the list
SOME = 1000  # findings with something at stake, up to which they are counted
GLANCE = 2000  # rows at the head of the list, which are looked at for hits
MANY = 20_000  # hits that a glance makes likely, from which on the list is walked, uncounted
FAR = 10_000  # rows of the list that are looked at for one page of what no index finds
COMMON = 4  # a word that one in so many rows has tells an index little
LARGEST = 2**63 - 1  # number that a column holds
LIKELY = 0.1  # from which score on few enough CVEs have it for each to be looked up

_IN_ORDER = {"system", "state", "severity", "previews"}  # what the indexes of the list are for
# What no index finds by itself; texts only where they are long enough.
_NO_INDEX = {*_IN_ORDER, "text", "path", "component", "rule"}
# Findings by CVEs, one after the other: of all at once PostgreSQL compares each finding with each CVE.
_OF_EXPLOITED = """ARRAY(
    SELECT found.id FROM scans_keventry known
    JOIN scans_finding found ON found.vulnerabilities @> ARRAY[known.cve]::varchar(100)[])"""
_OF_SCORE = """ARRAY(
    SELECT found.id FROM scans_epssscore known
    JOIN scans_finding found ON found.vulnerabilities @> ARRAY[known.cve]::varchar(100)[]
    WHERE known.score >= %s)"""
_LOSS = re.compile(r"\d{1,16}\.\d\d")
_WORD = re.compile(r"[^\W_]{3,}")
_VULNERABILITY = re.compile(r"\s*(CVE|GHSA)-[\w-]+\s*", re.IGNORECASE)
_ANY_CHOICE = {"system": "", "stage": "", "tool": "", "state": "any", "severity": None}


@dataclass(frozen=True, order=True)
class Place:
    """Where in a list of findings a page begins: behind the finding with these.

    loss: where the dearest come first, and before the others.
    """

    severity: int
    pk: int
    loss: Decimal | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """As addresses say it."""
        place = f"{self.severity}-{self.pk}"
        return place if self.loss is None else f"{self.loss}-{place}"


def place_of(key: Sequence[object] | None) -> Place | None:
    """That of a cursor's key; None where it is none, which whoever reads the rows refuses."""
    match key:
        case [int(severity), int(pk)] if 0 <= severity <= LARGEST and 0 <= pk <= LARGEST:
            return Place(severity, pk)
        case [str(loss), int(severity), int(pk)] if severity <= LARGEST and pk <= LARGEST:
            known = _LOSS.fullmatch(loss)
            return Place(severity, pk, Decimal(loss)) if known and min(severity, pk) >= 0 else None
        case _:
            return None


class Hit(NamedTuple):
    """A finding as its place in the list sorts it, and what its choices are counted by."""

    severity: int
    pk: int
    state: str
    series: int

    @property
    def kind(self) -> tuple[int, str, int]:
        return self.series, self.state, self.severity

    @property
    def place(self) -> Place:
        return Place(self.severity, self.pk)


@dataclass(frozen=True)
class Reading:
    """What was found out before the rows are read.

    places: those of the page's findings and of what follows, in order; None: walk the list, to `until`. number: of
    all findings on all pages, or (is_more) one that they exceed; None: nobody counted.
    """

    places: Sequence[Place] | None
    counts: Counts | None = None
    number: int | None = None
    is_more: bool = False
    until: Place | None = None  # the last place that is looked at; None: as far as it takes


@dataclass(frozen=True)
class FindingsPage:
    findings: list[Finding]
    next: Place | None  # None: nothing follows
    counts: Counts | None = None  # beside each choice; None: nobody counted
    number: int | None = None  # as in Reading
    is_more: bool = False
    looked_at: int | None = None  # so many rows of the list, and no further; None: all there are


def findings_page(
    viewer: Actor, wanted: FindingFilter, behind: Place | None, limit: int
) -> FindingsPage:
    """One page, at about the same cost wherever it begins and whatever it asks for."""
    if wanted.at_stake:
        return _dearest(viewer, wanted, behind, limit)
    reading = _reading(viewer, wanted, behind, limit)
    found = with_exploits(findings_list(viewer, wanted))
    if reading.places is not None:
        rows = list(found.filter(is_one_of([each.pk for each in reading.places[: limit + 1]])))
    else:
        rows = list(_until(_behind(found, behind), reading.until)[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return FindingsPage(
        findings=rows[:limit],
        next=Place(last.severity, last.pk) if last else reading.until,
        counts=reading.counts,
        number=reading.number,
        is_more=reading.is_more,
        looked_at=FAR if reading.until and last is None else None,
    )


def _dearest(
    viewer: Actor, wanted: FindingFilter, behind: Place | None, limit: int
) -> FindingsPage:
    """Which come next, an app above says; how many there are is counted up to SOME."""
    listed = findings_list(viewer, wanted)
    places = _first_dear(viewer, wanted, behind, limit + 1)
    last = places[limit - 1] if len(places) > limit else None
    shown = listed.filter(is_one_of([each.pk for each in places[:limit]]))
    number = None if behind else listed.order_by().values("pk")[: SOME + 1].count()
    return FindingsPage(
        findings=list(with_exploits(shown)),
        next=Place(last.severity, last.pk, last.loss) if last else None,
        number=number if number is None else min(number, SOME),
        is_more=number is not None and number > SOME,
    )


def _first_dear(
    viewer: Actor, wanted: FindingFilter, behind: Place | None, most: int
) -> Sequence[Dear]:
    said = losses()
    if said is None:
        return []
    anything = findings_list(viewer, replace(wanted, at_stake=False)).select_related(None)
    loss = behind.loss if behind else None
    place = Dear(loss, behind.severity, behind.pk) if behind and loss is not None else None
    return said.first(anything, place, most)


def findings_found(
    viewer: Actor,
    wanted: FindingFilter,
    behind: Place | None = None,
    limit: int | None = None,
) -> QuerySet[Finding]:
    """As findings_list, and of what few findings have only these, by their numbers, whatever is done with it.

    behind: where it is going to be read from. limit: how many of it at most; None: all of it.
    """
    listed = findings_list(viewer, wanted)
    if wanted.at_stake:
        places = [] if limit is None else _first_dear(viewer, wanted, behind, limit + 1)
        return listed if limit is None else listed.filter(is_one_of([each.pk for each in places]))
    if _asked_beside(wanted, _IN_ORDER) == set():
        return listed
    if _is_likely_many(*_glance(viewer, wanted, behind)):
        return listed
    few = _few(viewer, wanted)
    if few is not None:
        return listed.filter(is_one_of([hit.pk for hit in few]))
    sought = _sought(viewer, wanted)
    if sought is None:
        return listed
    return listed.filter(equals_any("id", ArraySubquery(sought.values("pk"))))


def findings_first(viewer: Actor, wanted: FindingFilter) -> QuerySet[Finding]:
    """As findings_found, for who shows a handful of the worst: what no index finds, such as two letters, is
    looked for at the head of the list alone."""
    if _is_indexed(wanted):
        return findings_found(viewer, wanted)
    close, _number = _glance(viewer, wanted, None)
    return findings_list(viewer, wanted).filter(is_one_of([each.pk for each in close]))


def _reading(viewer: Actor, wanted: FindingFilter, behind: Place | None, limit: int) -> Reading:
    counts = finding_counts(viewer, wanted)
    if counts is not None:
        number = counts.found(wanted.state)
        is_rare = number <= FEW and _asked_beside(wanted, _IN_ORDER)
        few = _few(viewer, wanted) if is_rare else None
        return Reading(None if few is None else _places(few, behind), counts, number)
    return _sought_for(viewer, wanted, behind, limit)


def _sought_for(viewer: Actor, wanted: FindingFilter, behind: Place | None, limit: int) -> Reading:
    """Of a filter whose findings nobody has counted beforehand."""
    close, all_findings = _glance(viewer, wanted, behind)
    if len(close) > limit:
        return _close_together(viewer, wanted, behind, close, all_findings)
    is_put_away = _is_put_away(viewer, wanted.system)
    sought = _sought(viewer, wanted if is_put_away else _of_any_choice(wanted))
    is_walked = sought is None or _tells_little(viewer, wanted, behind)
    until = _end_of_look(viewer, wanted, behind) if is_walked else None
    if sought is None or until is not None:
        return Reading(None, until=until)
    first = _first_that_fit(sought, wanted, behind, limit + 1)
    return _cut(first, behind) if is_put_away else _weighed(viewer, wanted, behind, first)


def _close_together(
    viewer: Actor,
    wanted: FindingFilter,
    behind: Place | None,
    close: Sequence[Place],
    all_findings: int,
) -> Reading:
    """Of hits that fill the page from the next rows of the list: which they are is known, how many is asked."""
    if not _is_indexed(wanted):
        return Reading(close)
    if _is_likely_many(close, all_findings):
        return Reading(close, number=None if behind else _said(len(close)), is_more=True)
    is_put_away = _is_put_away(viewer, wanted.system)
    whole = None if is_put_away else _few(viewer, _of_any_choice(wanted))
    if whole is not None:
        return _counted(viewer, wanted, behind, whole)
    # More than FEW, whatever the choices are; with them perhaps fewer.
    few = _few(viewer, wanted)
    return Reading(close, None, *((FEW, True) if few is None else (len(few), False)))


class _First(NamedTuple):
    """The first hits; how many hits there are whatever their choices and place; how many of those asked for."""

    hits: list[Hit]
    whole: int
    number: int


def _weighed(viewer: Actor, wanted: FindingFilter, behind: Place | None, first: _First) -> Reading:
    """Of hits that stand far apart in the list: only of a few is asked by what else they can be chosen."""
    if first.whole <= min(FEW, len(first.hits)):
        return _counted(viewer, wanted, behind, first.hits)
    few = _few(viewer, _of_any_choice(wanted)) if first.whole <= FEW else None
    return _cut(first, behind) if few is None else _counted(viewer, wanted, behind, few)


def _cut(first: _First, behind: Place | None) -> Reading:
    places = [hit.place for hit in first.hits[: first.number]]
    if first.number > FEW:
        return Reading(places, number=FEW, is_more=True)
    return Reading(places, number=None if behind else first.number)


def _first_that_fit(
    sought: QuerySet[Finding], wanted: FindingFilter, behind: Place | None, most: int
) -> _First:
    """Of what is sought: what the filter's choices ask for behind a place, in order, before anything else.

    Sorted by sums, which no index is in the order of, so that no list is walked, nor half of it read to be met
    with the hits: a weakness that is of one severity has its first hit behind all that is worse.
    """
    severity, pk = F("severity") + 0, F("id") + 0
    asked = choices_asked(wanted)
    if behind is not None:
        asked &= Q(TupleLessThan(Tuple(severity, pk), (behind.severity, behind.pk)))
    # PostgreSQL sorts by no constant, which "nothing is asked" would be.
    fits = [ExpressionWrapper(asked, output_field=BooleanField()).desc()] if asked else []
    asked_for = Count("pk", filter=asked) if asked else Count("*")
    told = (
        sought.order_by(*fits, severity.desc(), pk.desc())
        .annotate(whole=Window(Count("*")), number=Window(asked_for))
        .values_list("severity", "pk", "state", "series_id", "whole", "number")
    )
    found = list(told[:most])
    whole, number = found[0][4:] if found else (0, 0)
    return _First([Hit(*row[:4]) for row in found], whole, number)


def _of_any_choice(wanted: FindingFilter) -> FindingFilter:
    return replace(wanted, **_ANY_CHOICE)  # type: ignore[arg-type]


def _is_put_away(viewer: Actor, system: str) -> bool:
    """Whether a system is archived: then only a filter that names it finds anything of it."""
    archived = viewer.archived_systems if system else frozenset()
    return bool(archived) and System.objects.filter(key=system, pk__in=archived).exists()


def _counted(
    viewer: Actor, wanted: FindingFilter, behind: Place | None, whole: Sequence[Hit]
) -> Reading:
    """Of all that a filter finds whatever its choices are: those of its choices, and a count for each other."""
    cells = _cells(viewer, whole)
    few = [hit for hit in whole if hit.kind in cells and fits(cells[hit.kind], wanted)]
    numbers = Counter(cells[hit.kind] for hit in whole if hit.kind in cells)
    return Reading(_places(few, behind), counts_of(numbers, wanted), len(few))


def _asked_beside(wanted: FindingFilter, known: Collection[str]) -> set[str]:
    """The names of the filter's fields that ask for something, but those that are known."""
    names = {each.name for each in fields(wanted) if getattr(wanted, each.name) != each.default}
    return names - set(known)


def _glance(viewer: Actor, wanted: FindingFilter, behind: Place | None) -> tuple[list[Place], int]:
    """The hits among the next rows of the list, in its order, and how many findings there are at all.

    Which rows come next is what an index has in order; of a reader who sees several systems those of all.
    Branches and what one report did have no such index, and no list of a million either.
    """
    if wanted.previews or wanted.report:
        return [], 0
    everything: QuerySet[FindingCount] = FindingCount.objects.order_by()
    total = everything.annotate(total=Func(F("number"), function="SUM")).values("total")
    rows = findings_list(viewer, wanted).filter(_among_next(viewer, wanted, behind, "id"))
    found = list(rows.annotate(total=Subquery(total)).values_list("severity", "pk", "total"))
    return [Place(severity, pk) for severity, pk, _total in found], found[0][2] or 0 if found else 0


def _among_next(viewer: Actor, wanted: FindingFilter, behind: Place | None, column: str) -> Func:
    """Whether a column has the number of one of the next rows of the list."""
    numbers = _next_rows(viewer, wanted, behind).values("pk")[:GLANCE]
    return equals_any(column, ArraySubquery(numbers))


def _next_rows(viewer: Actor, wanted: FindingFilter, behind: Place | None) -> QuerySet[Finding]:
    """Of the list along which is looked, in its order."""
    return _behind(findings_list(*_order_of(viewer, wanted)).select_related(None), behind)


def _tells_little(viewer: Actor, wanted: FindingFilter, behind: Place | None) -> bool:
    """Whether an index would give nearly all findings to be looked through: what nobody owns, where nearly all
    are owned, and a text whose every word stands in many of the next rows, although the text does not."""
    if wanted.team == NOBODY:
        return True
    if _VULNERABILITY.fullmatch(wanted.text):  # few findings have any one, and an index knows which
        return False
    words = _WORD.findall(wanted.text)
    if len(words) < 2 or _asked_beside(wanted, {*_IN_ORDER, "text"}):
        return False
    next_texts = FindingText.objects.filter(_among_next(viewer, wanted, behind, "finding_id"))
    said = [Q(text__contains=Upper(Value(word))) for word in words]
    return next_texts.filter(*said).count() * COMMON >= GLANCE


def _end_of_look(viewer: Actor, wanted: FindingFilter, behind: Place | None) -> Place | None:
    """The last of the next rows that are looked at; None where there are no more than that."""
    if wanted.previews or wanted.report:
        return None
    rows = _next_rows(viewer, wanted, behind).values_list("severity", "pk")
    return next((Place(severity, pk) for severity, pk in rows[FAR - 1 : FAR]), None)


def _order_of(viewer: Actor, wanted: FindingFilter) -> tuple[Actor, FindingFilter]:
    """Along whose list a glance goes: an index has that of what is open of one system, and those of all in one.

    SECURITY: it only says which rows are looked at; those that the viewer may not see are no hits.
    """
    systems = viewer.systems_with(Permission.SYSTEM_VIEW)
    is_one = bool(wanted.system) or systems is None or len(systems) < 2
    order = FindingFilter(state=wanted.state, severity=wanted.severity)
    if is_one and wanted.state == FindingState.OPEN:
        return viewer, replace(order, system=wanted.system)
    return portal_actor("lists"), order


def _is_likely_many(close: Sequence[Place], all_findings: int) -> bool:
    return len(close) * all_findings >= MANY * GLANCE


def _few(viewer: Actor, wanted: FindingFilter) -> list[Hit] | None:
    """All that a filter finds, in no order, or None where that is more than FEW."""
    sought = _sought(viewer, wanted)
    if sought is None:
        return None
    told = sought.values_list("severity", "pk", "state", "series_id")
    hits = list(told[: FEW + 1])
    return [Hit(*hit) for hit in hits] if len(hits) <= FEW else None


def _sought(viewer: Actor, wanted: FindingFilter) -> QuerySet[Finding] | None:
    """What a filter finds, in no order, so that PostgreSQL has no list to walk; None where no index says it.

    What is known of exploits is asked by the CVEs that have it, each of which the index of vulnerabilities
    knows, and not of each finding.
    """
    if not _is_indexed(wanted):
        return None
    likely, of_team = _is_likely(wanted), wanted.team not in {"", NOBODY}
    said = _said_in_texts(wanted)
    less = replace(wanted, kev=False)
    less = replace(less, epss=None) if likely else less
    less = replace(less, team="") if of_team else less
    rows = findings_list(viewer, less)
    if of_team:  # by its number, of which PostgreSQL knows how many findings have it
        numbers = Team.objects.filter(key=wanted.team).values_list("pk", flat=True)
        rows = rows.filter(owner__team_id=numbers.first() or 0)
    if wanted.kev:
        rows = rows.filter(equals_any("id", RawSQL(_OF_EXPLOITED, [])))  # noqa: S611  # a constant
    if likely:
        rows = rows.filter(equals_any("id", RawSQL(_OF_SCORE, [wanted.epss])))  # noqa: S611  # a constant
    if wanted.stage:
        rows = rows.filter(is_one_of(series_of(stage=wanted.stage), "series_id"))
    found: QuerySet[Finding] = rows.select_related(None).order_by()
    return found.filter(equals_any("id", _that_say(said, found))) if said else found


def _is_indexed(wanted: FindingFilter) -> bool:
    known = _NO_INDEX if _is_likely(wanted) else {*_NO_INDEX, "epss"}
    said = _pieces(wanted) or is_short(wanted.text.strip())
    return bool(said or _asked_beside(wanted, known))


def _is_likely(wanted: FindingFilter) -> bool:
    """Whether a score is asked for that few enough CVEs have."""
    return (wanted.epss or 0) >= LIKELY


def _pieces(wanted: FindingFilter) -> list[str]:
    """What the texts of all that the filter finds say; what is too short for the index is left out."""
    asked = [wanted.text.strip(), wanted.path, wanted.component, *wanted.rule.split("*")]
    return [piece for piece in asked if is_indexed(piece)]


def _said_in_texts(wanted: FindingFilter) -> list[Q]:
    """What is asked of the kept texts, which are in capitals: none where no index would help."""
    said = [Q(text__contains=Upper(Value(piece))) for piece in _pieces(wanted)]
    text = wanted.text.strip()
    return [*said, Q(text__regex=Upper(Value(word_beginning(text))))] if is_short(text) else said


def _that_say(said: Sequence[Q], found: QuerySet[Finding]) -> ArraySubquery:
    """The numbers of findings whose kept texts say all of it, and of those that a filter finds among series
    whose texts are not kept yet."""
    kept = FindingText.objects.filter(*said).order_by()
    changed = Series.objects.filter(has_texts=False).order_by()
    others = found.filter(equals_any("series_id", ArraySubquery(changed.values("pk"))))
    return ArraySubquery(kept.values("pk").union(others.values("pk"), all=True))


def _behind(rows: QuerySet[Finding], place: Place | None) -> QuerySet[Finding]:
    """What comes after a place. Compared as a row value, (severity, id) < (s, i), the one form with which
    PostgreSQL starts in the middle of the index; spelled out as OR it walks there from the top."""
    if place is None:
        return rows
    return rows.filter(TupleLessThan(Tuple("severity", "id"), (place.severity, place.pk)))


def _until(rows: QuerySet[Finding], place: Place | None) -> QuerySet[Finding]:
    """What does not come after a place."""
    if place is None:
        return rows
    return rows.filter(TupleGreaterThanOrEqual(Tuple("severity", "id"), (place.severity, place.pk)))


def _places(hits: Sequence[Hit], behind: Place | None) -> list[Place]:
    """In the order of the list, from a place on."""
    places = sorted((hit.place for hit in hits), reverse=True)
    return [place for place in places if behind is None or place < behind]


def _cells(viewer: Actor, hits: Sequence[Hit]) -> dict[tuple[int, str, int], Cell]:
    """What each hit is counted as, by series, state and severity."""
    kinds = {hit.kind for hit in hits}
    if not kinds:
        return {}
    rows = Series.objects.visible_to(viewer).filter(is_one_of(list({kind[0] for kind in kinds})))
    told = rows.order_by().values_list("pk", "system__key", "stage", "tool")
    places = {pk: (system, stage, tool) for pk, system, stage, tool in told}
    return {
        (series, state, severity): Cell(*places[series], state, str(severity))
        for series, state, severity in kinds
        if series in places
    }


def _said(number: int) -> int:
    """A number that is exceeded, in round ones."""
    return max((each for each in (50, 100, 200, 500, 1000) if each < number), default=0)
