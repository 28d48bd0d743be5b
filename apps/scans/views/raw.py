"""What the organisation keeps of raw reports: one question, and who answered it last."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.scans.forms import RawCopiesForm
from apps.scans.selectors_raw import raw_copies
from apps.scans.services.raw import raw_copies_set


@require_http_methods(["GET", "POST"])
def raw_copies_page(request: PageRequest) -> HttpResponse:
    row, sent = raw_copies(), request.method == "POST"
    initial = {"masked": "yes" if row and row.are_masked else "no"}
    form = RawCopiesForm(request.POST if sent else None, initial=initial)
    if sent and form.is_valid():
        raw_copies_set(actor=request.actor, masked=form.cleaned_data["masked"] == "yes")
        messages.success(request, _("Saved."))
        return redirect("raw-copies")
    context = {
        "form": form,
        "row": row,
        "may_set": may(request.actor, Permission.REPORT_REPROCESS),
    }
    return render(request, "scans/raw_copies.html", context, status=422 if form.errors else 200)
