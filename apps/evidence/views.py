"""Which findings bear on a statement: rules, and links that a person dismisses."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import Conflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.evidence.forms import RuleForm
from apps.evidence.selectors import (
    link_get,
    links_dismissed,
    open_evidence_counts,
    rule_get,
    rules_of_statement,
    triage_rules_of_statement,
)
from apps.evidence.services.links import (
    RuleTrial,
    link_dismiss,
    link_return,
    rule_create,
    rule_delete,
    rule_try,
)
from apps.evidence.views_links import at_evidence
from apps.risks.selectors import statement_get

SHOWN = 50  # of those that were dismissed


@require_http_methods(["GET", "POST"])
def rules_page(request: PageRequest, pk: int) -> HttpResponse:
    """The rules of a statement, and a form for one more."""
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.EVIDENCE_LINK, statement)
    form = RuleForm(request.POST or None, initial={"cwes": statement.cwes})
    trial = None
    if request.method == "POST" and form.is_valid():
        act = rule_try if "try" in request.POST else rule_create
        try:
            done = act(actor=request.actor, statement=statement, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            if not isinstance(done, RuleTrial):
                return _rule_holds(request, pk)
            trial = done
    context = {
        "form": form,
        "statement": statement,
        "rules": rules_of_statement(request.actor, pk),
        "finding_rules": triage_rules_of_statement(request.actor, pk),
        "dismissed": links_dismissed(request.actor, pk)[:SHOWN],
        "trial": trial,
    }
    return render(request, "evidence/rules.html", context, status=422 if form.errors else 200)


def _rule_holds(request: PageRequest, pk: int) -> HttpResponse:
    count = open_evidence_counts(request.actor, [pk]).get(pk, 0)
    text = ngettext(
        "The rule holds. %(count)d open finding bears on this statement now.",
        "The rule holds. %(count)d open findings bear on this statement now.",
        count,
    )
    messages.success(request, text % {"count": count})
    return at_evidence(pk)


@require_POST
def rule_delete_page(request: PageRequest, pk: int) -> HttpResponse:
    rule = rule_get(request.actor, pk)
    removal = rule_delete(actor=request.actor, rule=rule)
    told = _("The rule is gone; the links that it made stay.")
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("evidence-rules", rule.statement_id)


@require_POST
def link_dismiss_page(request: PageRequest, pk: int) -> HttpResponse:
    link = link_get(request.actor, pk)
    link_dismiss(actor=request.actor, link=link)
    told = _("Dismissed: this finding no longer counts as evidence here.")
    tell_undoable(request, told, "evidence-return", pk)
    return at_evidence(link.statement_id)


@require_POST
def link_return_page(request: PageRequest, pk: int) -> HttpResponse:
    link = link_get(request.actor, pk)
    try:
        link_return(actor=request.actor, link=link)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It counts as evidence again."))
    return at_evidence(link.statement_id)
