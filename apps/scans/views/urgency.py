"""What makes findings pressing: the feeds of exploited vulnerabilities, and the organisation's times."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import ReportRejected
from apps.scans.forms_exploits import FeedForm, RemediationForm
from apps.scans.selectors_exploits import feeds, remediation_days
from apps.scans.services.exploits import feed_load, remediation_targets_set


@require_http_methods(["GET", "POST"])
def urgency_page(request: PageRequest) -> HttpResponse:
    """What is loaded, and the days by severity; a POST sets these."""
    sent = request.method == "POST"
    days = {f"days_{level}": number for level, number in remediation_days().items()}
    form = RemediationForm(request.POST if sent else None, initial=days)
    if sent and form.is_valid():
        remediation_targets_set(actor=request.actor, days=form.days())
        messages.success(request, _("Saved."))
        return redirect("urgency")
    return _page(request, form, FeedForm())


@require_POST
def feed_load_action(request: PageRequest) -> HttpResponse:
    form = FeedForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            feed = feed_load(
                actor=request.actor,
                kind=form.cleaned_data["kind"],
                chunks=file.chunks(),
                origin=file.name,
            )
        except ReportRejected as error:
            form.add_error("file", f"{error.message} {error.location}".strip())
        else:
            told = {"feed": feed, "rows": feed.rows}
            messages.success(request, _("%(feed)s: %(rows)s entries are loaded.") % told)
            return redirect("urgency")
    days = {f"days_{level}": number for level, number in remediation_days().items()}
    return _page(request, RemediationForm(initial=days), form)


def _page(request: PageRequest, times: RemediationForm, upload: FeedForm) -> HttpResponse:
    context = {
        "feeds": feeds(),
        "times": times,
        "upload": upload,
        "may_load": may(request.actor, Permission.SOURCE_MANAGE),
        "may_set": may(request.actor, Permission.FINDING_TRIAGE),
    }
    status = 422 if times.errors or upload.errors else 200
    return render(request, "scans/urgency.html", context, status=status)
