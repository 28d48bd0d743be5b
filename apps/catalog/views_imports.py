"""Taking over a Backstage catalogue: a file, then a preview, then systems and components."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.backstage import Catalogue, read_catalogue
from apps.catalog.forms import BackstageForm
from apps.catalog.imports import CatalogPlan, catalogue_import, catalogue_plan
from apps.common.errors import Invalid


@require_http_methods(["GET", "POST"])
def backstage_page(request: PageRequest) -> HttpResponse:
    """`confirm` in the form makes what the preview showed."""
    require(request.actor, Permission.SYSTEM_MANAGE)
    is_sent = request.method == "POST"
    form = BackstageForm(request.POST, request.FILES) if is_sent else BackstageForm()
    plan: CatalogPlan | None = None
    if is_sent and form.is_valid():
        try:
            catalogue = read_catalogue(form.cleaned_data["text"])
            if "confirm" in request.POST:
                return _import(request, catalogue)
            plan = catalogue_plan(actor=request.actor, catalogue=catalogue)
        except Invalid as error:
            form.add_error("file", [text for texts in error.fields.values() for text in texts])
    context = {"form": form, "plan": plan, "text": form.cleaned_data["text"] if plan else ""}
    status = 422 if form.errors else 200
    return render(request, "catalog/backstage.html", context, status=status)


def _import(request: PageRequest, catalogue: Catalogue) -> HttpResponse:
    done = catalogue_import(actor=request.actor, catalogue=catalogue)
    if not done.systems and not done.components:
        messages.info(request, _("Nothing is new: all of it is here already."))
    else:
        told = _("%(systems)d systems and %(components)d components are new here.")
        counts = {"systems": len(done.systems), "components": len(done.components)}
        messages.success(request, told % counts)
    return redirect("system-list")
