"""Controls: what each is worth, what it does to which risk, and where it stands."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.beginning import system_first_page
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered, systems_permitting
from apps.common.addresses import address, whole_number
from apps.common.errors import Conflict, EditConflict, Invalid, Missing
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.controls.forms import ControlFilterForm, ControlForm, EffectForm, effect_initial
from apps.controls.models import Control
from apps.controls.selectors import control_get, controls_list, effect_get
from apps.controls.services.controls import (
    control_create,
    control_edit,
    control_set_status,
    effect_remove,
    effect_set,
)
from apps.controls.worth import cost_of, wholes_of
from apps.risks.models import ENDED, RiskStatement
from apps.risks.selectors import statement_get, statements_visible
from apps.risks.services.valuations import money

PAGE = 200
OFFERED = 200  # risks to choose from
NAMES = ("system", "status")


@require_GET
def control_list_page(request: PageRequest) -> HttpResponse:
    viewer, given, path = request.actor, request.GET, reverse("control-list")
    form = ControlFilterForm(given, systems=systems_offered(viewer, given.get("system", "")))
    rows = list(controls_list(viewer, form.wanted())[:PAGE])
    wholes = wholes_of(viewer, [row.pk for row in rows])
    context = {
        "form": form,
        "rows": [(row, money(cost_of(row).mean), wholes.get(row.pk)) for row in rows],
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "may_add": viewer.systems_with(Permission.STATEMENT_EDIT) != frozenset(),
    }
    return render(request, "controls/list.html", context)


@require_http_methods(["GET", "POST"])
def control_create_page(request: PageRequest) -> HttpResponse:
    """A new control; with ?statement=RS-7, together with what it does to that risk."""
    statement = _statement(request)
    systems = systems_permitting(request.actor, Permission.STATEMENT_EDIT)
    if statement is not None:
        require(request.actor, Permission.STATEMENT_EDIT, statement)
        systems = systems.filter(pk=statement.system_id)
    elif not systems.exists():
        require(request.actor, Permission.STATEMENT_EDIT)
        return system_first_page(request, _("Add a control"))
    data = request.POST if request.method == "POST" else None
    start = statement.system.key if statement else request.GET.get("system", "")
    initial = {"system": start} | _recommended(request, statement)
    form = ControlForm(data, viewer=request.actor, systems=systems, initial=initial)
    effect = EffectForm(data, prefix="effect") if statement else None
    if data is not None and all([form.is_valid(), effect is None or effect.is_valid()]):
        made = _create(request, form, effect, statement)
        if made is not None:
            messages.success(request, _("%(key)s is written down.") % {"key": made.key})
            return _back(statement, made)
    context = {
        "form": form,
        "effect": effect,
        "statement": statement,
        "others": _others(request, statement) if statement else [],
    }
    return render(
        request, "controls/form.html", context, status=422 if _failed(form, effect) else 200
    )


def _recommended(request: PageRequest, statement: RiskStatement | None) -> dict[str, Any]:
    """What to begin with: ?recommended=0, the first control of the guidance that the risk comes from."""
    number = whole_number(request.GET.get("recommended"))
    origin = statement.origin if statement else None
    if number is None or origin is None or number >= len(origin.controls):
        return {}
    said = origin.controls[number]
    return {"name": said["title"], "description": said["effect"], "guidance": origin.guidance_id}


def _failed(*asked: Any) -> bool:
    return any(form is not None and form.is_bound and not form.is_valid() for form in asked)


def _create(
    request: PageRequest,
    form: ControlForm,
    effect: EffectForm | None,
    statement: RiskStatement | None,
) -> Control | None:
    """Both or neither; None with the refusal beside its field."""
    asked: Any = form
    try:
        with transaction.atomic():
            made = control_create(
                actor=request.actor, system=form.cleaned_data["system"], content=form.content()
            )
            if effect is not None and statement is not None:
                asked = effect
                effect_set(
                    actor=request.actor, control=made, statement=statement, content=effect.content()
                )
    except Invalid as error:
        apply_domain_errors(asked, error)
    except Conflict as error:
        asked.add_error(None, error.message)
    else:
        return made
    return None


def _others(request: PageRequest, statement: RiskStatement) -> list[Control]:
    """Controls of the system that could cover the risk and do not yet."""
    rows = controls_list(request.actor).filter(system=statement.system_id)
    return list(rows.exclude(effects__statement=statement)[:OFFERED])


@require_http_methods(["GET", "POST"])
def control_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    row = control_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, row)
    data = request.POST if request.method == "POST" else None
    form = ControlForm(data, viewer=request.actor, systems=System.objects.none(), row=row)
    if form.is_bound and form.is_valid():
        try:
            control_edit(
                actor=request.actor,
                control=row,
                version=form.cleaned_data["version"],
                content=form.content(),
            )
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("control-detail", pk)
    context = {"form": form, "row": row}
    return render(request, "controls/form.html", context, status=status_of(form))


@require_POST
def control_status_action(request: PageRequest, pk: int) -> HttpResponse:
    row = control_get(request.actor, pk)
    try:
        changed = control_set_status(
            actor=request.actor, control=row, status=request.POST.get("status", "")
        )
    except Invalid:
        messages.error(request, _("Say in place, planned, waived or retired."))
    else:
        told = _("It is %(status)s; the risks that it covers are valued so.")
        messages.success(request, told % {"status": changed.get_status_display().lower()})
    return redirect("control-detail", pk)


@require_http_methods(["GET", "POST"])
def effect_page(request: PageRequest, pk: int) -> HttpResponse:
    """What a control does to one risk: of ?statement=RS-7, else to be chosen."""
    row = control_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, row)
    statement = _statement(request)
    known = effect_get(request.actor, row, statement.pk) if statement else None
    offered = [] if statement else _offered(request, row)
    form = EffectForm(
        request.POST if request.method == "POST" else None,
        statements=offered,
        initial=effect_initial(known) if known else {},
    )
    has_choice = bool(statement or offered)
    if form.is_bound and has_choice and form.is_valid():
        try:
            chosen = statement or statement_get(request.actor, int(form.cleaned_data["statement"]))
            effect_set(actor=request.actor, control=row, statement=chosen, content=form.content())
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Saved."))
            return _back(statement, row)
    context = {
        "row": row,
        "form": form,
        "statement": statement,
        "known": known,
        "has_choice": has_choice,
    }
    return render(request, "controls/effect.html", context, status=status_of(form))


def _offered(request: PageRequest, control: Control) -> list[tuple[str, str]]:
    """Risks of the system that it does not cover yet."""
    rows = statements_visible(request.actor).filter(system=control.system_id)
    rows = rows.exclude(state__in=ENDED).exclude(control_effects__control=control)
    return [
        (str(each.pk), f"{each.key} {each.told.if_clause[:90]}")
        for each in rows.order_by("-pk")[:OFFERED]
    ]


@require_POST
def effect_remove_action(request: PageRequest, pk: int, statement: int) -> HttpResponse:
    row = control_get(request.actor, pk)
    effect = effect_get(request.actor, row, statement)
    if effect is None:
        raise Missing(f"C-{pk} does nothing to RS-{statement}.")
    removal = effect_remove(actor=request.actor, effect=effect)
    told = _("It no longer covers RS-%(pk)s.") % {"pk": statement}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("control-detail", pk)


def _statement(request: PageRequest) -> RiskStatement | None:
    """Of ?statement=RS-7. Raises: Missing."""
    digits = request.GET.get("statement", "").strip().upper().removeprefix("RS-")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise Missing("There is no risk statement of that key.")
    return statement_get(request.actor, int(digits))


def _back(statement: RiskStatement | None, control: Control) -> HttpResponse:
    """To where the reader came from."""
    if statement is not None:
        return redirect(f"{reverse('statement-detail', args=[statement.pk])}#controls")
    return redirect("control-detail", control.pk)
