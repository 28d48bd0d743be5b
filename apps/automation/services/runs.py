"""How runs come in: from posted reports, from pipelines, from people; each once."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import may, require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.automation.kinds import Outcome
from apps.automation.models import Automation, AutomationRun
from apps.common.errors import Conflict, Invalid
from apps.evidence.models import UpdateKind
from apps.evidence.services.updates import update_record
from apps.risks.models import ENDED
from apps.scans.models import Finding, Report, ReportState
from apps.scans.selectors import any_of

CLOCKS = dt.timedelta(minutes=10)  # by which a caller's clock may be ahead of ours


@dataclass(frozen=True)
class RunInput:
    """What a pipeline or a person tells of a run. ran_at None: now; key: the same again is the same."""

    outcome: str
    ran_at: dt.datetime | None = None
    revision: str = ""
    passed: int = 0
    failed: int = 0
    note: str = ""
    url: str = ""
    key: str = ""


@transaction.atomic
def run_tell(*, actor: Actor, automation: Automation, content: RunInput) -> AutomationRun:
    """Write down a run that no report tells of. Raises: Missing, NotPermitted, Invalid, Conflict."""
    if not may(actor, Permission.REPORT_UPLOAD, automation):
        require(actor, Permission.AUTOMATION_MANAGE, automation)
    if automation.is_retired:
        raise Conflict("It is retired. Take it up again first.")
    ran_at = content.ran_at or timezone.now()
    problems = {}
    if content.outcome not in Outcome.values:
        problems["outcome"] = f"Say one of: {', '.join(Outcome.values)}."
    if ran_at > timezone.now() + CLOCKS:
        problems["ran_at"] = "It lies in the future."
    if content.url and not content.url.startswith(("https://", "http://")):
        problems["url"] = "Give a web address."
    if problems:
        raise Invalid(problems)
    run, is_new = AutomationRun.objects.get_or_create(
        automation=automation,
        key=content.key or f"told-{ran_at.isoformat()}",
        defaults={
            "outcome": content.outcome,
            "passed": content.passed,
            "failed": content.failed,
            "revision": content.revision.strip(),
            "ran_at": ran_at,
            "note": content.note.strip(),
            "url": content.url,
            "told_by": actor.label[:200],
        },
    )
    if is_new:
        record(
            actor=actor,
            action="automation.run",
            target=automation,
            system_id=automation.system_id,
            changes={"outcome": run.outcome, "ran_at": ran_at.isoformat(), "note": run.note},
        )
        _follow(run)
    return run


def runs_of_report(report_id: int) -> int:
    """The runs that a processed report is. Returns how many; the same report again is none."""
    report = Report.objects.select_related("series").filter(pk=report_id).first()
    if report is None or report.series is None or report.state != ReportState.PROCESSED:
        return 0
    if report.series.is_preview:
        return 0  # another branch says what would be, and nothing of what is declared
    return sum(_run_of(report, automation) for automation in _told_by(report))


def _told_by(report: Report) -> QuerySet[Automation]:
    """The automations whose run this report is; what they leave empty fits everything."""
    series: Any = report.series
    return Automation.objects.filter(
        Q(category="") | Q(category__iexact=series.category),
        Q(environment="") | Q(environment__iexact=series.environment),
        system_id=report.system_id,
        is_retired=False,
        tool__iexact=series.tool,
    ).order_by("pk")


@transaction.atomic
def _run_of(report: Report, automation: Automation) -> bool:
    outcome, passed, failed = _outcome(report, automation)
    run, is_new = AutomationRun.objects.get_or_create(
        automation=automation,
        key=f"report-{report.pk}",
        defaults={
            "report": report,
            "outcome": outcome,
            "passed": passed,
            "failed": failed,
            "revision": report.commit,
            "ran_at": _ran_at(report),
            "told_by": report.received_by,
        },
    )
    if is_new:
        _follow(run)
    return is_new


def _ran_at(report: Report) -> dt.datetime:
    """When the tool says that it ran; a clock that is ahead counts as the time of arrival."""
    at = report.scanned_at or report.received_at
    return min(at, report.received_at)


def _outcome(report: Report, automation: Automation) -> tuple[Outcome, int, int]:
    """Outcome, how much passed, how much failed.

    With a pattern only the matching findings speak: none is open means passed. Without one the
    report's own counts do; a report that counts nothing failed if it found anything.
    """
    if report.scan_status == "failed":
        return Outcome.ERRORED, 0, 0
    found = _seen_by(report)
    if automation.pattern:
        failed = found.filter(_matches(automation.pattern)).count()
        return (Outcome.FAILED if failed else Outcome.PASSED), 0 if failed else 1, failed
    counts = report.outcomes
    failed = int(counts.get("failed", 0)) or found.count()
    passed = int(counts.get("passed", 0))
    return (Outcome.FAILED if failed else Outcome.PASSED), passed, failed


def _seen_by(report: Report) -> QuerySet[Finding]:
    """Findings that this report saw and that nobody called wrong or accepted."""
    seen = Q(presences__since_id__lte=report.pk) & (
        Q(presences__until=None) | Q(presences__until_id__gt=report.pk)
    )
    said = ["false_positive", "not_affected", "accepted"]
    return Finding.objects.filter(seen, series=report.series_id).exclude(state__in=said).distinct()


def _matches(pattern: str) -> Q:
    """* stands for anything; without one, the text is looked for as it is."""
    if "*" not in pattern:
        return Q(rule_id__iexact=pattern) | Q(title__icontains=pattern)
    regex = any_of(pattern)
    return Q(rule_id__iregex=regex) | Q(title__iregex=regex)


def _follow(run: AutomationRun) -> None:
    """What a run moves: the entry's last run, its next due day, and the values that learn from it."""
    row = (
        Automation.objects.select_for_update(of=("self",))
        .select_related("last_run")
        .get(pk=run.automation_id)
    )
    if row.last_run is None or run.ran_at >= row.last_run.ran_at:
        row.last_run = run
        if run.outcome == Outcome.PASSED and (row.interval_days or row.due_on):
            row.due_on = _next_due(row, run)
        row.save(update_fields=["last_run", "due_on"])
    if row.moves_value and run.outcome != Outcome.ERRORED:
        _teach(row, run)


def _next_due(row: Automation, run: AutomationRun) -> dt.date | None:
    """The day of the run and the interval; once is done when it is done."""
    if row.interval_days is None:
        return None
    return timezone.localdate(run.ran_at) + dt.timedelta(days=row.interval_days)


def _teach(row: Automation, run: AutomationRun) -> None:
    """One attempt for each guarded statement: it got through where the run failed.

    What becomes of it, the statement's own policy says. A statement whose estimate has no
    vulnerability cannot learn from attempts; the run's note says so.
    """
    deaf = []
    for statement in row.statements.exclude(state__in=ENDED).order_by("pk"):
        try:
            with transaction.atomic():
                update_record(
                    actor=portal_actor("automation"),
                    statement=statement,
                    kind=UpdateKind.TESTS,
                    data={
                        "successes": int(run.outcome == Outcome.FAILED),
                        "attempts": 1,
                        "relevance": 1.0,
                    },
                    key=f"{row.key}-{run.key}"[:120],
                    source=f"{row.key} {row.name}",
                )
        except Invalid:
            deaf.append(statement.key)
    if deaf:
        told = f"{', '.join(deaf)}: the estimate has no vulnerability that could learn from it."
        run.note = f"{run.note}\n{told}".strip()
        run.save(update_fields=["note"])
