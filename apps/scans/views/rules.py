"""Rules: what each says, trying one, switching it on and off; and the list of owners of a system."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import system_get, systems_permitting
from apps.common.errors import Conflict, EditConflict, Invalid, NotPermitted
from apps.common.forms import apply_domain_errors
from apps.scans.forms_rules import OwnersForm, RuleForm
from apps.scans.models import TriageRule
from apps.scans.selectors_rules import (
    owner_counts,
    owners_map,
    rule_get,
    rules_at_work,
    rules_visible,
)
from apps.scans.services.owners import owners_set
from apps.scans.services.rules import rule_create, rule_switch_off, rule_try

SHOWN = 200


@require_GET
def rule_list_page(request: PageRequest) -> HttpResponse:
    working = rules_at_work()
    permitted = request.actor.systems_with(Permission.FINDING_TRIAGE)
    rows = [
        (rule, _words(rule), rule.pk in working, permitted is None or rule.system_id in permitted)
        for rule in rules_visible(request.actor)[:SHOWN]
    ]
    context = {"rules": rows, "may_add": permitted != frozenset()}
    return render(request, "scans/rule_list.html", context)


def _words(rule: TriageRule) -> list[tuple[str, str]]:
    """(criterion, value) of what a rule asks for."""
    names = {
        "text": _("text"),
        "rule": _("rule"),
        "path": _("path"),
        "component": _("component"),
        "tool": _("tool"),
        "stage": _("stage"),
        "cwe": "CWE",
        "severity": _("severity from"),
        "kev": "KEV",
        "epss": "EPSS",
    }
    return [(word, str(rule.filter[name])) for name, word in names.items() if rule.filter.get(name)]


@require_http_methods(["GET", "POST"])
def rule_create_page(request: PageRequest) -> HttpResponse:
    """A form; a POST tries the rule, and with `confirm` switches it on."""
    if request.actor.systems_with(Permission.FINDING_TRIAGE) == frozenset():
        raise NotPermitted(_("Findings are triaged by security and admins of their system."))
    form = RuleForm(
        request.POST or None,
        systems=systems_permitting(request.actor, Permission.FINDING_TRIAGE),
        everywhere=may(request.actor, Permission.FINDING_TRIAGE),
        initial={name: request.GET[name] for name in ("system", "q", "cwe") if name in request.GET},
    )
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            if "confirm" in request.POST:
                rule = rule_create(actor=request.actor, draft=form.draft())
                messages.success(request, _("%(name)s is switched on.") % {"name": rule.name})
                return redirect("rule-list")
            trial = rule_try(actor=request.actor, draft=form.draft())
        except Invalid as error:
            apply_domain_errors(form, error)
    context = {"form": form, "trial": trial}
    return render(request, "scans/rule_form.html", context, status=422 if form.errors else 200)


@require_POST
def rule_off_action(request: PageRequest, pk: int) -> HttpResponse:
    rule = rule_get(request.actor, pk)
    try:
        rule_switch_off(actor=request.actor, rule=rule)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("Switched off: what it did is taken back."))
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
