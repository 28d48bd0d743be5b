"""The register: what is declared against what last ran."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.automation.forms import AutomationFilterForm, AutomationForm, RunForm, starting
from apps.automation.kinds import AutomationKind, Drift
from apps.automation.models import Automation
from apps.automation.selectors import (
    automation_get,
    automations_list,
    drift_counts,
    runs_of,
)
from apps.automation.services.register import (
    automation_create,
    automation_edit,
    automation_retire,
)
from apps.automation.services.runs import RunInput, run_tell
from apps.automation.words import drift_sentence
from apps.catalog.beginning import system_first_page
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered, systems_permitting
from apps.common.addresses import address
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.forms import apply_domain_errors, status_of

PAGE = 200
RUNS_SHOWN = 30
NAMES = ("system", "stage", "kind", "drift")


@require_GET
def automation_list_page(request: PageRequest) -> HttpResponse:
    viewer, given, path = request.actor, request.GET, reverse("automation-list")
    form = AutomationFilterForm(given, systems=systems_offered(viewer, given.get("system", "")))
    rows = list(automations_list(viewer, form.wanted())[:PAGE])
    counts = drift_counts(viewer)
    context = {
        "form": form,
        "rows": [(row, drift_sentence(row)) for row in rows],
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "counts": [
            (each.value, counts[each.value], address(path, {}, NAMES, drift=each.value))
            for each in Drift
            if counts.get(each.value)
        ],
        "may_add": viewer.systems_with(Permission.AUTOMATION_MANAGE) != frozenset(),
    }
    return render(request, "automation/list.html", context)


@require_GET
def automation_page(request: PageRequest, pk: int) -> HttpResponse:
    return _detail(request, automation_get(request.actor, pk), RunForm())


def _detail(request: PageRequest, row: Automation, form: RunForm) -> HttpResponse:
    context = {
        "row": row,
        "sentence": drift_sentence(row),
        "runs": list(runs_of(request.actor, row)[:RUNS_SHOWN]),
        "run_form": form,
        "may_manage": may(request.actor, Permission.AUTOMATION_MANAGE, row),
    }
    return render(request, "automation/detail.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
def automation_create_page(request: PageRequest) -> HttpResponse:
    systems = systems_permitting(request.actor, Permission.AUTOMATION_MANAGE)
    if not systems.exists():
        require(request.actor, Permission.AUTOMATION_MANAGE)
        return system_first_page(request, _("Declare automation"))
    initial = {
        **starting(request.GET.get("kind", "")),
        "system": request.GET.get("system", ""),
        "statements": request.GET.get("statement", ""),
    }
    form = AutomationForm(
        request.POST if request.method == "POST" else None,
        viewer=request.actor,
        systems=systems,
        initial=initial,
    )
    if form.is_bound and form.is_valid():
        try:
            made = automation_create(
                actor=request.actor, system=form.cleaned_data["system"], content=form.content()
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("It stands in the register."))
            return redirect("automation-detail", made.pk)
    context = {"form": form, "kinds": AutomationKind.choices}
    return render(request, "automation/form.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
def automation_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    row = automation_get(request.actor, pk)
    require(request.actor, Permission.AUTOMATION_MANAGE, row)
    form = AutomationForm(
        request.POST if request.method == "POST" else None,
        viewer=request.actor,
        systems=System.objects.none(),
        row=row,
    )
    if form.is_bound and form.is_valid():
        try:
            automation_edit(
                actor=request.actor,
                automation=row,
                version=form.cleaned_data["version"],
                content=form.content(),
            )
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("automation-detail", pk)
    context = {"form": form, "row": row}
    return render(request, "automation/form.html", context, status=status_of(form))


@require_POST
def automation_run_action(request: PageRequest, pk: int) -> HttpResponse:
    """A person tells of a run; for a scripted change that is how it is done by hand."""
    row = automation_get(request.actor, pk)
    require(request.actor, Permission.AUTOMATION_MANAGE, row)
    form = RunForm(request.POST)
    if form.is_valid():
        try:
            run_tell(actor=request.actor, automation=row, content=RunInput(**form.cleaned_data))
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            messages.warning(request, error.message)
            return redirect("automation-detail", pk)
        else:
            messages.success(request, _("The run is written down."))
            return redirect("automation-detail", pk)
    return _detail(request, row, form)


@require_POST
def automation_retire_action(request: PageRequest, pk: int) -> HttpResponse:
    row = automation_get(request.actor, pk)
    is_retired = request.POST.get("retired") != "0"
    automation_retire(actor=request.actor, automation=row, is_retired=is_retired)
    told = _("It is retired; its runs stay.") if is_retired else _("It is taken up again.")
    messages.success(request, told)
    return redirect("automation-detail", pk)
