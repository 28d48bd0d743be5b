"""Search over everything that the reader may see, each kind through its own selector."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.accounts.actors import Actor
from apps.catalog import selectors as catalog
from apps.catalog.models import System
from apps.common.closeness import all_words, put_right, words_in
from apps.controls import selectors as controls
from apps.controls.models import Control
from apps.guidance.models import Guidance, GuidanceText
from apps.guidance.selectors import Filter, guidance_list, is_said, text_for, words_near
from apps.planning.models import PlanningItem
from apps.planning.selectors import ItemFilter, items_list, titles_close_to
from apps.risks.models import RiskStatement
from apps.risks.selectors import conditions_close_to, statements_matching
from apps.scans.models import Finding, Report
from apps.scans.selectors import FindingFilter, reports_matching
from apps.scans.selectors_pages import findings_found
from apps.sources.models import Source
from apps.sources.selectors import sources_matching

M = TypeVar("M", bound=Model)
SHOWN = 8  # of each kind
SHORTEST = 2  # characters; a single letter finds everything, slowly
_KEY = re.compile(r"(PI|RS|G|C|AU|F)-(\d{1,18})", re.IGNORECASE)
_CWE = re.compile(r"CWE-(\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """The first hits of each kind; `more` names the kinds that have more than are here."""

    items: Sequence[PlanningItem]
    statements: Sequence[RiskStatement]
    guidance: Sequence[tuple[Guidance, GuidanceText]]
    systems: Sequence[System]
    findings: Sequence[Finding]
    controls: Sequence[Control]
    reports: Sequence[Report]
    sources: Sequence[Source]
    more: frozenset[str]
    instead: str = ""  # the words that were meant, where nothing says those that were typed

    @property
    def is_empty(self) -> bool:
        return not (self.guidance or self._has_others)

    @property
    def is_said(self) -> bool:
        """Whether anything says the words; titles of guidance may only be close to them."""
        return self._has_others or is_said([piece for piece, _text in self.guidance])

    @property
    def _has_others(self) -> bool:
        """Whether there is anything but guidance."""
        plans = (self.items, self.statements, self.controls, self.systems)
        return any((*plans, self.findings, self.reports, self.sources))


def key_of(text: str) -> tuple[str, int] | None:
    """("PI", 7) for "pi-7": a text that names one thing; it may not exist."""
    match = _KEY.fullmatch(text.strip())
    return (match.group(1).upper(), int(match.group(2))) if match else None


def search(viewer: Actor, text: str, shown: int = SHOWN, *, as_typed: bool = False) -> Found | None:
    """What a text finds, `shown` of each kind, or None when it is too short to look for.

    Where nothing says it, what the closest words find that the viewer may read; as_typed: not so.
    """
    text = text.strip()
    if len(text) < SHORTEST:
        return None
    found = _search(viewer, text, shown)
    if as_typed or found.is_said:
        return found
    meant = put_right(text, _words_known(viewer, words_in(text)))
    if meant == text:
        return found
    other = _search(viewer, meant, shown)
    return replace(other, instead=meant) if other.is_said else found


def _words_known(viewer: Actor, typed: Sequence[str]) -> set[str]:
    """Words close to what was typed, of texts that the viewer may read; findings are too many to ask."""
    if not typed:
        return set()
    texts = [
        *titles_close_to(viewer, typed),
        *conditions_close_to(viewer, typed),
        *controls.names_close_to(viewer, typed),
        *catalog.names_close_to(viewer, typed),
    ]
    return {*words_near(viewer, typed), *(word for text in texts for word in all_words(text))}


def _search(viewer: Actor, text: str, shown: int) -> Found:
    cwe = _CWE.fullmatch(text)
    number = int(cwe.group(1)) if cwe else None
    of_findings = FindingFilter(cwe=number) if cwe else FindingFilter(text=text)
    items, more_items = _first(items_list(viewer, ItemFilter(text=text, archived=True)), shown)
    statements, more_statements = _first(statements_matching(viewer, text, cwe=number), shown)
    guidance, more_guidance = _first(guidance_list(viewer, Filter(text=text)), shown)
    findings, more_findings = _first(findings_found(viewer, of_findings), shown)
    more = {
        "items": more_items,
        "statements": more_statements,
        "guidance": more_guidance,
        "findings": more_findings,
    }
    return Found(
        items=items,
        statements=statements,
        guidance=[(each, text_for(viewer, each)) for each in guidance],
        systems=_first(catalog.systems_matching(viewer, text), shown)[0],
        findings=findings,
        controls=_first(controls.controls_matching(viewer, text), shown)[0],
        reports=_first(reports_matching(viewer, text), shown)[0],
        sources=_first(sources_matching(viewer, text), shown)[0],
        more=frozenset(kind for kind, there_is_more in more.items() if there_is_more),
    )


def _first(rows: QuerySet[M], shown: int) -> tuple[list[M], bool]:
    """The first few, and whether there are more; nothing is counted."""
    found = list(rows[: shown + 1])
    return found[:shown], len(found) > shown
