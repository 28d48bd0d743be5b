"""A system is changed, and people and teams get their roles on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.actors import Actor
from apps.accounts.models import ROLE_CHOICES
from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import GRANTS, Permission, Role
from apps.catalog.forms import RoleForm, SystemEditForm
from apps.catalog.models import System
from apps.catalog.selectors import (
    people_everywhere,
    people_nameable,
    role_held,
    roles_of,
    system_get,
)
from apps.catalog.services import membership_remove, membership_set, system_edit
from apps.common.errors import Conflict, EditConflict, Invalid, NotPermitted
from apps.common.forms import apply_domain_errors, status_of

SAME = ("name", "key", "description", "criticality", "default_branch", "version")
SHOWN = 500  # people that the field offers; others are typed
CHANGED = "role-changed"  # session: what a page offers once to take back


@require_http_methods(["GET", "POST"])
def system_edit_page(request: PageRequest, key: str) -> HttpResponse:
    system = system_get(request.actor, key)
    require(request.actor, Permission.SYSTEM_EDIT, system)
    form = SystemEditForm(request.POST or None, initial=_initial(system))
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            row = system_edit(actor=request.actor, system=system, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        else:
            messages.success(request, _("The system is changed."))
            return redirect("system-detail", row.key)
    context = {"form": form, "system": system}
    status = status_of(form)
    return render(request, "catalog/system_edit.html", context, status=status)


def _initial(system: System) -> dict[str, Any]:
    return {name: getattr(system, name) for name in SAME} | {
        "owner": system.owner.key if system.owner else "",
        "repositories": "\n".join(system.repositories),
    }


@never_cache
@require_http_methods(["GET", "POST"])
def system_roles_page(request: PageRequest, key: str) -> HttpResponse:
    """Who holds which role, and one form that gives, changes and takes away."""
    system = system_get(request.actor, key)
    rows = roles_of(request.actor, system)
    roles = _roles(request.actor, system)
    form = RoleForm(request.POST or None, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            request.session[CHANGED] = _change(
                request.actor, system, form.cleaned_data, request.POST.get("was")
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except (Conflict, NotPermitted) as error:
            form.add_error(None, error.message)
        else:
            return redirect("system-roles", key)
    context = {
        "system": system,
        "form": form,
        "rows": [(row, row.role in roles) for row in rows],
        "roles": [choice for choice in ROLE_CHOICES if choice[0] in roles],
        "everywhere": people_everywhere(request.actor, system),
        "known": people_nameable(request.actor, system)[:SHOWN],
        "changed": None if form.errors else _changed(request),
    }
    status = status_of(form)
    return render(request, "catalog/system_roles.html", context, status=status)


def _changed(request: PageRequest) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.pop(CHANGED, None)
    return kept and {**kept, "now_label": dict(ROLE_CHOICES).get(kept["now"], "")}


def _roles(actor: Actor, system: System) -> list[Role]:
    """Those that the actor may give."""
    held = actor.granted_on(system.pk)
    return [role for role in Role if GRANTS[role] <= held]


def _change(
    actor: Actor, system: System, told: dict[str, Any], was: str | None
) -> dict[str, object]:
    """Do it; what the page needs to say so and to take it back. was: None where nobody read it."""
    user, team, role = told["person"], told["team"], told["role"]
    before = role_held(actor, system, user=user, team=team)
    who: dict[str, Any] = {"actor": actor, "system": system, "user": user, "team": team}
    if role:
        membership_set(role=Role(role), was=was, **who)
    else:
        membership_remove(was=was, **who)
    return {
        "name": str(user or team),
        "person": user.email if user else "",
        "team": team.key if team else "",
        "before": before,
        "now": role,
    }
