"""What the admin sites of the apps share; the outbox and what runs when, to look at."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat import models as beat

from apps.common.models import OutboxDelivery


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """To look at: what services write, nobody edits around their permissions and audit rows."""

    show_full_result_count = False  # counts no large table

    def has_add_permission(self, request: HttpRequest) -> bool:  # Django's signature
        return False

    def has_change_permission(
        self,
        request: HttpRequest,
        obj: Model | None = None,
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Model | None = None,
    ) -> bool:
        return False


@admin.register(OutboxDelivery)
class OutboxDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("id", "event", "handler", "attempts", "next_attempt_at", "delivered_at")
    list_filter = (("delivered_at", admin.EmptyFieldListFilter),)
    list_select_related = ("event",)
    ordering = ("-id",)


# SECURITY: settings say what runs when. Whoever could edit it here would run any task with any words, as the portal.
for _model in (
    beat.PeriodicTask,
    beat.ClockedSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.IntervalSchedule,
):
    admin.site.unregister(_model)
    admin.site.register(_model, ReadOnlyAdmin)
