"""What came of estimates, and how well calibrated those who made them are."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.requests import PageRequest
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.evidence.calibration import calibration_of
from apps.evidence.forecasts import forecast_get, forecasts_due
from apps.evidence.forms_answers import OutcomeUndoForm, answers_panel
from apps.evidence.forms_outcomes import OutcomeForm
from apps.evidence.incidents import Happened, happened_during
from apps.evidence.services.outcomes import outcome_tell
from apps.risks.text import frequency_words

SHOWN = 20


@require_GET
def calibration_page(request: PageRequest) -> HttpResponse:
    return calibration_shown(request)


def calibration_shown(
    request: PageRequest,
    refused: tuple[int, OutcomeForm] | None = None,
    kept: tuple[int, OutcomeUndoForm] | None = None,
) -> HttpResponse:
    """refused: a revision with the answer that cannot be; kept: an answer with the form that keeps it."""
    due = forecasts_due(request.actor, most=SHOWN)
    happened = happened_during(request.actor, due)
    context = {
        "scores": calibration_of(request.actor),
        "due": [
            (
                each,
                frequency_words(each.revision.frequency_low),
                frequency_words(each.revision.frequency_high),
                refused[1]
                if refused and refused[0] == each.revision.pk
                else OutcomeForm(
                    auto_id=f"r{each.revision.pk}-%s",
                    initial=_counted(happened.get(each.revision.pk)),
                ),
                happened.get(each.revision.pk),
            )
            for each in due
        ],
        **answers_panel(request.actor, kept),
    }
    status = 422 if refused or kept else 200
    return render(request, "evidence/calibration.html", context, status=status)


def _counted(known: Happened | None) -> dict[str, Any]:
    """What the register of incidents knows, typed in for the person who answers."""
    if known is None:
        return {}
    return {
        "events": known.events,
        "losses": "; ".join(f"{loss:f}".removesuffix(".00") for loss in known.losses),
    }


@require_POST
def outcome_action(request: PageRequest, revision: int) -> HttpResponse:
    forecast = forecast_get(request.actor, revision)
    form = OutcomeForm(request.POST, auto_id=f"r{revision}-%s")
    if form.is_valid():
        try:
            outcome = outcome_tell(actor=request.actor, forecast=forecast, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            messages.warning(request, error.message)
            return redirect("calibration")
        else:
            said = (
                _("Written down. The range held.")
                if outcome.count_hit
                else _("Written down. The range did not hold.")
            )
            messages.success(request, said)
            return redirect("calibration")
    return calibration_shown(request, (revision, form))
