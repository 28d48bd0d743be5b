"""Taking over a threat model: a file, then a preview, then drafts."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.common.errors import Invalid
from apps.evidence.forms_imports import ThreatModelForm
from apps.evidence.services.imports import Plan, import_plan, import_threats
from apps.evidence.threat_models import DraftModel, read_model


@require_http_methods(["GET", "POST"])
def threat_model_page(request: PageRequest, key: str) -> HttpResponse:
    """`confirm` in the form makes what the preview showed."""
    system = system_get(request.actor, key)
    require(request.actor, Permission.ITEM_EDIT, system)
    require(request.actor, Permission.STATEMENT_EDIT, system)
    is_sent = request.method == "POST"
    form = ThreatModelForm(request.POST, request.FILES) if is_sent else ThreatModelForm()
    plan: Plan | None = None
    if is_sent and form.is_valid():
        try:
            model = read_model(form.cleaned_data["text"].encode())
        except Invalid as error:
            form.add_error("file", [text for texts in error.fields.values() for text in texts])
        else:
            if "confirm" in request.POST:
                return _import(request, system, model)
            plan = import_plan(actor=request.actor, system=system, model=model)
    context = {
        "form": form,
        "system": system,
        "plan": plan,
        "text": form.cleaned_data["text"] if plan else "",
    }
    status = 422 if form.errors else 200
    return render(request, "evidence/threat_model.html", context, status=status)


def _import(request: PageRequest, system: System, model: DraftModel) -> HttpResponse:
    done = import_threats(actor=request.actor, system=system, model=model)
    if done.item is None:
        messages.info(request, _("Nothing is new: every open threat was imported before."))
        return redirect("system-detail", system.key)
    count = len(done.statements)
    text = ngettext(
        "%(count)d draft statement is there. Put your own numbers, then publish.",
        "%(count)d draft statements are there. Put your own numbers, then publish.",
        count,
    )
    messages.success(request, text % {"count": count})
    return redirect("item-detail", done.item.pk)
