"""Changing the numbers of a risk on its own page, or following the guidance that it was made from."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.views.statements import statement_shown
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.risks.forms import AssumptionsForm, assumptions_of
from apps.risks.guidance_offers import offer_of
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.risks.services.statements import statement_edit, statement_follow, statement_publish


@require_POST
def statement_assumptions_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, statement)
    form, status = AssumptionsForm(request.POST, initial=assumptions_of(statement)), 422
    if form.is_valid():
        try:
            edited = statement_edit(
                actor=request.actor,
                statement=statement,
                version=form.cleaned_data["version"],
                content=form.content(statement),
            )
        except Invalid as error:
            apply_domain_errors(form, form.named(error))
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
            status = 409
        except Conflict as conflict:
            form.add_error(None, conflict.message)
        else:
            _tell(request, edited)
            return redirect("statement-detail", pk)
    fresh = statement_get(request.actor, pk)
    return statement_shown(request, fresh, status=status, assumptions_form=form)


def _tell(request: PageRequest, statement: RiskStatement) -> None:
    """Publish it at once where that was asked for, and say what is now read by whom."""
    if "publish" not in request.POST:
        messages.success(request, _("Saved. Readers see it when it is published."))
        return
    try:
        revision = statement_publish(actor=request.actor, statement=statement)
    except (Conflict, Invalid) as error:
        messages.warning(request, error.message)
    else:
        said = _("Published as revision %(number)d. It counts from now on.")
        messages.success(request, said % {"number": revision.number})


@require_POST
def statement_follow_page(request: PageRequest, pk: int) -> HttpResponse:
    """Take over what the guidance says otherwise now, or stay with what the statement says."""
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, statement)
    offer = offer_of(statement)
    if offer is None:
        messages.info(request, _("It says what the guidance says; nothing was changed."))
        return redirect("statement-detail", pk)
    taken = offer.taken() if "take" in request.POST else {}
    try:
        statement_follow(
            actor=request.actor,
            statement=statement,
            version=None,
            newest=offer.newest,
            taken=taken,
        )
    except Conflict as conflict:
        messages.warning(request, conflict.message)
    else:
        said = (
            _("Taken over. Readers see it when it is published.")
            if taken
            else _("It stays as it is; the next version of the guidance will be shown again.")
        )
        messages.success(request, said)
    return redirect("statement-detail", pk)
