"""The audit trail: who did what to what, before and after; and all of it as a file."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.audit.models import AuditCut, AuditSeal
from apps.catalog.forms import AuditFilterForm
from apps.catalog.selectors import audit_trail, systems_permitting
from apps.catalog.services import audit_export_note
from apps.catalog.trail import changes_of, csv_lines, json_lines
from apps.catalog.trail_words import words_of
from apps.common.addresses import address, whole_number
from apps.common.errors import NotPermitted

PAGE = 50
NAMES = ("q", "system", "kind", "who", "since", "until", "object_type", "object_id")
EXPORTS = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "jsonl": ("application/x-ndjson", json_lines),
}


@require_GET
def audit_trail_page(request: PageRequest) -> HttpResponse:
    form, given = _form(request), request.GET
    before = whole_number(given.get("before"))
    rows = audit_trail(request.actor, form.wanted())
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    entries, path = found[:PAGE], reverse("audit-trail")
    export = reverse("audit-export")
    context = {
        "form": form,
        "entries": [(entry, words_of(entry.action), changes_of(entry)) for entry in entries],
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, given, NAMES, before=entries[-1].pk) if found[PAGE:] else "",
        "first_url": address(path, given, NAMES) if before else "",
        "exports": [(name.upper(), address(export, given, NAMES, format=name)) for name in EXPORTS],
        "cuts": AuditCut.objects.order_by("-id")[:20],
        "seal": AuditSeal.objects.order_by("id").last(),
    }
    return render(request, "audit/trail.html", context)


@require_GET
def audit_export(request: PageRequest) -> HttpResponseBase:
    """Everything that the filter shows, streamed; taking it is an entry of its own."""
    form = _form(request)
    name = request.GET.get("format", "")
    name = name if name in EXPORTS else "jsonl"
    kind, lines = EXPORTS[name]
    asked = {each: str(form.given(each)) for each in NAMES if form.given(each)}
    audit_export_note(actor=request.actor, filters=asked)
    rows = audit_trail(request.actor, form.wanted())
    stamp = f"{timezone.now():%Y-%m-%d}"
    return StreamingHttpResponse(
        lines(rows),
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="audit-{stamp}.{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _form(request: PageRequest) -> AuditFilterForm:
    if not request.actor.reads_audit:
        raise NotPermitted(_("The audit trail is read by admins."))
    return AuditFilterForm(
        request.GET, systems=systems_permitting(request.actor, Permission.AUDIT_VIEW)
    )
