"""What waits for the person who looks: questions, decisions about to expire, failed reports, broken sources,
series that fell silent."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.automation.models import Automation
from apps.automation.selectors import changes_due
from apps.coverage.models import Silence
from apps.coverage.selectors import silences_open
from apps.evidence.models import ValueUpdate
from apps.evidence.selectors import updates_proposed
from apps.planning.models import Decision, ItemStatus, PlanningItem, Question
from apps.planning.selectors import decisions_in_force, items_visible, questions_waiting
from apps.risks.changes import decisions_to_confirm
from apps.scans.models import Report, ReportState
from apps.scans.selectors import reports_list
from apps.sources.models import Source
from apps.sources.selectors import sources_in_trouble

SOON = dt.timedelta(days=30)
SHOWN = 6
DUE_DAYS = 14  # ahead


@dataclass(frozen=True)
class Waiting:
    questions: list[Question]
    expiring: list[Decision]
    to_confirm: list[Decision]  # their risks changed materially since
    proposed: list[ValueUpdate]  # evidence that would move a value
    undecided: list[PlanningItem]
    failed_reports: list[Report]
    broken_sources: list[Source]
    due_changes: list[Automation]  # scripted changes and experiments
    silences: list[Silence]  # series that reported, and stopped

    @property
    def is_empty(self) -> bool:
        work = self.questions or self.expiring or self.to_confirm or self.undecided or self.proposed
        return not (
            work or self.failed_reports or self.broken_sources or self.silences or self.due_changes
        )


def waiting_for(viewer: Actor) -> Waiting:
    """The few things on top of each pile, as far as the viewer may do something about them."""
    answers = viewer.systems_with(Permission.QUESTION_ANSWER)
    decides = viewer.systems_with(Permission.DECISION_RECORD)
    questions = questions_waiting(viewer)
    expiring = decisions_in_force(viewer).filter(valid_until__lte=timezone.localdate() + SOON)
    to_confirm = decisions_to_confirm(viewer)
    undecided = items_visible(viewer).filter(status=ItemStatus.OPEN)
    if answers is not None:
        questions = questions.filter(item__system_id__in=answers)
    if decides is not None:
        expiring = expiring.filter(item__system_id__in=decides)
        to_confirm = to_confirm.filter(item__system_id__in=decides)
        undecided = undecided.filter(system_id__in=decides)
    writes = viewer.systems_with(Permission.STATEMENT_EDIT)
    proposed = updates_proposed(viewer)
    proposed = proposed if writes is None else proposed.filter(statement__system_id__in=writes)
    failed = reports_list(viewer).filter(state__in=[ReportState.FAILED, ReportState.QUARANTINED])
    manages = viewer.systems_with(Permission.SOURCE_MANAGE)
    broken = sources_in_trouble(viewer)
    if manages is not None:
        broken = broken.filter(system_id__in=manages)
    silent, covers = silences_open(viewer), viewer.systems_with(Permission.COVERAGE_MANAGE)
    if covers is not None:
        silent = silent.filter(series__system__in=covers)
    due, keeps = changes_due(viewer, DUE_DAYS), viewer.systems_with(Permission.AUTOMATION_MANAGE)
    if keeps is not None:
        due = due.filter(system_id__in=keeps)
    return Waiting(
        questions=list(questions[:SHOWN]),
        expiring=list(expiring[:SHOWN]),
        to_confirm=list(to_confirm[:SHOWN]),
        proposed=list(proposed[:SHOWN]),
        undecided=list(undecided.order_by("-updated_at")[:SHOWN]),
        failed_reports=list(failed[:SHOWN]),
        broken_sources=list(broken[:SHOWN]),
        due_changes=list(due[:SHOWN]),
        silences=list(silent[:SHOWN]),
    )
