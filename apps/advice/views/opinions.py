"""Estimates of several people on the page of a risk."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.requests import PageRequest
from apps.advice.views.statements import statement_shown
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.risks.forms import OpinionForm
from apps.risks.selectors import statement_get
from apps.risks.services.opinions import opinion_give, opinion_take_back, opinions_take_over


@require_POST
def opinion_give_page(request: PageRequest, pk: int) -> HttpResponse:
    """Give an estimate, or take one's own back (`take_back`)."""
    statement = statement_get(request.actor, pk)
    if "take_back" in request.POST:
        opinion_take_back(actor=request.actor, statement=statement)
        messages.success(request, _("Your estimate is taken back."))
        return _back(pk)
    form = OpinionForm(request.POST, prefix="opinion")
    if form.is_valid():
        try:
            opinion_give(
                actor=request.actor,
                statement=statement,
                ends=form.ends(),
                reason=form.cleaned_data["reason"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            form.add_error(None, conflict.message)
        else:
            messages.success(request, _("Your estimate stands. Here is what the others said."))
            return _back(pk)
    return statement_shown(request, statement, status=422, opinion_form=form)


@require_POST
def opinions_take_over_page(request: PageRequest, pk: int) -> HttpResponse:
    """What they come to together becomes the working text's estimate."""
    statement = statement_get(request.actor, pk)
    try:
        opinions_take_over(actor=request.actor, statement=statement, version=statement.version)
    except Conflict as conflict:
        messages.warning(request, conflict.message)
    else:
        messages.success(request, _("Taken over. Readers see it when it is published."))
    return _back(pk)


def _back(pk: int) -> HttpResponse:
    return redirect(reverse("statement-detail", args=[pk]) + "#opinions")
