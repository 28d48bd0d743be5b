"""People, teams and roles for administrators; tokens to look at, never their digest."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import ApiToken, Membership, Team, User
from apps.accounts.policy import may
from apps.accounts.reach import is_in_reach
from apps.accounts.roles import Permission
from apps.accounts.services.factors import factors_reset
from apps.accounts.services.passwords import password_link_make
from apps.accounts.services.people import STAFF, person_add, person_edit, person_staff_set
from apps.accounts.services.sessions import sessions_end_of
from apps.common.admin import ReadOnlyAdmin
from apps.common.errors import NotPermitted
from apps.common.said import said


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


# Django's groups give permissions that no role says; nobody is put into one here.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """As the portal's own pages of people, by the same services, and who is staff besides."""

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
        return render(request, "accounts/link_made.html", {"link": made})

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: Any, people: QuerySet[User]) -> None:
        self._ended(request, people, sessions_end_of, _("%(number)d sessions are ended."))

    @admin.action(description=_("Take all second factors away"), permissions=["change"])
    def take_factors_away(self, request: Any, people: QuerySet[User]) -> None:
        """For those who have lost theirs."""
        self._ended(request, people, factors_reset, _("%(number)d factors are taken away."))

    def _ended(
        self, request: Any, people: QuerySet[User], end: Callable[..., int], told: Any
    ) -> None:
        """end: a service that says how many of a person's it ended. SECURITY: it asks for the permission."""
        try:
            with transaction.atomic():  # of all who were chosen, or of nobody
                number = sum(end(actor=request.actor, user=user) for user in people)
        except NotPermitted as error:
            self.message_user(request, said(error.message), messages.WARNING)
            return
        self.message_user(request, told % {"number": number})

    def save_model(self, request: Any, obj: User, form: Any, change: Any) -> None:
        """By the portal's services, with their checks, the audit trail and sessions that end."""
        told = {name: form.cleaned_data[name] for name in form.changed_data}
        staff = {name: told.pop(name) for name in STAFF if name in told}
        if not change:
            told = {"role": "", **form.cleaned_data}
            obj.pk = person_add(actor=request.actor, **told).pk
        elif told:
            person_edit(actor=request.actor, user=obj, **told)
        if staff:
            person_staff_set(actor=request.actor, user=obj, **staff)
        obj.refresh_from_db()

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> tuple[str, ...]:
        """SECURITY: only superusers give roles and staff rights, and nobody changes what they may do themselves."""
        fixed = {*super().get_readonly_fields(request, obj)}
        if not request.user.is_superuser:
            fixed |= {*STAFF, "role"}
        if obj == request.user:
            fixed |= {*STAFF, "role", "teams", "is_active"}
        return tuple(sorted(fixed))

    def has_add_permission(self, request: Any) -> bool:
        return super().has_add_permission(request) and _may_manage(request.actor)

    def has_change_permission(self, request: Any, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_manage(request.actor, obj)

    def has_delete_permission(self, request: Any, obj: User | None = None) -> bool:
        """Nobody is taken away: who is switched off stays named beside what they wrote and decided."""
        return False


def _may_manage(actor: Actor, person: User | None = None) -> bool:
    """SECURITY: Django's permission opens a page here; the policy and its rule of reach hold on it as elsewhere."""
    allowed = may(actor, Permission.PEOPLE_MANAGE)
    return allowed and (person is None or is_in_reach(actor, person))


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Kept on the portal's own pages."""

    list_display = ("name", "key")
    search_fields = ("name", "key")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """SECURITY: roles are given on a system's own page, where nobody gives more than they hold."""

    list_display = ("system", "user", "team", "role")
    list_filter = ("role", "system")
    list_select_related = ("system", "user", "team")


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
