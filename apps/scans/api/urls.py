from django.urls import path

from apps.scans.api.exploits import Feeds, OneFeed, RemediationTargets
from apps.scans.api.exports import FindingExport
from apps.scans.api.findings import Findings, Formats, SeriesList
from apps.scans.api.groups import FindingGroups
from apps.scans.api.owners import Owners
from apps.scans.api.raw import RawCopies
from apps.scans.api.reports import (
    OneReport,
    RawReport,
    ReportFindings,
    Reports,
    ReprocessReport,
)
from apps.scans.api.retention import Retention
from apps.scans.api.triage import (
    FindingOwnerOf,
    FindingOwners,
    FindingTriage,
    OneTriage,
    Triages,
    UndoTriage,
)
from apps.scans.api.vex import OneVexDocument, RestoreVexDocument, VexDocuments, WithdrawVexDocument

urlpatterns = [
    path("reports", Reports.as_view()),
    path("reports/<uuid:report>", OneReport.as_view()),
    path("reports/<uuid:report>/findings", ReportFindings.as_view()),
    path("reports/<uuid:report>/raw", RawReport.as_view()),
    path("reports/<uuid:report>/reprocess", ReprocessReport.as_view()),
    path("findings", Findings.as_view()),
    path("findings/export", FindingExport.as_view()),
    path("findings/owner", FindingOwners.as_view()),
    path("findings/<number:finding>/owner", FindingOwnerOf.as_view()),
    path("findings/<number:finding>/triage", FindingTriage.as_view()),
    path("triage", Triages.as_view()),
    path("triage/<uuid:triage>", OneTriage.as_view()),
    path("triage/<uuid:triage>/undo", UndoTriage.as_view()),
    path("finding-groups", FindingGroups.as_view()),
    path("systems/<slug:system>/owners", Owners.as_view()),
    path("vex", VexDocuments.as_view()),
    path("vex/<uuid:document>", OneVexDocument.as_view()),
    path("vex/<uuid:document>/withdraw", WithdrawVexDocument.as_view()),
    path("vex/<uuid:document>/restore", RestoreVexDocument.as_view()),
    path("feeds", Feeds.as_view()),
    path("feeds/<str:kind>", OneFeed.as_view()),
    path("retention", Retention.as_view()),
    path("raw-copies", RawCopies.as_view()),
    path("remediation-targets", RemediationTargets.as_view()),
    path("series", SeriesList.as_view()),
    path("formats", Formats.as_view()),
]
