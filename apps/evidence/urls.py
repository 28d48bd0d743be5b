from django.urls import path

from apps.evidence import views

urlpatterns = [
    path("risks/RS-<int:pk>/evidence/", views.rules_page, name="evidence-rules"),
    path("evidence/rules/<int:pk>/delete/", views.rule_delete_page, name="evidence-rule-delete"),
    path("evidence/links/<int:pk>/dismiss/", views.link_dismiss_page, name="evidence-dismiss"),
]
