"""How long raw copies of reports are kept."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.scans.forms_retention import RetentionForm
from apps.scans.selectors_retention import raw_copies, retention_now
from apps.scans.services.retention import retention_set


@require_http_methods(["GET", "POST"])
def retention_page(request: PageRequest) -> HttpResponse:
    """The rule and what it would take; a POST sets it."""
    rule = retention_now()
    may_set = may(request.actor, Permission.SYSTEM_MANAGE)
    initial = {"days": rule.days if rule else None}
    form = RetentionForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        retention_set(actor=request.actor, days=form.cleaned_data["days"])
        messages.success(request, _("Saved. Raw copies that are due go within the hour."))
        return redirect("retention")
    context = {
        "form": form,
        "rule": rule,
        "may_set": may_set,
        "kept": raw_copies() if may_set else None,  # counts of all systems
        "archives": bool(settings.SECOPS_RAW_ARCHIVE_DIR),
    }
    return render(request, "scans/retention.html", context, status=422 if form.errors else 200)
