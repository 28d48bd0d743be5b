from django.contrib import admin

from apps.catalog.models import Component, Environment, System


class ComponentInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Component
    extra = 0


class EnvironmentInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Environment
    extra = 0


@admin.register(System)
class SystemAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ("name", "key", "owner", "criticality")
    list_filter = ("criticality", "owner")
    list_select_related = ("owner",)
    search_fields = ("name", "key")
    inlines = (ComponentInline, EnvironmentInline)
