"""The rapid risk assessment of a system or of a change to it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import system_get, systems_permitting
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors
from apps.risks.forms_rapid import RapidForm
from apps.risks.services.rapid import rapid_assess


@require_GET
def rapid_choose_page(request: PageRequest) -> HttpResponse:
    """Of which system? Straight to it where there is but one."""
    systems = list(systems_permitting(request.actor, Permission.STATEMENT_EDIT))
    if not systems:
        require(request.actor, Permission.STATEMENT_EDIT)
    if len(systems) == 1:
        return redirect("rapid-assessment", systems[0].key)
    return render(request, "risks/rapid_choose.html", {"systems": systems})


@require_http_methods(["GET", "POST"])
def rapid_page(request: PageRequest, key: str) -> HttpResponse:
    system = system_get(request.actor, key)
    require(request.actor, Permission.ITEM_EDIT, system)
    require(request.actor, Permission.STATEMENT_EDIT, system)
    form = RapidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = rapid_assess(actor=request.actor, system=system, **form.given())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("The drafts are there: refine the numbers, then publish."))
            return redirect("item-detail", item.pk)
    context = {"form": form, "system": system}
    return render(request, "risks/rapid.html", context, status=422 if form.errors else 200)
