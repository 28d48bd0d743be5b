"""What evidence does to the value of a statement: counting, applying, dismissing, undoing."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import Conflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.evidence.forms_updates import CountForm, PolicyForm
from apps.evidence.models import ValueUpdate
from apps.evidence.selectors import update_get
from apps.evidence.services.signals import signals_review
from apps.evidence.services.updates import (
    counted,
    key_of,
    policy_of,
    policy_set,
    update_apply,
    update_dismiss,
    update_record,
    update_return,
    update_undo,
)
from apps.risks.selectors import statement_get

POLICY = ("mode", "is_exposed", "uses_epss", "uses_kev", "uses_cvss")


@require_http_methods(["GET", "POST"])
def evidence_count_page(request: PageRequest, pk: int) -> HttpResponse:
    """Count what happened, and say how evidence may move the statement."""
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.EVIDENCE_LINK, statement)
    form = CountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.given()
        try:
            update_record(
                actor=request.actor,
                statement=statement,
                kind=given["kind"],
                data=counted(given),
                key=key_of(given),
                source=given["source"],
            )
        except Invalid as error:
            named = {form.field_of(name): texts for name, texts in error.fields.items()}
            apply_domain_errors(form, Invalid(named))
        except Conflict as error:
            messages.warning(request, error.message)
            return _back(pk)
        else:
            messages.success(request, _("Recorded; see below what it does to the value."))
            return _back(pk)
    policy = policy_of(statement)
    context = {
        "form": form,
        "policy_form": PolicyForm(initial={name: getattr(policy, name) for name in POLICY}),
        "statement": statement,
        "may_edit": may(request.actor, Permission.STATEMENT_EDIT, statement),
    }
    return render(request, "evidence/count.html", context, status=422 if form.errors else 200)


@require_POST
def evidence_policy_action(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    form = PolicyForm(request.POST)
    if form.is_valid():
        policy_set(actor=request.actor, statement=statement, **form.cleaned_data)
        signals_review(statement)
        messages.success(request, _("Saved."))
        return _back(pk)
    require(request.actor, Permission.STATEMENT_EDIT, statement)
    context = {
        "form": CountForm(),
        "policy_form": form,
        "statement": statement,
        "may_edit": True,
    }
    return render(request, "evidence/count.html", context, status=422)


@require_POST
def update_apply_action(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, update_apply, _("Applied. It can be undone below."))


@require_POST
def update_dismiss_action(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(
        request, pk, update_dismiss, _("Dismissed; the value stays as it is."), "update-return"
    )


@require_POST
def update_return_action(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, update_return, _("It waits for your decision again."))


@require_POST
def update_undo_action(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, update_undo, _("Undone; the estimate is as it was before."))


def _decide(
    request: PageRequest,
    pk: int,
    service: Callable[..., ValueUpdate],
    done: str,
    way_back: str = "",
) -> HttpResponse:
    """way_back: the name of the address that undoes it."""
    update = update_get(request.actor, pk)
    try:
        service(actor=request.actor, update=update)
    except Conflict as error:
        messages.warning(request, error.message)
    except Invalid as error:
        messages.warning(
            request, " ".join(text for texts in error.fields.values() for text in texts)
        )
    else:
        if way_back:
            tell_undoable(request, done, way_back, pk)
        else:
            messages.success(request, done)
    return _back(update.statement_id)


def _back(pk: int) -> HttpResponse:
    return redirect(f"{reverse('statement-detail', args=[pk])}#learnt")
