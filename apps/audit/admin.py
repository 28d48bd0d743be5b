"""The trail to look at, and what writes to it from the administration."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet

from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.common.admin import ReadOnlyAdmin


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """What is written in the administration is on the audit trail as what services write, by Django's own three
    notes of it (in the transaction of each)."""

    def log_addition(self, request: Any, obj: Model, message: Any) -> Any:
        self._record(request, "add", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: Any, obj: Model, message: Any) -> Any:
        self._record(request, "edit", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: Any, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, "remove", obj, [])
        return super().log_deletions(request, queryset)

    def _record(self, request: Any, verb: str, obj: Model, message: Any) -> None:
        action = f"{obj._meta.model_name}.{verb}"  # noqa: SLF001  # public by Django's documentation
        system = getattr(obj, "access_system_id", None)
        told = {"administration": message}
        record(actor=request.actor, action=action, target=obj, system_id=system, changes=told)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_label", "action", "object_type", "object_label")
    list_filter = ("actor_kind", "object_type")
    search_fields = ("=object_id", "=request_id", "actor_label", "object_label")
    ordering = ("-id",)
