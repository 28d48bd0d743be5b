"""Search over everything that the reader may see, each kind through its own selector."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.catalog.selectors import systems_matching
from apps.guidance.models import Guidance, GuidanceText
from apps.guidance.selectors import Filter, guidance_list, text_for
from apps.planning.models import PlanningItem
from apps.planning.selectors import ItemFilter, items_list
from apps.risks.models import RiskStatement
from apps.risks.selectors import statements_matching
from apps.scans.models import Finding
from apps.scans.selectors import FindingFilter, findings_list

M = TypeVar("M", bound=Model)
SHOWN = 8  # of each kind
SHORTEST = 2  # characters; a single letter finds everything, slowly
_KEY = re.compile(r"(PI|RS|G)-(\d{1,18})", re.IGNORECASE)
_CWE = re.compile(r"CWE-(\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """The first hits of each kind; `more` names the kinds that have more than are here."""

    items: Sequence[PlanningItem]
    statements: Sequence[RiskStatement]
    guidance: Sequence[tuple[Guidance, GuidanceText]]
    systems: Sequence[System]
    findings: Sequence[Finding]
    more: frozenset[str]

    @property
    def is_empty(self) -> bool:
        return not (self.items or self.statements or self.guidance or self.systems or self.findings)


def key_of(text: str) -> tuple[str, int] | None:
    """("PI", 7) for "pi-7": a text that names one thing; it may not exist."""
    match = _KEY.fullmatch(text.strip())
    return (match.group(1).upper(), int(match.group(2))) if match else None


def search(viewer: Actor, text: str) -> Found | None:
    """What a text finds, or None when it is too short to look for."""
    text = text.strip()
    if len(text) < SHORTEST:
        return None
    cwe = _CWE.fullmatch(text)
    number = int(cwe.group(1)) if cwe else None
    of_findings = FindingFilter(cwe=number) if cwe else FindingFilter(text=text)
    items, more_items = _first(items_list(viewer, ItemFilter(text=text)))
    statements, more_statements = _first(statements_matching(viewer, text, cwe=number))
    guidance, more_guidance = _first(guidance_list(viewer, Filter(text=text)))
    findings, more_findings = _first(findings_list(viewer, of_findings))
    systems, _more_systems = _first(systems_matching(viewer, text))
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
        systems=systems,
        findings=findings,
        more=frozenset(kind for kind, there_is_more in more.items() if there_is_more),
    )


def _first(rows: QuerySet[M]) -> tuple[list[M], bool]:
    """The first few, and whether there are more; nothing is counted."""
    found = list(rows[: SHOWN + 1])
    return found[:SHOWN], len(found) > SHOWN
