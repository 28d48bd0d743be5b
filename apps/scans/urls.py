from django.urls import path

from apps.scans.views import findings, reports

urlpatterns = [
    path("findings/", findings.finding_list_page, name="finding-list"),
    path("reports/", reports.report_list_page, name="report-list"),
    path("reports/new/", reports.report_upload_page, name="report-upload"),
    path("reports/<uuid:uid>/", reports.report_page, name="report-detail"),
    path("reports/<uuid:uid>/raw/", reports.report_raw, name="report-raw"),
    path("reports/<uuid:uid>/reprocess/", reports.report_reprocess_action, name="report-reprocess"),
]
