from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models

from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.audit.admin import AuditedAdmin
from apps.catalog.models import Component, Environment, System
from apps.catalog.selectors import holds_anything
from apps.catalog.services import refuse_key
from apps.common.errors import Invalid


class SystemForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    repositories = SimpleArrayField(
        forms.URLField(max_length=300, assume_scheme="https"), required=False
    )

    def clean_key(self) -> str:
        """SECURITY: refused as on the pages, however it is spelt."""
        key: str = self.cleaned_data["key"]
        try:
            refuse_key(key, self.instance)
        except Invalid as error:
            raise forms.ValidationError(error.fields["key"]) from error
        return key


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
        return super().has_add_permission(request) and _may_edit(request)

    def has_change_permission(self, request: Any, obj: System | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_edit(request, obj)

    def has_delete_permission(self, request: Any, obj: System | None = None) -> bool:
        """One at a time, and a mistake alone: what holds decisions, risks or reports is a record, and is archived
        (docs/decisions/0009-an-archived-system-is-read.md). Superusers are no exception."""
        allowed = super().has_delete_permission(request, obj) and _may_edit(request, obj)
        return allowed and obj is not None and not holds_anything(obj)


def _may_edit(request: Any, system: System | None = None) -> bool:
    """SECURITY: of an archived one nothing is changed here, either."""
    everywhere = may(request.actor, Permission.SYSTEM_EDIT)
    return everywhere and (system is None or may(request.actor, Permission.SYSTEM_EDIT, system))
