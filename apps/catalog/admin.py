from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models

from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.audit.admin import AuditedAdmin
from apps.catalog.models import Component, Environment, System


class SystemForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    repositories = SimpleArrayField(
        forms.URLField(max_length=300, assume_scheme="https"), required=False
    )


class ComponentInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Component
    extra = 0
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}


class EnvironmentInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Environment
    extra = 0


@admin.register(System)
class SystemAdmin(AuditedAdmin):
    """SECURITY: for admins of the organisation. Django's permission opens the page, the portal's policy holds on it."""

    form = SystemForm
    list_display = ("name", "key", "owner", "criticality", "archived_at")
    list_filter = ("criticality", "owner", ("archived_at", admin.EmptyFieldListFilter))
    # Archived, and brought back, on the system's own page, which tells people and the trail why.
    readonly_fields = ("archived_at", "archived_by", "archived_because")
    list_select_related = ("owner",)
    search_fields = ("name", "key")
    inlines = (ComponentInline, EnvironmentInline)

    def has_add_permission(self, request: Any) -> bool:
        return super().has_add_permission(request) and _may_manage(request)

    def has_change_permission(self, request: Any, obj: System | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_manage(request)

    def has_delete_permission(self, request: Any, obj: System | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_manage(request)


def _may_manage(request: Any) -> bool:
    return may(request.actor, Permission.SYSTEM_MANAGE)
