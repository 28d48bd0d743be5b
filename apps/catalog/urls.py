from django.urls import path

from apps.catalog.views import audit_export, audit_trail_page
from apps.catalog.views_archived import system_archive_page, system_restore_action
from apps.catalog.views_imports import backstage_page
from apps.catalog.views_removed import (
    removed_forget_action,
    removed_page,
    removed_undo_action,
)
from apps.catalog.views_systems import system_edit_page, system_roles_page

urlpatterns = [
    path("imports/backstage/", backstage_page, name="backstage-import"),
    path("systems/<slug:key>/edit/", system_edit_page, name="system-edit"),
    path("systems/<slug:key>/archive/", system_archive_page, name="system-archive"),
    path("systems/<slug:key>/restore/", system_restore_action, name="system-restore"),
    path("systems/<slug:key>/roles/", system_roles_page, name="system-roles"),
    path("settings/removed/", removed_page, name="removed-list"),
    path("settings/removed/<uuid:uid>/undo/", removed_undo_action, name="removed-undo"),
    path("settings/removed/<uuid:uid>/forget/", removed_forget_action, name="removed-forget"),
    path("audit/", audit_trail_page, name="audit-trail"),
    path("audit/export/", audit_export, name="audit-export"),
]
