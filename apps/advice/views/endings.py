"""Withdrawing a statement, letting others take its place, and undoing that; undoing a decision."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.requests import PageRequest
from apps.advice.item_page import item_view
from apps.advice.views.items import item_shown
from apps.advice.views.statements import statement_shown
from apps.common.errors import Conflict, Invalid, Missing
from apps.common.forms import apply_domain_errors
from apps.planning.forms import UndoForm
from apps.risks.forms import RestoreForm, SupersedeForm, WithdrawForm
from apps.risks.selectors import statement_get
from apps.risks.services.decisions import decision_undo_with_treatments
from apps.risks.services.endings import (
    statement_restore,
    statement_supersede,
    statement_withdraw,
)


@require_POST
def statement_withdraw_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    form = WithdrawForm(request.POST, prefix="withdraw")
    if form.is_valid():
        try:
            statement_withdraw(
                actor=request.actor, statement=statement, reason=form.cleaned_data["reason"]
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            return _told(request, pk, conflict)
        else:
            messages.success(request, _("Withdrawn. It no longer counts and stays readable."))
            return redirect("statement-detail", pk)
    return statement_shown(request, statement, status=422, withdraw_form=form)


@require_POST
def statement_supersede_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    form = SupersedeForm(request.POST, prefix="supersede")
    if form.is_valid():
        try:
            statement_supersede(
                actor=request.actor,
                statement=statement,
                successors=[
                    statement_get(request.actor, number)
                    for number in form.cleaned_data["successors"]
                ],
                reason=form.cleaned_data["reason"],
            )
        except Missing as error:
            form.add_error("successors", error.message)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            return _told(request, pk, conflict)
        else:
            messages.success(request, _("Superseded. What took its place counts now."))
            return redirect("statement-detail", pk)
    return statement_shown(request, statement, status=422, supersede_form=form)


@require_POST
def statement_restore_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    form = RestoreForm(request.POST, prefix="restore")
    if form.is_valid():
        try:
            statement_restore(
                actor=request.actor, statement=statement, reason=form.cleaned_data["reason"]
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            return _told(request, pk, conflict)
        else:
            messages.success(request, _("Undone. It is as it was before; both are on record."))
            return redirect("statement-detail", pk)
    return statement_shown(request, statement, status=422, restore_form=form)


def _told(request: PageRequest, pk: int, conflict: Conflict) -> HttpResponse:
    messages.error(request, conflict.message)
    return redirect("statement-detail", pk)


@require_POST
def item_undo(request: PageRequest, pk: int) -> HttpResponse:
    """Undo the decision that the page showed."""
    view = item_view(request.actor, pk)
    if view.decision is None or str(view.decision.pk) != request.POST.get("decision"):
        messages.warning(request, _("Another decision was recorded meanwhile; look again."))
        return redirect(f"{reverse('item-detail', args=[pk])}#decision")
    form = UndoForm(request.POST, prefix="undo")
    if form.is_valid():
        try:
            _undone, restored = decision_undo_with_treatments(
                actor=request.actor, decision=view.decision, reason=form.cleaned_data["reason"]
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as conflict:
            messages.error(request, conflict.message)
            return redirect(f"{reverse('item-detail', args=[pk])}#decision")
        else:
            said = _("Undone. The decision before it holds again.")
            messages.success(request, said if restored else _("Undone. The item is open again."))
            return redirect(f"{reverse('item-detail', args=[pk])}#decision")
    return item_shown(request, pk, undo_form=form)
