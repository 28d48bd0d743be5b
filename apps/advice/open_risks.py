"""The risks that are open today with all that a register in another format says of them, in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from apps.accounts.actors import Actor
from apps.advice.carried import statements_carried
from apps.advice.portfolio import Scope
from apps.controls.models import ControlEffect, ControlStatus
from apps.controls.selectors import effects_on_statements
from apps.evidence.models import EvidenceLink
from apps.evidence.selectors import links_bearing, open_evidence_counts
from apps.planning.models import Recommendation
from apps.planning.selectors import recommendations_of
from apps.risks.models import RiskRevision, RiskStatement, TreatmentChoice
from apps.risks.selectors import treatments_in_force

CHUNK = 200  # statements at a time, so that a register of any size costs the same memory
MOST_FINDINGS = 50  # of one risk, the worst first; the rest is told as a number


@dataclass
class OpenRisk:
    """A published statement that is carried, with its revision in force.

    findings: open ones that bear on it, the worst first, at most MOST_FINDINGS of `finding_count`.
    """

    statement: RiskStatement
    revision: RiskRevision
    choice: TreatmentChoice | None = None
    recommendation: Recommendation | None = None
    planned: list[ControlEffect] = field(default_factory=list)
    findings: list[EvidenceLink] = field(default_factory=list)
    finding_count: int = 0


def open_risks(viewer: Actor, scope: Scope) -> Iterator[OpenRisk]:
    """Those carried that the viewer sees and the scope asks for, in the order of their keys."""
    rows = statements_carried(viewer, named=scope.system).order_by("pk")
    if scope.system:
        rows = rows.filter(system__key=scope.system)
    if scope.stage:
        rows = rows.filter(item__stage=scope.stage)
    # Curves are most of a row, and no register has them.
    unread = [
        f"{path}valuation__{name}" for path in ("", "published__") for name in ("curve", "inputs")
    ]
    rows = rows.select_related("published__published_by").defer(*unread)
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield from _filled(viewer, chunk)


def _filled(viewer: Actor, rows: list[RiskStatement]) -> list[OpenRisk]:
    risks = {row.pk: OpenRisk(row, row.published) for row in rows if row.published is not None}
    for choice in treatments_in_force(viewer, list(risks)):
        risks[choice.statement_id].choice = choice
    advised = {
        each.item_id: each for each in recommendations_of(viewer, {row.item_id for row in rows})
    }
    for effect in effects_on_statements(viewer, set(risks)):
        if effect.control.status == ControlStatus.PLANNED:
            risks[effect.statement_id].planned.append(effect)
    for link in links_bearing(viewer, list(risks), most=MOST_FINDINGS):
        risks[link.statement_id].findings.append(link)
    counts = open_evidence_counts(viewer, list(risks))
    for risk in risks.values():
        risk.recommendation = advised.get(risk.statement.item_id)
        risk.finding_count = counts.get(risk.statement.pk, 0)
    return list(risks.values())
