"""Search over everything that the reader may see, each kind through its own selector."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.catalog import selectors as catalog
from apps.catalog.models import System
from apps.common.alike import Vocabulary
from apps.common.closeness import all_words, put_right, words_in
from apps.common.together import read_together
from apps.controls import selectors as controls
from apps.controls.models import Control
from apps.guidance.models import Guidance, GuidanceText
from apps.guidance.selectors import Filter, guidance_list, is_said, text_for, words_near
from apps.guidance.vocabulary import vocabulary
from apps.planning.models import PlanningItem
from apps.planning.selectors import ItemFilter, items_list, titles_close_to
from apps.risks.models import RiskStatement
from apps.risks.selectors import conditions_close_to, statements_matching
from apps.scans.models import Finding, Report
from apps.scans.selectors import FindingFilter, reports_matching
from apps.scans.selectors_pages import findings_first
from apps.sources.models import Source
from apps.sources.selectors import sources_matching

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
    known = vocabulary()
    found = _search(viewer, text, shown, known)
    if as_typed or found.is_said:
        return found
    meant = put_right(text, _words_known(viewer, words_in(text)))
    if meant == text:
        return found
    other = _search(viewer, meant, shown, known)
    return replace(other, instead=meant) if other.is_said else found


def _words_known(viewer: Actor, typed: Sequence[str]) -> set[str]:
    """Words close to what was typed, of texts that the viewer may read; findings are too many to ask."""
    if not typed:
        return set()
    near = read_together(
        words=words_near(viewer, typed),
        titles=titles_close_to(viewer, typed),
        conditions=conditions_close_to(viewer, typed),
        controls=controls.names_close_to(viewer, typed),
        systems=catalog.names_close_to(viewer, typed),
    )
    words = near.pop("words")
    return {
        *words,
        *(word for texts in near.values() for text in texts for word in all_words(text)),
    }


def _search(viewer: Actor, text: str, shown: int, known: Vocabulary) -> Found:
    cwe = _CWE.fullmatch(text)
    number = int(cwe.group(1)) if cwe else None
    of_findings = FindingFilter(cwe=number) if cwe else FindingFilter(text=text)
    lists: dict[str, QuerySet[Any]] = {
        "items": items_list(viewer, ItemFilter(text=text, archived=True)),
        "statements": statements_matching(viewer, text, cwe=number),
        "guidance": guidance_list(viewer, Filter(text=text), known),
        "findings": findings_first(viewer, of_findings),
        "systems": catalog.systems_matching(viewer, text),
        "controls": controls.controls_matching(viewer, text),
        "reports": reports_matching(viewer, text),
        "sources": sources_matching(viewer, text),
    }
    # One more than is shown says that there are more; nothing is counted.
    found = read_together(**{kind: rows[: shown + 1] for kind, rows in lists.items()})
    first: dict[str, Any] = {kind: rows[:shown] for kind, rows in found.items()}
    first["guidance"] = [(each, text_for(viewer, each)) for each in first["guidance"]]
    more = frozenset(kind for kind, rows in found.items() if len(rows) > shown)
    return Found(more=more, **first)
