"""Strangers' bytes through the whole ingestion, and what must hold whatever they are."""

import os

from apps.catalog.models import System
from apps.scans.models import Finding, Presence, Report, Series
from tests.scans.reports import post

# 1 is what every run has time for; 12 is everything, before a release.
TURNS = int(os.environ.get("SECOPS_HOSTILE_TURNS", "1"))
# Reasons with which a report may fail; "internal-error" would be a fault of ours.
OUR_FAULTS = {"internal-error", "worker-died"}


def take_in(system: System, content: bytes, **claim: str) -> Report:
    """Receive and process; the report is processed or failed with a reason, and all of it reads back."""
    before = Finding.objects.count(), Presence.objects.count(), Series.objects.count()
    report = post(system, content, **claim)
    assert report.state in {"processed", "failed"}, (report.state, content[:300])
    if report.state == "failed":
        assert report.error_reason
        assert report.error_message
        assert report.error_reason not in OUR_FAULTS, content[:2000]
        after = Finding.objects.count(), Presence.objects.count(), Series.objects.count()
        assert after == before, "a report that failed left something behind"
    else:
        _reads_back(report)
    return report


def _reads_back(report: Report) -> None:
    """As a page reads it: a date of the year 0 is stored, and fails when it is read."""
    findings = Finding.objects.filter(series=report.series, is_present=True).select_related(
        "detail"
    )
    assert len(findings) >= (report.new or 0)
    assert report.is_outdated or report.total == (report.new or 0) + (report.unchanged or 0) + (
        report.reopened or 0
    )
    for finding in findings:
        assert 0 <= finding.severity <= 4
        assert finding.title
