"""Switching a rule off, and the list of owners of a system. The other pages of rules are in apps/evidence."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import system_get
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.scans.forms_rules import OwnersForm
from apps.scans.selectors_rules import owner_counts, owners_map, rule_get
from apps.scans.services.owners import owners_set
from apps.scans.services.rules import rule_switch_off


@require_POST
def rule_off_action(request: PageRequest, pk: int) -> HttpResponse:
    rule = rule_get(request.actor, pk)
    try:
        rule_switch_off(actor=request.actor, rule=rule)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        told = _("Switched off: what it did is taken back.")
        tell_undoable(request, told, "rule-on", pk)
    return redirect("rule-list")


@require_http_methods(["GET", "POST"])
def owners_page(request: PageRequest, key: str) -> HttpResponse:
    """Who owns what of a system; a POST keeps another list."""
    system = system_get(request.actor, key)
    known = owners_map(request.actor, system.pk)
    if request.method == "POST":
        require(request.actor, Permission.FINDING_TRIAGE, system)
    form = OwnersForm(request.POST or None, initial={"text": known.text, "version": known.version})
    if request.method == "POST" and form.is_valid():
        try:
            owners_set(actor=request.actor, system=system, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Kept. A worker goes through the findings."))
            return redirect("owners", key)
    context = {
        "system": system,
        "known": known,
        "form": form,
        "counts": owner_counts(request.actor, system.pk),
        "may_edit": may(request.actor, Permission.FINDING_TRIAGE, system),
    }
    return render(request, "scans/owners.html", context, status=422 if form.errors else 200)
