"""Taking a decision or the register of risks elsewhere, as a file."""

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.advice.files import madr_answer, register_answer, register_workbook_answer


@require_GET
def decision_madr(request: PageRequest, pk: int, decision: int) -> HttpResponseBase:
    return madr_answer(request.actor, pk, decision)


@require_GET
def risk_register(request: PageRequest) -> HttpResponseBase:
    return register_answer(request.actor)


@require_GET
def risk_workbook(request: PageRequest) -> HttpResponseBase:
    return register_workbook_answer(request.actor)
