from django.contrib import admin

from apps.common.admin import ReadOnlyAdmin
from apps.sources.models import Credential, Source, SourceRun


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "system", "connector", "is_paused", "next_run_at", "failures")
    list_filter = ("connector", "is_paused")
    list_select_related = ("system",)
    search_fields = ("name",)


@admin.register(SourceRun)
class SourceRunAdmin(ReadOnlyAdmin):
    list_display = ("source", "state", "trigger", "due_at", "started_at", "finished_at", "received")
    list_filter = ("state", "trigger", "error_code")
    list_select_related = ("source",)


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    list_display = ("name", "system", "kind", "origin", "secret_changed_at", "last_used_at")
    list_select_related = ("system",)
    exclude = ("sealed",)
