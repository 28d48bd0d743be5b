from django.urls import path

from apps.scans.api.findings import Findings, Formats, SeriesList
from apps.scans.api.reports import (
    OneReport,
    RawReport,
    ReportFindings,
    Reports,
    ReprocessReport,
)

urlpatterns = [
    path("reports", Reports.as_view()),
    path("reports/<uuid:report>", OneReport.as_view()),
    path("reports/<uuid:report>/findings", ReportFindings.as_view()),
    path("reports/<uuid:report>/raw", RawReport.as_view()),
    path("reports/<uuid:report>/reprocess", ReprocessReport.as_view()),
    path("findings", Findings.as_view()),
    path("series", SeriesList.as_view()),
    path("formats", Formats.as_view()),
]
