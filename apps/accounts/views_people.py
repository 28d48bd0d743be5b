"""Settings of the organisation: its people and their teams."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.actors import Actor
from apps.accounts.forms_people import PersonEditForm, PersonForm, TeamEditForm, TeamForm
from apps.accounts.models import User
from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.accounts.selectors import people_list, person_get, team_get, teams_list
from apps.accounts.services.factors import factors_reset
from apps.accounts.services.invitations import invitation_send
from apps.accounts.services.passwords import password_link_make
from apps.accounts.services.people import person_add, person_edit, team_remove, team_save
from apps.accounts.services.sessions import sessions_end_of, sessions_of
from apps.accounts.views_security import sure
from apps.common.errors import Conflict, EditConflict, Invalid, NotPermitted
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.common.said import said

PAGE = 50


@require_GET
def people_page(request: PageRequest) -> HttpResponse:
    text = request.GET.get("q", "")[:200]
    page = Paginator(people_list(request.actor, text), PAGE).get_page(request.GET.get("page"))
    told = {"q": text} if text else {}
    context = {
        "page": page,
        "text": text,
        "next_url": _page_url(told, page.next_page_number()) if page.has_next() else "",
        "previous_url": _page_url(told, page.previous_page_number()) if page.has_previous() else "",
    }
    return render(request, "accounts/people.html", context)


def _page_url(told: dict[str, str], number: int) -> str:
    return f"?{urlencode({'page': number, **told})}"


@never_cache
@sure
@require_http_methods(["GET", "POST"])
def person_new_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.PEOPLE_MANAGE)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = person_add(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(
                request,
                _("%(name)s is there. Send the invitation, or show the link.")
                % {"name": user.name},
            )
            return redirect("person-detail", user.pk)
    status = 422 if form.errors else 200
    return render(request, "accounts/person.html", {"form": form}, status=status)


@never_cache
@sure
@require_http_methods(["GET", "POST"])
def person_page(request: PageRequest, pk: int) -> HttpResponse:
    user = person_get(request.actor, pk)
    form = PersonEditForm.of(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            person_edit(actor=request.actor, user=user, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except NotPermitted as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("person-detail", pk)
    context = {
        "form": form,
        "person": user,
        "sessions": sessions_of(user),
        "is_new": user.is_active and user.last_login is None,
        "mails": settings.SECOPS_MAIL_ON,
        "sees_nothing": Actor(user=user).systems_with(Permission.SYSTEM_VIEW) == frozenset(),
        "memberships": user.memberships.select_related("system").order_by("system__name"),
    }
    status = status_of(form)
    return render(request, "accounts/person.html", context, status=status)


@never_cache
@sure
@require_POST
def person_link_action(request: PageRequest, pk: int) -> HttpResponse:
    """SECURITY: the link is in this answer only, no redirect: a session would keep it."""
    user = person_get(request.actor, pk)
    try:
        made = password_link_make(actor=request.actor, user=user)
    except NotPermitted as error:
        return _refused(request, user, error)
    context = {"link": made, "back": reverse("person-detail", args=[pk])}
    return render(request, "accounts/link_made.html", context)


@never_cache
@sure
@require_POST
def person_invite_action(request: PageRequest, pk: int) -> HttpResponse:
    user = person_get(request.actor, pk)
    try:
        invitation_send(actor=request.actor, user=user)
    except (Conflict, NotPermitted) as error:
        return _refused(request, user, error)
    messages.success(request, _("The invitation is on its way to %(to)s.") % {"to": user.email})
    return redirect("person-detail", pk)


@sure
@require_POST
def person_sessions_end_action(request: PageRequest, pk: int) -> HttpResponse:
    return _ended(request, pk, sessions_end_of, _("%(number)d sessions are ended."))


@sure
@require_POST
def person_factors_reset_action(request: PageRequest, pk: int) -> HttpResponse:
    """For somebody who has lost them all."""
    return _ended(request, pk, factors_reset, _("%(number)d factors are taken away."))


def _ended(request: PageRequest, pk: int, end: Callable[..., int], told: str) -> HttpResponse:
    """end: a service that says how many of a person's it ended."""
    user = person_get(request.actor, pk)
    try:
        number = end(actor=request.actor, user=user)
    except NotPermitted as error:
        return _refused(request, user, error)
    messages.success(request, told % {"number": number})
    return redirect("person-detail", pk)


def _refused(request: PageRequest, user: User, error: Conflict | NotPermitted) -> HttpResponse:
    messages.error(request, said(error.message))
    return redirect("person-detail", user.pk)


@require_http_methods(["GET", "POST"])
def teams_page(request: PageRequest) -> HttpResponse:
    teams = teams_list(request.actor)
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = team_save(actor=request.actor, team=None, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("%(name)s is there.") % {"name": team.name})
            return redirect("team-list")
    status = 422 if form.errors else 200
    return render(request, "accounts/teams.html", {"teams": teams, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def team_page(request: PageRequest, key: str) -> HttpResponse:
    team = team_get(request.actor, key)
    initial = {"name": team.name, "key": team.key, "version": team.version}
    form = TeamEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = team_save(actor=request.actor, team=team, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        else:
            messages.success(request, _("Saved."))
            return redirect("team-detail", row.key)
    context = {
        "team": team,
        "form": form,
        "people": User.objects.filter(teams=team).order_by("name"),
        "systems": team.systems.order_by("name"),
        "memberships": team.memberships.select_related("system").order_by("system__name"),
    }
    status = status_of(form)
    return render(request, "accounts/team.html", context, status=status)


@require_POST
def team_remove_action(request: PageRequest, key: str) -> HttpResponse:
    team = team_get(request.actor, key)
    try:
        removal = team_remove(actor=request.actor, team=team)
    except Conflict as error:
        messages.error(request, said(error.message))
        return redirect("team-detail", key)
    told = _("%(name)s is gone.") % {"name": team.name}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("team-list")
