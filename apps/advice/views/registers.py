"""Taking a decision or the register of risks elsewhere, as a file."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.advice.item_page import item_view
from apps.advice.registers import madr, register_lines
from apps.common.errors import Missing
from apps.risks.services.registers import register_export_note


@require_GET
def decision_madr(request: PageRequest, pk: int, decision: int) -> HttpResponse:
    view = item_view(request.actor, pk)
    made = [each for each in (view.decision, *view.past_decisions) if each and each.pk == decision]
    if not made:
        raise Missing("There is no such decision on this item.")
    return HttpResponse(
        madr(view, made[0]),
        content_type="text/markdown; charset=utf-8",
        headers=_attached(f"{view.item.key}-decision-{decision}.md"),
    )


@require_GET
def risk_register(request: PageRequest) -> HttpResponseBase:
    register_export_note(actor=request.actor)
    return StreamingHttpResponse(
        register_lines(request.actor),
        content_type="text/csv; charset=utf-8",
        headers=_attached(f"risks-{timezone.localdate():%Y-%m-%d}.csv"),
    )


def _attached(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
