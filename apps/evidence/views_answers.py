"""Taking back what was said of an estimate."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.requests import PageRequest
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.evidence.forms_answers import OutcomeUndoForm
from apps.evidence.selectors import outcome_get
from apps.evidence.services.outcomes import outcome_undo
from apps.evidence.views_calibration import calibration_shown


@require_POST
def outcome_undo_action(request: PageRequest, pk: int) -> HttpResponse:
    outcome = outcome_get(request.actor, pk)
    form = OutcomeUndoForm(request.POST, outcome=pk)
    if form.is_valid():
        try:
            outcome_undo(actor=request.actor, outcome=outcome, reason=form.cleaned_data["reason"])
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            messages.warning(request, error.message)
            return redirect("calibration")
        else:
            messages.success(request, _("Taken back; the estimate waits for an answer again."))
            return redirect("calibration")
    return calibration_shown(request, kept=(pk, form))
