"""Taking a decision or the register of risks elsewhere, as a file."""

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.advice.files import (
    cyclonedx_answer,
    madr_answer,
    paper_answer,
    poam_answer,
    register_answer,
    register_workbook_answer,
)
from apps.advice.portfolio import Scope
from apps.catalog.selectors import system_get


@require_GET
def decision_madr(request: PageRequest, pk: int, decision: int) -> HttpResponseBase:
    return madr_answer(request.actor, pk, decision)


@require_GET
def decision_pdf(request: PageRequest, pk: int, decision: int) -> HttpResponseBase:
    return paper_answer(request.actor, pk, decision)


@require_GET
def risk_register(request: PageRequest) -> HttpResponseBase:
    return register_answer(request.actor)


@require_GET
def risk_workbook(request: PageRequest) -> HttpResponseBase:
    return register_workbook_answer(request.actor)


@require_GET
def risk_poam(request: PageRequest) -> HttpResponseBase:
    return poam_answer(request.actor, _scope(request))


@require_GET
def risk_cyclonedx(request: PageRequest) -> HttpResponseBase:
    return cyclonedx_answer(request.actor, _scope(request))


def _scope(request: PageRequest) -> Scope:
    """What the portfolio's page was narrowed to. Raises: Missing for a system that one may not see."""
    system, stage = (request.GET.get(name, "") for name in ("system", "stage"))
    if system:
        system_get(request.actor, system)
    return Scope(system=system, stage=stage)
