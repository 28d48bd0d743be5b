"""Reports: what came in, and sending one by hand. One report's page is in apps/advice/views: it shows statements."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_permitting
from apps.common.addresses import address, whole_number
from apps.common.errors import Conflict, Invalid, Missing, ReportRejected
from apps.common.forms import apply_domain_errors
from apps.scans.forms import ReportFilterForm, UploadForm
from apps.scans.models import Report
from apps.scans.selectors import report_get, reports_page
from apps.scans.services.receive import report_download, report_receive, report_reprocess

PAGE = 50
NAMES = ("system", "stage", "state")


@require_GET
def report_list_page(request: PageRequest) -> HttpResponse:
    viewer, given = request.actor, request.GET
    form = ReportFilterForm(given, systems=systems_permitting(viewer, Permission.REPORT_VIEW))
    before = whole_number(given.get("before"))
    reports, following = reports_page(viewer, form.wanted(), before, PAGE)
    path = reverse("report-list")
    context = {
        "form": form,
        "reports": reports,
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, given, NAMES, before=following) if following else "",
        "first_url": address(path, given, NAMES) if before else "",
        "may_upload": viewer.systems_with(Permission.REPORT_UPLOAD) != frozenset(),
        "may_decide_on_raw": may(viewer, Permission.REPORT_REPROCESS),
    }
    return render(request, "scans/report_list.html", context)


@require_POST
def report_reprocess_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    report = report_get(request.actor, uid)
    try:
        report_reprocess(actor=request.actor, report=report)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is being processed again."))
    return redirect("report-detail", uid)


@require_GET
def report_raw(request: PageRequest, uid: uuid.UUID) -> HttpResponseBase:
    """The bytes as they came. SECURITY: a stranger wrote them; a browser must never show them."""
    report = report_get(request.actor, uid)
    name = report_download(actor=request.actor, report=report)
    try:
        handle = default_storage.open(name)
    except FileNotFoundError:
        raise Missing(_("The bytes of this report are no longer in the storage.")) from None
    response = FileResponse(
        handle,
        as_attachment=True,
        filename=report.filename or f"report-{report.uid}",
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "POST"])
def report_upload_page(request: PageRequest) -> HttpResponse:
    systems = systems_permitting(request.actor, Permission.REPORT_UPLOAD)
    if not systems.exists():
        require(request.actor, Permission.REPORT_UPLOAD)
    sent = request.method == "POST"
    form = UploadForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        systems=systems,
        initial={name: request.GET[name] for name in ("system", "stage") if name in request.GET},
    )
    if sent and form.is_valid() and (report := _receive(request, form)) is not None:
        messages.success(request, _("Received. It is kept whatever happens next."))
        return redirect("report-detail", report.uid)
    keys = [each.key for each in systems]
    chosen = form["system"].value()
    named = chosen if chosen in keys else keys[0] if len(keys) == 1 else ""
    context = {"form": form, "base_url": settings.BASE_URL, "system": named}
    return render(request, "scans/report_upload.html", context, status=422 if form.errors else 200)


def _receive(request: PageRequest, form: UploadForm) -> Report | None:
    """The report, or None when the form says why it is not taken in."""
    file = form.cleaned_data["file"]
    try:
        return report_receive(
            actor=request.actor,
            system=form.cleaned_data["system"],
            claim=form.claim(),
            chunks=file.chunks(),
            gzipped=file.name.lower().endswith(".gz"),
            idempotency_key=form.idempotency_key(),
        )
    except Invalid as error:
        apply_domain_errors(form, error)
    except ReportRejected as error:
        form.add_error("file", error.message)
    except Conflict as error:
        form.add_error(None, error.message)
    return None
