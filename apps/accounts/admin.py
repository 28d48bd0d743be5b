"""People, teams and roles for administrators; tokens to look at, never their digest."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken, Membership, Team, User
from apps.accounts.services.factors import factors_reset
from apps.common.admin import ReadOnlyAdmin


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """Asks for the password twice and checks it against the rules for passwords."""

    class Meta:
        model = User
        fields = ("email", "name", "role")


class EditUserForm(UserChangeForm):  # type: ignore[type-arg]
    """Shows how the password is hashed, and a link to the form that sets another one."""

    class Meta:
        model = User
        fields = ("email", "name", "role", "teams", "is_active", "is_staff", "is_superuser")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    form = EditUserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "name", "role", "is_active", "is_staff", "last_login")
    list_filter = ("role", "is_active", "is_staff", "teams")
    search_fields = ("email", "name")
    filter_horizontal = ("teams",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("What this person may do"), {"fields": ("role", "teams", "is_active")}),
        (_("The admin site"), {"fields": ("is_staff", "is_superuser")}),
        (_("When"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "role", "password1", "password2")}),)
    actions = ["take_factors_away"]

    @admin.action(description=_("Take all second factors away"), permissions=["change"])
    def take_factors_away(self, request: Any, people: Any) -> None:
        """For those who have lost theirs. SECURITY: the service asks for the permission."""
        taken = sum(factors_reset(actor=request.actor, user=user) for user in people)
        self.message_user(request, _("%(number)d factors are taken away.") % {"number": taken})

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> tuple[str, ...]:
        """SECURITY: only superusers give roles and staff rights; staff must not promote itself."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "is_superuser", "role")


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ("name", "key")
    search_fields = ("name", "key")
    prepopulated_fields = {"key": ("name",)}


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ("system", "user", "team", "role")
    list_filter = ("role", "system")
    list_select_related = ("system", "user", "team")
    autocomplete_fields = ("user", "team")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """SECURITY: no digest. Tokens are made and revoked on the portal's own pages."""

    list_display = (
        "name",
        "key",
        "scope",
        "system",
        "user",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("scope",)
    list_select_related = ("system", "user")
    search_fields = ("name", "=key")
    fields = (
        *("name", "key", "scope", "system", "user", "created_by", "created_at", "expires_at"),
        *("last_used_at", "revoked_at"),
    )
