"""Search over everything that the reader may see, each kind through its own selector."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.catalog.selectors import systems_matching
from apps.controls.models import Control
from apps.controls.selectors import controls_matching
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
_KEY = re.compile(r"(PI|RS|G|C|AU)-(\d{1,18})", re.IGNORECASE)
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
    more: frozenset[str]

    @property
    def is_empty(self) -> bool:
        kinds = (self.items, self.statements, self.guidance, self.systems, self.findings)
        return not any((*kinds, self.controls))


def key_of(text: str) -> tuple[str, int] | None:
    """("PI", 7) for "pi-7": a text that names one thing; it may not exist."""
    match = _KEY.fullmatch(text.strip())
    return (match.group(1).upper(), int(match.group(2))) if match else None


def search(viewer: Actor, text: str, shown: int = SHOWN) -> Found | None:
    """What a text finds, `shown` of each kind, or None when it is too short to look for."""
    text = text.strip()
    if len(text) < SHORTEST:
        return None
    cwe = _CWE.fullmatch(text)
    number = int(cwe.group(1)) if cwe else None
    of_findings = FindingFilter(cwe=number) if cwe else FindingFilter(text=text)
    items, more_items = _first(items_list(viewer, ItemFilter(text=text)), shown)
    statements, more_statements = _first(statements_matching(viewer, text, cwe=number), shown)
    guidance, more_guidance = _first(guidance_list(viewer, Filter(text=text)), shown)
    findings, more_findings = _first(findings_list(viewer, of_findings), shown)
    systems, _more_systems = _first(systems_matching(viewer, text), shown)
    controls, _more_controls = _first(controls_matching(viewer, text), shown)
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
        controls=controls,
        more=frozenset(kind for kind, there_is_more in more.items() if there_is_more),
    )


def _first(rows: QuerySet[M], shown: int) -> tuple[list[M], bool]:
    """The first few, and whether there are more; nothing is counted."""
    found = list(rows[: shown + 1])
    return found[:shown], len(found) > shown
