from django.urls import path

from apps.evidence import (
    views,
    views_answers,
    views_calibration,
    views_imports,
    views_incidents,
    views_links,
    views_triage_rules,
    views_updates,
)

urlpatterns = [
    path("findings/rules/", views_triage_rules.rule_list_page, name="rule-list"),
    path("findings/rules/<int:pk>/on/", views_triage_rules.rule_on_action, name="rule-on"),
    path("findings/rules/new/", views_triage_rules.rule_create_page, name="rule-create"),
    path("calibration/", views_calibration.calibration_page, name="calibration"),
    path("calibration/<int:revision>/", views_calibration.outcome_action, name="outcome"),
    path(
        "calibration/answers/<int:pk>/undo/",
        views_answers.outcome_undo_action,
        name="outcome-undo",
    ),
    path("incidents/", views_incidents.incident_list_page, name="incident-list"),
    path("incidents/new/", views_incidents.incident_create_page, name="incident-create"),
    path("incidents/export.csv", views_incidents.incident_export, name="incident-export"),
    path("incidents/<incident_key:pk>/", views_incidents.incident_page, name="incident-detail"),
    path(
        "incidents/<incident_key:pk>/correct/",
        views_incidents.incident_correct_page,
        name="incident-correct",
    ),
    path(
        "incidents/<incident_key:pk>/undo/",
        views_incidents.incident_undo_action,
        name="incident-undo",
    ),
    path(
        "systems/<slug:key>/imports/threat-model/",
        views_imports.threat_model_page,
        name="threat-model-import",
    ),
    path("risks/RS-<int:pk>/evidence/", views.rules_page, name="evidence-rules"),
    path("risks/RS-<int:pk>/evidence/link/", views_links.statement_link_page, name="evidence-link"),
    path("findings/evidence/", views_links.findings_link_page, name="findings-link"),
    path("evidence/rules/<int:pk>/delete/", views.rule_delete_page, name="evidence-rule-delete"),
    path("evidence/links/<int:pk>/dismiss/", views.link_dismiss_page, name="evidence-dismiss"),
    path("evidence/links/<int:pk>/return/", views.link_return_page, name="evidence-return"),
    path("risks/RS-<int:pk>/count/", views_updates.evidence_count_page, name="evidence-count"),
    path(
        "risks/RS-<int:pk>/evidence-policy/",
        views_updates.evidence_policy_action,
        name="evidence-policy",
    ),
    path(
        "evidence/updates/<int:pk>/apply/", views_updates.update_apply_action, name="update-apply"
    ),
    path(
        "evidence/updates/<int:pk>/dismiss/",
        views_updates.update_dismiss_action,
        name="update-dismiss",
    ),
    path(
        "evidence/updates/<int:pk>/return/",
        views_updates.update_return_action,
        name="update-return",
    ),
    path("evidence/updates/<int:pk>/undo/", views_updates.update_undo_action, name="update-undo"),
]
