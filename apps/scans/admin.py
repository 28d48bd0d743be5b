from django.contrib import admin

from apps.common.admin import ReadOnlyAdmin
from apps.scans.models import Report, Series


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ("uid", "system", "state", "filename", "received_at", "attempts", "error_reason")
    list_filter = ("state", "error_reason", "detected_format")
    list_select_related = ("system",)
    search_fields = ("=uid", "=sha256", "filename")
    ordering = ("-id",)


@admin.register(Series)
class SeriesAdmin(ReadOnlyAdmin):
    list_display = ("tool", "category", "branch", "environment", "system", "stage", "is_preview")
    list_filter = ("stage", "is_preview", "system")
    list_select_related = ("system",)
