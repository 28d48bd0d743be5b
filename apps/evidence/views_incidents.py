"""The register of incidents: what happened, what it cost, and what had been expected."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.beginning import system_first_page
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered, systems_permitting
from apps.common.addresses import address
from apps.common.errors import Conflict, Invalid, Missing
from apps.common.forms import apply_domain_errors
from apps.evidence.forms_incidents import IncidentFilterForm, IncidentForm, IncidentUndoForm
from apps.evidence.incident_files import incidents_answer
from apps.evidence.incidents import (
    IncidentFilter,
    incident_get,
    incident_history,
    incidents_list,
    years_of,
)
from apps.evidence.models import Incident, IncidentKind
from apps.evidence.services.incidents import incident_correct, incident_record, incident_undo
from apps.risks.selectors import statement_get

PAGE = 50
NAMES = ("system", "statement", "kind", "since", "until")


@require_GET
def incident_list_page(request: PageRequest) -> HttpResponse:
    viewer, given, path = request.actor, request.GET, reverse("incident-list")
    form = IncidentFilterForm(given, systems=systems_offered(viewer, given.get("system", "")))
    wanted = form.wanted()
    after = _place(given.get("after", ""))
    rows, next_place = _rows(request, wanted, after)
    context = {
        "form": form,
        "rows": rows,
        "years": years_of(viewer, wanted),
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, given, NAMES, after=next_place) if next_place else "",
        "first_url": address(path, given, NAMES) if after else "",
        "export_url": address(reverse("incident-export"), given, NAMES),
        "record_url": address(reverse("incident-create"), given, ("system", "statement")),
        "may_record": viewer.systems_with(Permission.EVIDENCE_LINK) != frozenset(),
    }
    return render(request, "evidence/incident_list.html", context)


def _rows(
    request: PageRequest, wanted: IncidentFilter, after: tuple[dt.date, int] | None
) -> tuple[list[Incident], str]:
    """A page, and the place where the next one begins."""
    found = incidents_list(request.actor, wanted)
    if after is not None:
        day, pk = after
        found = found.filter(Q(ended_on__lt=day) | Q(ended_on=day, pk__lt=pk))
    rows = list(found[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{last.ended_on.isoformat()}.{last.pk}" if last else ""


def _place(text: str) -> tuple[dt.date, int] | None:
    """Of an address; None for whatever else strangers write there."""
    day, _dot, number = text.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    try:
        return dt.date.fromisoformat(day), int(number)
    except ValueError:
        return None


@require_GET
def incident_export(request: PageRequest) -> HttpResponseBase:
    systems = systems_offered(request.actor, request.GET.get("system", ""))
    wanted = IncidentFilterForm(request.GET, systems=systems).wanted()
    return incidents_answer(request.actor, wanted)


@require_GET
def incident_page(request: PageRequest, pk: int) -> HttpResponse:
    return _detail(request, incident_get(request.actor, pk), IncidentUndoForm())


def _detail(request: PageRequest, row: Incident, form: IncidentUndoForm) -> HttpResponse:
    instead = row.corrections.exclude(end="undone").first()
    context = {
        "row": row,
        "statements": [(each, each.told) for each in row.statements.all()],
        "history": incident_history(request.actor, row),
        "instead": instead,
        "undo_form": form,
        "may_edit": row.counts and may(request.actor, Permission.EVIDENCE_LINK, row),
    }
    status = 422 if form.errors else 200
    return render(request, "evidence/incident.html", context, status=status)


@require_http_methods(["GET", "POST"])
def incident_create_page(request: PageRequest) -> HttpResponse:
    """A new entry; with ?statement=RS-7, of this risk."""
    viewer = request.actor
    systems = systems_permitting(viewer, Permission.EVIDENCE_LINK)
    if not systems.exists():
        require(viewer, Permission.EVIDENCE_LINK)
        return system_first_page(request, _("Record an incident"))
    if request.method == "GET" or "show" in request.POST:
        given = request.POST if request.method == "POST" else request.GET
        form = IncidentForm(viewer=viewer, systems=systems, initial=_beginning(request, given))
        return _form(request, form)
    form = IncidentForm(request.POST, viewer=viewer, systems=systems)
    if form.is_valid():
        system: System = form.cleaned_data["system"]
        try:
            row = incident_record(actor=viewer, system=system, content=form.content())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Written down as %(key)s.") % {"key": row.key})
            return redirect("incident-list")
    return _form(request, form)


def _beginning(request: PageRequest, given: Any) -> dict[str, Any]:
    """What stands in a fresh form: what was typed, or what the address says. Raises: Missing."""
    typed = {name: value for name, value in given.items() if name in IncidentForm.base_fields}
    start: dict[str, Any] = {"kind": IncidentKind.INCIDENT, "began_on": timezone.localdate()}
    digits = given.get("statement", "").strip().upper().removeprefix("RS-")
    if digits:
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise Missing("There is no risk statement of that key.")
        statement = statement_get(request.actor, int(digits))
        start |= {"system": statement.system.key, "statements": [str(statement.pk)]}
        typed.pop("system", None)
    typed.pop("statements", None)
    return start | typed


def _form(request: PageRequest, form: IncidentForm, row: Incident | None = None) -> HttpResponse:
    context = {"form": form, "row": row}
    status = 422 if form.errors else 200
    return render(request, "evidence/incident_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
def incident_correct_page(request: PageRequest, pk: int) -> HttpResponse:
    row = incident_get(request.actor, pk)
    require(request.actor, Permission.EVIDENCE_LINK, row)
    if not row.counts:
        messages.warning(request, _("This entry counts no longer."))
        return redirect("incident-detail", pk)
    systems = System.objects.none()
    data = request.POST if request.method == "POST" else None
    form = IncidentForm(data, viewer=request.actor, systems=systems, row=row)
    if form.is_valid():
        try:
            made = incident_correct(
                actor=request.actor,
                incident=row,
                content=form.content(),
                reason=form.cleaned_data["reason"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            messages.warning(request, error.message)
            return redirect("incident-detail", pk)
        else:
            messages.success(request, _("Corrected. The earlier entry stays readable."))
            return redirect("incident-detail", made.pk)
    return _form(request, form, row)


@require_POST
def incident_undo_action(request: PageRequest, pk: int) -> HttpResponse:
    row = incident_get(request.actor, pk)
    form = IncidentUndoForm(request.POST)
    if not form.is_valid():
        return _detail(request, row, form)
    try:
        earlier = incident_undo(
            actor=request.actor, incident=row, reason=form.cleaned_data["reason"]
        )
    except Invalid as error:
        apply_domain_errors(form, error)
        return _detail(request, row, form)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("incident-detail", pk)
    if earlier is not None:
        said = _("Taken back; %(key)s counts again.") % {"key": earlier.key}
        messages.success(request, said)
        return redirect("incident-detail", earlier.pk)
    messages.success(request, _("Taken back. It counts no longer and stays readable."))
    return redirect("incident-list")
