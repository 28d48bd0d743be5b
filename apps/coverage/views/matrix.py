"""All systems against all stages, and what is expected by criticality."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.models import Criticality
from apps.catalog.selectors import systems_in_use
from apps.catalog.stages import Stage
from apps.common.errors import EditConflict, Invalid, Missing
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.coverage.forms import ProfileForm, ToolKindForm
from apps.coverage.selectors import (
    LEVELS,
    coverage_of,
    profiles,
    sayings,
    silences_open,
    unknown_tools,
)
from apps.coverage.services.profiles import profile_reset, profile_set, tool_kind_set

SHOWN = 12  # silences on the page of all systems


@require_GET
def coverage_page(request: PageRequest) -> HttpResponse:
    return _matrix(request, None)


@require_POST
def tool_kind_action(request: PageRequest) -> HttpResponse:
    """Say what a tool's reports count as."""
    form = ToolKindForm(request.POST)
    if form.is_valid():
        try:
            row = tool_kind_set(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            told = {"tool": row.tool, "kind": row.get_kind_display()}
            messages.success(request, _("%(tool)s counts as: %(kind)s.") % told)
            return redirect("coverage")
    return _matrix(request, form)


def _matrix(request: PageRequest, failed: ToolKindForm | None) -> HttpResponse:
    viewer = request.actor
    may_manage = may(viewer, Permission.COVERAGE_MANAGE)
    systems = list(systems_in_use(viewer).order_by("-criticality", "name"))
    said = sayings(systems)
    silences = list(silences_open(viewer)[:SHOWN])
    tools = unknown_tools(viewer, said) if may_manage else []
    context = {
        "may_import": may(viewer, Permission.SYSTEM_MANAGE),
        "rows": coverage_of(viewer, systems, said),
        "stages": list(Stage),
        "profiles": said.profiles.values(),
        "silences": silences,
        "silence_count": silences_open(viewer).count() if len(silences) == SHOWN else len(silences),
        "tools": [
            failed
            if failed is not None and failed.data.get("tool") == tool
            else ToolKindForm(initial={"tool": tool}, auto_id=f"id_{number}_%s")
            for number, tool in enumerate(tools)
        ],
        "may_manage": may_manage,
    }
    return render(request, "coverage/matrix.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "POST"])
def profile_page(request: PageRequest, criticality: str) -> HttpResponse:
    """What is expected; a POST by whoever may says it anew."""
    level = _level(criticality)
    profile = profiles()[level]
    sent = request.method == "POST"
    if sent:
        require(request.actor, Permission.COVERAGE_MANAGE)
    form = ProfileForm(request.POST if sent else None, profile=profile, viewer=request.actor)
    if sent and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            profile_set(actor=request.actor, criticality=level, lines=form.lines(), version=version)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved. The loop shows it from now on."))
            return redirect("coverage-profile", criticality)
    context = {
        "form": form,
        "profile": profile,
        "levels": [(name, each) for name, each in reversed(LEVELS.items())],
        "level": criticality,
        "may_manage": may(request.actor, Permission.COVERAGE_MANAGE),
    }
    return render(request, "coverage/profile.html", context, status=status_of(form))


@require_POST
def profile_reset_action(request: PageRequest, criticality: str) -> HttpResponse:
    removal = profile_reset(actor=request.actor, criticality=_level(criticality))
    told = _("The portal's own list holds again.")
    if removal is None:
        messages.success(request, told)
    else:
        tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("coverage-profile", criticality)


def _level(name: str) -> Criticality:
    if name not in LEVELS:
        raise Missing(_("There is no such criticality."))
    return LEVELS[name]
