from django.contrib import admin

from apps.common.admin import ReadOnlyAdmin
from apps.guidance.models import Guidance


@admin.register(Guidance)
class GuidanceAdmin(ReadOnlyAdmin):
    """To look at: guidance is written and published on the portal's own pages."""

    list_display = ("title", "state", "updated_at")
    list_filter = ("state",)
    search_fields = ("title",)
    exclude = ("search",)
