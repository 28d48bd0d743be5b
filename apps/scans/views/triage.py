"""Triage of many findings: first what it would change, then its progress, and taking it back."""

import uuid
from typing import Any, TypedDict

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.addresses import address
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.common.forms import apply_domain_errors
from apps.scans.forms_triage import ChosenFindings, OwnerForm, VerdictForm
from apps.scans.models import Finding, Triage
from apps.scans.selectors import (
    FindingFilter,
    triage_get,
)
from apps.scans.selectors_meant import findings_to_own, findings_to_triage
from apps.scans.services.assign import owner_start
from apps.scans.services.triage import triage_start, triage_undo
from apps.scans.views.findings import LISTED, OPENED
from apps.scans.views.meant import filter_asked, list_address

SAMPLE = 8


@require_POST
def triage_page(request: PageRequest) -> HttpResponse:
    """What a verdict on the ticked findings, or on all of the filter in the address, would change.

    With `confirm` it is done.
    """
    chosen = _chosen(request)
    form = VerdictForm(request.POST)
    valid = form.is_valid() and chosen.is_valid()
    meant = _meant(request, chosen)
    if valid and "confirm" in request.POST:
        try:
            triage = triage_start(actor=request.actor, **meant, **form.said())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            return redirect(_told_at(request, triage))
    rows = findings_to_triage(request.actor, form.cleaned_data.get("verdict", ""), **meant)
    told = _told(request, chosen, rows, action="triage-new")
    context = {"form": form, "is_ready": valid and not form.errors, **told}
    status = 422 if form.errors or chosen.errors else 200
    return render(request, "scans/triage_form.html", context, status=status)


@require_POST
def owner_page(request: PageRequest) -> HttpResponse:
    """Whose the ticked findings, or all of the filter in the address, would become.

    With `confirm` it is done.
    """
    chosen = _chosen(request)
    form = OwnerForm(request.POST)
    valid = form.is_valid() and chosen.is_valid()
    meant = _meant(request, chosen)
    if valid and "confirm" in request.POST:
        try:
            triage = owner_start(actor=request.actor, team=form.owner(), **meant)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            return redirect(_told_at(request, triage))
    rows: QuerySet[Finding] = Finding.objects.none()
    if valid:
        rows = findings_to_own(request.actor, form.owner(), **meant)
    told = _told(request, chosen, rows, action="owner-new")
    context = {"form": form, "is_ready": valid and not form.errors, **told}
    status = 422 if form.errors or chosen.errors else 200
    return render(request, "scans/owner_form.html", context, status=status)


class _Meant(TypedDict):
    """One of both; none named is none meant."""

    findings: list[int] | None
    wanted: FindingFilter | None


def _chosen(request: PageRequest) -> ChosenFindings:
    """Raises: NotPermitted."""
    if request.actor.systems_with(Permission.FINDING_TRIAGE) == frozenset():
        raise NotPermitted(_("Findings are triaged by security and admins of their system."))
    return ChosenFindings(request.POST)


def _meant(request: PageRequest, chosen: ChosenFindings) -> _Meant:
    """The ticked findings, or what the filter in the address finds, as was said."""
    if chosen.is_all:
        return {"findings": None, "wanted": filter_asked(request)}
    return {"findings": chosen.numbers(), "wanted": None}


def _told(
    request: PageRequest, chosen: ChosenFindings, rows: QuerySet[Finding], *, action: str
) -> dict[str, Any]:
    """What would change, before it does. action: the page that does it."""
    return {
        "chosen": chosen,
        "total": rows.count(),
        "sample": rows.select_related("system", "series").order_by("-severity", "-id")[:SAMPLE],
        "action": address(reverse(action), request.GET, OPENED),
        "back_url": list_address(request),
    }


@require_GET
def triage_detail_page(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    triage = triage_get(request.actor, uid)
    context = {
        "triage": triage,
        "done": _done(triage),
        "list_url": address(reverse("finding-list"), request.GET, LISTED),
        "undo_url": address(reverse("triage-undo", args=[uid]), request.GET, LISTED),
    }
    return render(request, "scans/triage_detail.html", context)


def _told_at(request: PageRequest, triage: Triage) -> str:
    """The page of an act of triage; its address remembers the list that the act was done on."""
    return address(reverse("triage-detail", args=[triage.uid]), request.GET, LISTED)


def _done(triage: Triage) -> int:
    """How many are done of those that there are to do."""
    return triage.restored if triage.state.startswith("undo") else triage.changed


@require_POST
def triage_undo_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    triage = triage_get(request.actor, uid)
    try:
        triage = triage_undo(actor=request.actor, triage=triage)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        if triage.findings and len(triage.findings) == 1:
            messages.success(request, _("Taken back."))
            return redirect("finding-detail", triage.findings[0])
    return redirect(_told_at(request, triage))
