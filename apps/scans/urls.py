from django.urls import path

from apps.scans.views import (
    exports,
    findings,
    groups,
    raw,
    reports,
    retention,
    rules,
    triage,
    urgency,
    vex,
)

urlpatterns = [
    path("findings/", findings.finding_list_page, name="finding-list"),
    path("findings/columns/", findings.finding_columns_action, name="finding-columns"),
    path("findings/groups/", groups.group_list_page, name="group-list"),
    path("findings/rules/<int:pk>/off/", rules.rule_off_action, name="rule-off"),
    path("findings/owners/<slug:key>/", rules.owners_page, name="owners"),
    path("findings/vex/", vex.vex_list_page, name="vex-list"),
    path("findings/vex/<uuid:uid>/", vex.vex_page, name="vex-detail"),
    path("findings/vex/<uuid:uid>/withdraw/", vex.vex_withdraw_action, name="vex-withdraw"),
    path("findings/vex/<uuid:uid>/restore/", vex.vex_restore_action, name="vex-restore"),
    path("findings/urgency/", urgency.urgency_page, name="urgency"),
    path("findings/urgency/feed/", urgency.feed_load_action, name="feed-load"),
    path("findings/export/", exports.finding_export, name="finding-export"),
    path("findings/owner/", triage.owner_page, name="owner-new"),
    path("findings/triage/", triage.triage_page, name="triage-new"),
    path("findings/triage/<uuid:uid>/", triage.triage_detail_page, name="triage-detail"),
    path("findings/triage/<uuid:uid>/undo/", triage.triage_undo_action, name="triage-undo"),
    path("reports/", reports.report_list_page, name="report-list"),
    path("reports/retention/", retention.retention_page, name="retention"),
    path("reports/new/", reports.report_upload_page, name="report-upload"),
    path("reports/raw-copies/", raw.raw_copies_page, name="raw-copies"),
    path("reports/<uuid:uid>/raw/", reports.report_raw, name="report-raw"),
    path("reports/<uuid:uid>/reprocess/", reports.report_reprocess_action, name="report-reprocess"),
]
