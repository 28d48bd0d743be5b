"""VEX documents: taking one in, what each says, and taking that back."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import in_use, may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_permitting
from apps.common.errors import Conflict, ReportRejected
from apps.common.flashes import tell_undoable
from apps.scans.forms_vex import VexForm
from apps.scans.models import Finding
from apps.scans.selectors_vex import is_at_work, vex_document_get, vex_documents
from apps.scans.services.vex import VexOutcome, vex_restore, vex_take_in, vex_withdraw

SHOWN = 100


@require_http_methods(["GET", "POST"])
def vex_list_page(request: PageRequest) -> HttpResponse:
    """The documents, and a form for one more; with `try` it is only tried."""
    systems = systems_permitting(request.actor, Permission.FINDING_TRIAGE)
    sent = request.method == "POST"
    if sent and not systems.exists():
        require(request.actor, Permission.FINDING_TRIAGE)
    form = VexForm(request.POST if sent else None, request.FILES if sent else None, systems=systems)
    tried = None
    if sent and form.is_valid():
        outcome = _take_in(request, form)
        if outcome and outcome.document:
            messages.success(request, _("Taken in. It also speaks of findings that come later."))
            return redirect("vex-detail", outcome.document.uid)
        tried = outcome
    context = {
        "documents": in_use(vex_documents(request.actor), request.actor)[:SHOWN],
        "form": form if systems.exists() else None,
        "tried": tried,
        "sample": _sample(tried) if tried else [],
    }
    return render(request, "scans/vex_list.html", context, status=422 if form.errors else 200)


def _take_in(request: PageRequest, form: VexForm) -> VexOutcome | None:
    """None when the form says why not."""
    file = form.cleaned_data["file"]
    try:
        return vex_take_in(
            actor=request.actor,
            system=form.cleaned_data["system"],
            chunks=file.chunks(),
            name=file.name,
            dry_run="try" in request.POST,
        )
    except ReportRejected as error:
        form.add_error("file", error.message)
    except Conflict as error:
        form.add_error(None, error.message)
    return None


def _sample(outcome: VexOutcome) -> list[Finding]:
    """Of a system where the person may triage."""
    rows = Finding.objects.filter(pk__in=outcome.sample).select_related("system", "series")
    return list(rows.order_by("-severity", "-id"))


@require_GET
def vex_page(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    document = vex_document_get(request.actor, uid)
    context = {
        "document": document,
        "statements": document.statements.all()[:SHOWN],
        "triages": document.triages.order_by("-id")[:SHOWN],
        "at_work": is_at_work(document),
        "may_triage": may(request.actor, Permission.FINDING_TRIAGE, document),
    }
    return render(request, "scans/vex_detail.html", context)


@require_POST
def vex_withdraw_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    document = vex_document_get(request.actor, uid)
    try:
        vex_withdraw(actor=request.actor, document=document)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        told = _("Withdrawn: what it said is taken back.")
        tell_undoable(request, told, "vex-restore", uid)
    return redirect("vex-detail", uid)


@require_POST
def vex_restore_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    document = vex_document_get(request.actor, uid)
    try:
        vex_restore(actor=request.actor, document=document)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It holds again."))
    return redirect("vex-detail", uid)
