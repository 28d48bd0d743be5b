"""One report: how far it is, what it changed, which risks that moved, and where it cannot be read."""

import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.addresses import address
from apps.evidence.selectors import effects_of_report
from apps.scans import constants, storage
from apps.scans.excerpts import Excerpt, Place, excerpt
from apps.scans.models import Report, ReportState
from apps.scans.progress import progress_of
from apps.scans.registry import registry
from apps.scans.selectors import ReportChange, findings_of_change, report_before, report_get
from apps.scans.selectors_raw import raw_copies_are_masked

FINDINGS_SHOWN = 10  # of what is new or back; all of them are one click away
EFFECTS_SHOWN = 20
UNFINISHED = frozenset({ReportState.RECEIVED, ReportState.PROCESSING})
ADVICE: dict[str, str | Promise] = {
    constants.UNKNOWN_FORMAT: lazy(
        "Say which format it is when you send it again, or have the tool write one that is read."
    ),
    constants.AMBIGUOUS_FORMAT: lazy("Send it again and say which of these formats it is."),
    constants.TOO_MANY_FINDINGS: lazy(
        "Split the scan, or have the operator raise SECOPS_MAX_FINDINGS and process it again."
    ),
    constants.INTERNAL: lazy("Tell the operator; the log has the number of this report."),
    constants.QUARANTINED: lazy(
        "It may be too large for the worker's memory. Have the operator give it more, then process "
        "it again."
    ),
}
OTHERWISE = lazy(
    "If the tool broke off, run it again and send its new report. If the portal misreads a good "
    "report, it can be processed again once the parser is mended."
)
LABELS: dict[ReportChange, tuple[str | Promise, str]] = {
    ReportChange.NEW: (lazy("New"), "plus"),
    ReportChange.BACK: (lazy("Back again"), "rotate-ccw"),
    ReportChange.GONE: (lazy("Gone"), "check"),
    ReportChange.SEVERITY: (lazy("Severity changed"), "git-compare"),
    ReportChange.UNCHANGED: (lazy("Unchanged"), "minus"),
}


@dataclass(frozen=True)
class Count:
    """How many findings a report did something to. url: exactly those; empty where nobody can tell which."""

    label: str | Promise
    icon: str
    number: int
    url: str


@require_GET
def report_page(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    viewer = request.actor
    report = report_get(viewer, uid)
    may_read_raw = _may_read_raw(request, report)
    context = {
        "report": report,
        "is_finished": report.state not in UNFINISHED,
        "is_good": report.state == ReportState.PROCESSED,
        "progress": progress_of(report),
        "format_name": _format_name(report),
        "advice": ADVICE.get(report.error_reason, OTHERWISE) if report.error_reason else "",
        "excerpt": _excerpt(report) if may_read_raw else None,
        "may_reprocess": may(viewer, Permission.REPORT_REPROCESS, report)
        and bool(report.storage_name)
        and report.state in {ReportState.FAILED, ReportState.QUARANTINED},
        "may_download": may_read_raw,
    }
    if report.state == ReportState.PROCESSED:
        context |= {
            "counts": _counts(report),
            "before": report_before(report),
            "came": findings_of_change(viewer, report, ReportChange.NEW)[:FINDINGS_SHOWN],
            "effects": effects_of_report(viewer, report)[:EFFECTS_SHOWN],
        }
    return render(request, "scans/report_detail.html", context)


@require_GET
def report_progress_part(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    """What a page of a report that is read asks for every second; at the end it fetches the page's new self."""
    report = report_get(request.actor, uid)
    context = {
        "report": report,
        "progress": progress_of(report),
        "is_finished": report.state not in UNFINISHED,
    }
    return render(request, "scans/_report_progress.html", context)


def _may_read_raw(request: PageRequest, report: Report) -> bool:
    """SECURITY: raw reports may hold secrets. The organisation may let masked copies leave only."""
    return (
        bool(report.storage_name)
        and may(request.actor, Permission.REPORT_REPROCESS, report)
        and (report.raw_is_masked or not raw_copies_are_masked())
    )


def _excerpt(report: Report) -> Excerpt | None:
    if not report.error_place:
        return None
    where = Place(*report.error_place)
    try:
        return excerpt(storage.part(report.storage_name, *where.window), where)
    except OSError:  # the bytes are gone, or the storage is away
        return None


def _counts(report: Report) -> list[Count]:
    """What a report changed, kind by kind, each with the address of those findings."""
    total, new = report.total or 0, report.new or 0
    back = report.reopened if report.back is None else report.back
    gone = report.fixed if report.gone is None else report.gone
    moved = report.severity_changed or 0
    numbers = {
        ReportChange.NEW: new,
        ReportChange.BACK: back or 0,
        ReportChange.GONE: gone or 0,
        ReportChange.SEVERITY: moved,
        ReportChange.UNCHANGED: max(0, total - new - (back or 0) - moved),
    }
    return [
        Count(label, icon, numbers[change], _list_of(report, change, numbers[change]))
        for change, (label, icon) in LABELS.items()
    ]


def _list_of(report: Report, change: ReportChange, number: int) -> str:
    """A partial report says nothing of what it did not look at: what it saw unchanged is not known by name."""
    if not number or (change is ReportChange.UNCHANGED and not report.is_full):
        return ""
    given = {"change": f"{change}-{report.uid}", "state": "any"}
    return address(reverse("finding-list"), given, given)


def _format_name(report: Report) -> str:
    slug = report.detected_format or report.format
    known = registry().get(slug) if slug else None
    return known.name if known else slug
