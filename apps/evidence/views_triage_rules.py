"""Rules of findings: what each says and which risk its findings bear on; trying one, switching it on."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import in_use, may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_permitting
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.common.forms import apply_domain_errors
from apps.evidence.forms_triage_rules import TriageRuleForm
from apps.evidence.selectors import triage_rules_visible
from apps.evidence.services.triage_rules import (
    triage_rule_create,
    triage_rule_switch_on,
    triage_rule_try,
)
from apps.scans.models import SEVERITIES, TriageRule
from apps.scans.selectors_rules import rule_get, rules_at_work

SHOWN = 200
BEGINS_WITH = ("system", "q", "cwe", "statement")  # what an address may fill the form with


@require_GET
def rule_list_page(request: PageRequest) -> HttpResponse:
    working = rules_at_work()
    permitted = request.actor.systems_with(Permission.FINDING_TRIAGE)
    rows = [
        (rule, _words(rule), rule.pk in working, permitted is None or rule.system_id in permitted)
        for rule in in_use(triage_rules_visible(request.actor), request.actor)[:SHOWN]
    ]
    context = {"rules": rows, "may_add": permitted != frozenset()}
    return render(request, "scans/rule_list.html", context)


@require_POST
def rule_on_action(request: PageRequest, pk: int) -> HttpResponse:
    """Undo that it was switched off."""
    try:
        triage_rule_switch_on(actor=request.actor, rule=rule_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is on again, and says what it said."))
    return redirect("rule-list")


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
        "kev": _("exploitation"),
        "epss": _("EPSS from"),
        "team": _("owner"),
        "tag": _("tag"),
    }
    return [
        (word, _value(name, rule.filter[name]))
        for name, word in names.items()
        if rule.filter.get(name)
    ]


def _value(name: str, value: Any) -> str:
    if name == "severity":
        return str(dict(SEVERITIES)[value])
    return _("known") if name == "kev" else str(value)


@require_http_methods(["GET", "POST"])
def rule_create_page(request: PageRequest) -> HttpResponse:
    """A form; a POST tries the rule, and with `confirm` switches it on."""
    if request.actor.systems_with(Permission.FINDING_TRIAGE) == frozenset():
        raise NotPermitted(_("Findings are triaged by security and admins of their system."))
    form = TriageRuleForm(
        request.POST or None,
        viewer=request.actor,
        systems=systems_permitting(request.actor, Permission.FINDING_TRIAGE),
        everywhere=may(request.actor, Permission.FINDING_TRIAGE),
        initial={name: request.GET[name] for name in BEGINS_WITH if name in request.GET},
    )
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            if "confirm" in request.POST:
                rule = triage_rule_create(actor=request.actor, **form.said())
                messages.success(request, _("%(name)s is switched on.") % {"name": rule.name})
                return redirect("rule-list")
            trial = triage_rule_try(actor=request.actor, **form.said())
        except Invalid as error:
            apply_domain_errors(form, error)
    context = {"form": form, "trial": trial}
    return render(request, "scans/rule_form.html", context, status=422 if form.errors else 200)
