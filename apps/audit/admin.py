from django.contrib import admin

from apps.audit.models import AuditEntry
from apps.common.admin import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_label", "action", "object_type", "object_label")
    list_filter = ("actor_kind", "object_type")
    search_fields = ("=object_id", "=request_id", "actor_label", "object_label")
    ordering = ("-id",)
