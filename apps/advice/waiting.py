"""What waits for the person who looks: questions, decisions about to expire, failed reports, broken sources,
series that fell silent."""

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.mentions import people_called
from apps.accounts.roles import Permission
from apps.automation.models import Automation
from apps.automation.selectors import changes_due
from apps.common.parts import Parts
from apps.coverage.models import Silence
from apps.coverage.selectors import silences_open
from apps.evidence.models import ValueUpdate
from apps.evidence.selectors import updates_proposed
from apps.planning.models import Decision, ItemStatus, PlanningItem, Question
from apps.planning.selectors import (
    ItemFilter,
    decisions_expired,
    decisions_in_force,
    items_list,
    questions_to_answer,
)
from apps.risks.changes import decisions_to_confirm
from apps.risks.models import RiskStatement
from apps.risks.reviews import reviews_wished
from apps.scans.models import Report, ReportState
from apps.scans.newness import COUNTED, WEEK, new_since
from apps.scans.selectors import findings_new, reports_list
from apps.sources.models import Source
from apps.sources.selectors import sources_in_trouble

SOON = dt.timedelta(days=30)
SHOWN = 6
DUE_DAYS = 14  # ahead


@dataclass(frozen=True)
class Waiting:
    questions: list[Question]
    called: dict[str, str]  # whom those questions name, by the name behind the @
    expiring: list[Decision]
    expired: list[Decision]  # their items are open again
    to_confirm: list[Decision]  # their risks changed materially since
    proposed: list[ValueUpdate]  # evidence that would move a value
    to_review: list[RiskStatement]  # texts of others, where a team wishes a second look
    undecided: list[PlanningItem]
    failed_reports: list[Report]
    broken_sources: list[Source]
    due_changes: list[Automation]  # scripted changes and experiments
    silences: list[Silence]  # series that reported, and stopped
    new_findings: int  # open ones of this week, at most COUNTED; they wait for nobody

    @property
    def is_empty(self) -> bool:
        return not any(value for name, value in vars(self).items() if name != "new_findings")


def waiting_for(viewer: Actor) -> Waiting:
    """The few things on top of each pile, as far as the viewer may do something about them."""
    expiring = decisions_in_force(viewer).filter(valid_until__lte=timezone.localdate() + SOON)
    over = decisions_expired(viewer)
    undecided = items_list(viewer, ItemFilter(status=ItemStatus.OPEN)).exclude(
        pk__in=over.values("item")
    )
    failed = reports_list(viewer).filter(state__in=[ReportState.FAILED, ReportState.QUARANTINED])

    def top(rows: QuerySet[Any], permission: Permission, path: str = "system_id") -> QuerySet[Any]:
        """The top of a pile, of the systems on which the viewer may do something about it."""
        systems = viewer.systems_with(permission)
        rows = rows if systems is None else rows.filter(**{f"{path}__in": systems})
        return rows[:SHOWN]

    decides, of_item = Permission.DECISION_RECORD, "item__system_id"
    piles = Parts(
        {"new_findings": findings_new(viewer, new_since(WEEK))[:COUNTED]},
        questions=questions_to_answer(viewer)[:SHOWN],
        expiring=top(expiring, decides, of_item),
        expired=top(over, decides, of_item),
        to_confirm=top(decisions_to_confirm(viewer), decides, of_item),
        proposed=top(updates_proposed(viewer), Permission.STATEMENT_EDIT, "statement__system_id"),
        to_review=top(reviews_wished(viewer), Permission.STATEMENT_EDIT),
        undecided=top(undecided.order_by("-updated_at"), decides),
        failed_reports=top(failed, Permission.REPORT_REPROCESS),
        broken_sources=top(sources_in_trouble(viewer), Permission.SOURCE_MANAGE),
        due_changes=top(changes_due(viewer, DUE_DAYS), Permission.AUTOMATION_MANAGE),
        silences=top(silences_open(viewer), Permission.COVERAGE_MANAGE, "series__system_id"),
    )
    names = (each.name for each in fields(Waiting) if each.name not in {"called", "new_findings"})
    found = {name: piles[name] for name in names}
    called = people_called(name for each in found["questions"] for name in each.names)
    return Waiting(**found, called=called, new_findings=piles.number("new_findings"))
