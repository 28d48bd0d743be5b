"""People, teams and roles for administrators; tokens to look at, never their digest."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken, Membership, Team, User
from apps.accounts.services.factors import factors_reset
from apps.accounts.services.passwords import password_link_make
from apps.accounts.services.sessions import sessions_end_of
from apps.common.admin import ReadOnlyAdmin
from apps.common.errors import NotPermitted


class NewUserForm(forms.ModelForm):  # type: ignore[type-arg]
    """Without a password: the person sets one by a link."""

    class Meta:
        model = User
        fields = ("email", "name", "role")

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # Django's signature
        self.instance.set_unusable_password()
        made: User = super().save(commit=commit)
        return made


class EditUserForm(UserChangeForm):  # type: ignore[type-arg]
    """Without the password, which nobody sets for another person."""

    password = None  # type: ignore[assignment]  # Django takes a field away so

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
        (None, {"fields": ("email", "name")}),
        (_("What this person may do"), {"fields": ("role", "teams", "is_active")}),
        (_("The admin site"), {"fields": ("is_staff", "is_superuser")}),
        (_("When"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "role")}),)
    actions = ["make_password_link", "end_sessions", "take_factors_away"]

    def user_change_password(self, request: Any, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """SECURITY: a password that two people know tells nobody who signed in (ASVS 6.4.1)."""
        self.message_user(
            request, _("People set their own password: choose them in the list and make a link.")
        )
        return redirect("admin:accounts_user_changelist")

    def response_add(self, request: Any, obj: User, post_url_continue: Any = None) -> HttpResponse:
        """The link that a new person needs, once."""
        try:
            return self._link_shown(request, obj)
        except NotPermitted as error:
            self.message_user(request, error.message, messages.WARNING)
            return super().response_add(request, obj, post_url_continue)

    @admin.action(description=_("Make a link to set a password"), permissions=["change"])
    def make_password_link(self, request: Any, people: Any) -> HttpResponse | None:
        """SECURITY: the service asks for the permission."""
        if len(people) == 1:
            return self._link_shown(request, people[0])
        self.message_user(request, _("Choose one person."), messages.WARNING)
        return None

    def _link_shown(self, request: Any, user: User) -> HttpResponse:
        """SECURITY: in this answer only, no redirect: a session would keep it."""
        made = password_link_make(actor=request.actor, user=user)
        address = f"{settings.BASE_URL}{reverse('password-link')}?{urlencode({'link': made.text})}"
        return render(request, "accounts/link_made.html", {"link": made, "address": address})

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: Any, people: Any) -> None:
        """SECURITY: the service asks for the permission."""
        try:
            with transaction.atomic():  # of all who were chosen, or of nobody
                ended = sum(sessions_end_of(actor=request.actor, user=user) for user in people)
        except NotPermitted as error:
            self.message_user(request, error.message, messages.WARNING)
            return
        self.message_user(request, _("%(number)d sessions are ended.") % {"number": ended})

    @admin.action(description=_("Take all second factors away"), permissions=["change"])
    def take_factors_away(self, request: Any, people: Any) -> None:
        """For those who have lost theirs. SECURITY: the service asks for the permission."""
        try:
            with transaction.atomic():  # of all who were chosen, or of nobody
                taken = sum(factors_reset(actor=request.actor, user=user) for user in people)
        except NotPermitted as error:
            self.message_user(request, error.message, messages.WARNING)
            return
        self.message_user(request, _("%(number)d factors are taken away.") % {"number": taken})

    def save_model(self, request: Any, obj: User, form: Any, change: Any) -> None:
        """A form of the portal that was read before does not undo what is changed here."""
        obj.version += 1 if change else 0
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> tuple[str, ...]:
        """SECURITY: only superusers give roles and staff rights; staff must not promote itself."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "is_superuser", "role")

    def has_change_permission(self, request: Any, obj: User | None = None) -> bool:
        """SECURITY: whoever changed a superuser's address or switched it off would have won over it."""
        return super().has_change_permission(request, obj) and _may_touch(request.user, obj)

    def has_delete_permission(self, request: Any, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request.user, obj)


def _may_touch(staff: User, other: User | None) -> bool:
    return other is None or staff.is_superuser or not other.is_superuser


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
