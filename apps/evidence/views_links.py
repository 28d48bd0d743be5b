"""Joining findings and risk statements by hand, from either side."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors, status_of
from apps.evidence.forms_links import TickedForm
from apps.evidence.selectors import findings_to_link, statements_with_all
from apps.evidence.services.links import MOST_BY_HAND, links_create, statements_link
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get, statements_to_link
from apps.scans.models import Finding
from apps.scans.views.meant import findings_meant, list_address, too_many

SHOWN = 50


@require_POST
def findings_link_page(request: PageRequest) -> HttpResponse:
    """The risks that findings, ticked or all of a filter, may bear on; with `confirm` they are linked."""
    found = findings_meant(request, MOST_BY_HAND)
    if refused := too_many(found, MOST_BY_HAND):
        messages.warning(request, refused)
        return redirect(list_address(request))
    system = found[0].system
    require(request.actor, Permission.EVIDENCE_LINK, system)
    text = request.POST.get("q", "").strip()[:200]
    cwes = {cwe for each in found for cwe in each.cwes}
    known = statements_with_all(request.actor, found)
    others = statements_to_link(request.actor, system.pk, text, cwes).exclude(pk__in=known)
    first = list(others[: SHOWN + 1])
    offered = first[:SHOWN]
    form = TickedForm(
        request.POST if "confirm" in request.POST else None,
        name="statement",
        offered=offered,
        nothing=_("Tick the risks that they bear on."),
    )
    if form.is_bound and form.is_valid():
        try:
            statements_link(actor=request.actor, statements=form.chosen(), findings=found)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            return _linked(request, found, form.chosen())
    context = {"form": form, "found": found, "system": system, "offered": offered, "text": text}
    context |= {"is_cut": len(first) > SHOWN, "known": known, "list_address": list_address(request)}
    return render(request, "evidence/link_findings.html", context, status=status_of(form))


def _linked(
    request: PageRequest, found: Sequence[Finding], statements: Sequence[RiskStatement]
) -> HttpResponse:
    """Where it began: at the one finding, else at the first of the risks."""
    keys = ", ".join(each.key for each in statements)
    text = ngettext(
        "%(count)d finding bears on %(keys)s now.",
        "%(count)d findings bear on %(keys)s now.",
        len(found),
    )
    messages.success(request, text % {"count": len(found), "keys": keys})
    if len(found) == 1:
        return redirect(f"{reverse('finding-detail', args=[found[0].pk])}#evidence")
    return at_evidence(statements[0].pk)


@require_http_methods(["GET", "POST"])
def statement_link_page(request: PageRequest, pk: int) -> HttpResponse:
    """Findings of its system that do not bear on a statement yet, to tick those that do."""
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.EVIDENCE_LINK, statement)
    text = request.GET.get("q", "").strip()[:200]
    first = list(findings_to_link(request.actor, statement, text)[: SHOWN + 1])
    offered = first[:SHOWN]
    form = TickedForm(
        request.POST or None,
        name="finding",
        offered=offered,
        nothing=_("Tick the findings that bear on it."),
    )
    if request.method == "POST" and form.is_valid():
        try:
            links_create(actor=request.actor, statement=statement, findings=form.chosen())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            count = len(form.chosen())
            said = ngettext("%(count)d finding linked.", "%(count)d findings linked.", count)
            messages.success(request, said % {"count": count})
            return at_evidence(pk)
    context = {"form": form, "statement": statement, "offered": offered, "text": text}
    context |= {"is_cut": len(first) > SHOWN}
    return render(request, "evidence/link_statement.html", context, status=status_of(form))


def at_evidence(pk: int) -> HttpResponse:
    """To the evidence on the page of a statement."""
    return redirect(f"{reverse('statement-detail', args=[pk])}#evidence")
