from django.urls import path

from apps.automation import views

urlpatterns = [
    path("automation/", views.automation_list_page, name="automation-list"),
    path("automation/new/", views.automation_create_page, name="automation-create"),
    path("automation/<automation_key:pk>/", views.automation_page, name="automation-detail"),
    path(
        "automation/<automation_key:pk>/edit/", views.automation_edit_page, name="automation-edit"
    ),
    path(
        "automation/<automation_key:pk>/runs/", views.automation_run_action, name="automation-run"
    ),
    path(
        "automation/<automation_key:pk>/retire/",
        views.automation_retire_action,
        name="automation-retire",
    ),
]
