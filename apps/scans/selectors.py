"""Reading reports and findings."""

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.scans.models import Finding, Presence, Report, Series


@dataclass(frozen=True)
class FindingFilter:
    """What a reader asked for; empty fields ask for nothing."""

    system: str = ""
    stage: str = ""
    state: str = "open"  # "any": whatever it is
    severity: int | None = None  # at least
    series: int | None = None
    text: str = ""  # in rule, title, place or a vulnerability id
    cwe: int | None = None
    previews: bool = False


def findings_list(viewer: Actor, wanted: FindingFilter) -> QuerySet[Finding]:
    """Findings, worst first. Ordered so that a keyset page uses the partial indexes."""
    found = Finding.objects.visible_to(viewer).select_related("system", "series")
    if not wanted.previews:
        found = found.filter(is_preview=False)
    exact = {
        "system__key": wanted.system,
        "stage": wanted.stage,
        "state": "" if wanted.state == "any" else wanted.state,
        "series_id": wanted.series,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if wanted.severity is not None:
        found = found.filter(severity__gte=wanted.severity)
    if wanted.cwe is not None:
        found = found.filter(cwes__contains=[wanted.cwe])
    if text := wanted.text.strip():
        found = found.filter(
            Q(title__icontains=text)
            | Q(rule_id__icontains=text)
            | Q(place__icontains=text)
            | Q(vulnerabilities__contains=[text.upper()])
        )
    return found.order_by("-severity", "-id")


def finding_get(viewer: Actor, pk: int) -> Finding:
    finding = (
        Finding.objects.visible_to(viewer)
        .select_related("system", "series", "detail")
        .filter(pk=pk)
        .first()
    )
    if not isinstance(finding, Finding):
        raise Missing("There is no such finding that you may see.")
    return finding


def presences_of(viewer: Actor, finding_id: int) -> QuerySet[Presence]:
    finding_get(viewer, finding_id)
    return Presence.objects.filter(finding_id=finding_id).select_related("since", "until")


def reports_list(viewer: Actor) -> QuerySet[Report]:
    return Report.objects.visible_to(viewer).select_related("system", "series")


def report_get(viewer: Actor, uid: uuid.UUID) -> Report:
    report = reports_list(viewer).filter(uid=uid).first()
    if not isinstance(report, Report):
        raise Missing("There is no such report that you may see.")
    return report


def findings_new_in(viewer: Actor, report: Report) -> QuerySet[Finding]:
    """What a report brought, new or back again."""
    return (
        Finding.objects.visible_to(viewer)
        .filter(presences__since=report)
        .select_related("system", "series")
        .order_by("-severity", "-id")
    )


def findings_gone_in(viewer: Actor, report: Report) -> QuerySet[Finding]:
    """What a report no longer saw."""
    return (
        Finding.objects.visible_to(viewer)
        .filter(presences__until=report)
        .select_related("system", "series")
        .order_by("-severity", "-id")
    )


def series_list(viewer: Actor) -> QuerySet[Series]:
    return (
        Series.objects.visible_to(viewer)
        .select_related("system", "newest_report")
        .order_by("system__name", "stage", "tool")
    )
