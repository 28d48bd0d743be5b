"""One system: what is expected at each stage, what arrived, and what it does otherwise."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.models import Criticality, System
from apps.catalog.selectors import system_get
from apps.common.errors import Conflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.coverage.forms import ExceptionForm
from apps.coverage.models import SilenceAnswer
from apps.coverage.selectors import (
    coverage_of,
    exception_get,
    exceptions_of,
    silence_get,
    silences_of,
)
from apps.coverage.services.profiles import exception_remove, exception_set
from apps.coverage.services.silence import silence_answer
from apps.coverage.words import gap_sentences, silence_sentence


@require_GET
def system_coverage_page(request: PageRequest, key: str) -> HttpResponse:
    return _page(request, system_get(request.actor, key), ExceptionForm())


def _page(request: PageRequest, system: System, form: ExceptionForm) -> HttpResponse:
    covered = coverage_of(request.actor, [system])[0]
    context = {
        "system": system,
        "coverage": covered,
        "stages": [(each, gap_sentences(each)) for each in covered.stages],
        "exceptions": exceptions_of(request.actor, system),
        "silences": [(each, silence_sentence(each)) for each in silences_of(request.actor, system)],
        "form": form,
        "level": Criticality(system.criticality).name.lower(),
        "may_manage": may(request.actor, Permission.COVERAGE_MANAGE, system),
    }
    return render(request, "coverage/system.html", context, status=422 if form.errors else 200)


@require_POST
def exception_set_action(request: PageRequest, key: str) -> HttpResponse:
    system = system_get(request.actor, key)
    require(request.actor, Permission.COVERAGE_MANAGE, system)
    form = ExceptionForm(request.POST)
    if form.is_valid():
        try:
            exception_set(actor=request.actor, system=system, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("system-coverage", key)
    return _page(request, system, form)


@require_POST
def exception_remove_action(request: PageRequest, key: str, pk: int) -> HttpResponse:
    row = exception_get(request.actor, system_get(request.actor, key), pk)
    removal = exception_remove(actor=request.actor, row=row)
    tell_undoable(request, _("It is as the profile says again."), "removed-undo", removal.uid)
    return redirect("system-coverage", key)


@require_POST
def silence_answer_action(request: PageRequest, pk: int) -> HttpResponse:
    """Say that a series is not run any more; an empty answer takes it back."""
    row = silence_get(request.actor, pk)
    answer = request.POST.get("answer", "")
    answer = answer if answer in SilenceAnswer.values else ""
    try:
        silence_answer(actor=request.actor, silence=row, answer=answer)
    except Conflict as error:
        messages.info(request, error.message)
    else:
        told = _("It counts as no evidence any more.") if answer else _("It is waited for again.")
        messages.success(request, told)
    return redirect("system-coverage", row.series.system.key)
