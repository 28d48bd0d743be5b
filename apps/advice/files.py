"""Decisions and risks as files, for pages and API alike."""

from typing import IO

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.places import unplaced
from apps.advice.cyclonedx_risks import cyclonedx_risks
from apps.advice.decision_paper import decision_paper
from apps.advice.item_page import ItemView, item_view
from apps.advice.oscal import poam
from apps.advice.portfolio import Scope
from apps.advice.registers import madr, register_lines, register_rows
from apps.advice.workbooks import workbook
from apps.common.errors import Missing
from apps.planning.models import Decision
from apps.risks.services.registers import register_export_note

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@unplaced()
def madr_answer(viewer: Actor, item: int, decision: int) -> HttpResponseBase:
    """One decision as a Markdown record. Raises: Missing."""
    view, made = _decided(viewer, item, decision)
    return HttpResponse(
        madr(view, made),
        content_type="text/markdown; charset=utf-8",
        headers=_attached(f"{view.item.key}-decision-{decision}.md"),
    )


@unplaced()
def paper_answer(viewer: Actor, item: int, decision: int) -> HttpResponseBase:
    """One decision as a document to print. Raises: Missing."""
    view, made = _decided(viewer, item, decision)
    return HttpResponse(
        decision_paper(view, made),
        content_type="application/pdf",
        headers=_attached(f"{view.item.key}-decision-{decision}.pdf"),
    )


def _decided(viewer: Actor, item: int, decision: int) -> tuple[ItemView, Decision]:
    """An item and a decision on it, in force or ended. Raises: Missing."""
    view = item_view(viewer, item)
    for each in (view.decision, *view.past_decisions):
        if each and each.pk == decision:
            return view, each
    raise Missing("There is no such decision on this item.")


@unplaced()
def register_answer(viewer: Actor) -> HttpResponseBase:
    """All published risks that the viewer sees; taking them is written down."""
    register_export_note(actor=viewer)
    return StreamingHttpResponse(
        register_lines(viewer),
        content_type="text/csv; charset=utf-8",
        headers=_attached(f"risks-{timezone.localdate():%Y-%m-%d}.csv"),
    )


@unplaced()
def register_workbook_answer(viewer: Actor) -> HttpResponseBase:
    """The same as a workbook."""
    register_export_note(actor=viewer)
    name = f"risks-{timezone.localdate():%Y-%m-%d}.xlsx"
    return FileResponse(
        workbook("Risks", register_rows(viewer)), content_type=XLSX, headers=_attached(name)
    )


@unplaced()
def poam_answer(viewer: Actor, scope: Scope) -> HttpResponseBase:
    """The open risks as an OSCAL plan of action and milestones. Raises: Missing where there is none."""
    return _json_answer(viewer, poam(viewer, scope), "oscal-poam", scope)


@unplaced()
def cyclonedx_answer(viewer: Actor, scope: Scope) -> HttpResponseBase:
    """The open risks as CycloneDX 2.0, experimental."""
    return _json_answer(viewer, cyclonedx_risks(viewer, scope), "cdx-risks", scope)


def _json_answer(viewer: Actor, file: IO[bytes], kind: str, scope: Scope) -> HttpResponseBase:
    register_export_note(actor=viewer)
    parts = [kind, scope.system, scope.stage, f"{timezone.localdate():%Y-%m-%d}"]
    name = "-".join(filter(None, parts)) + ".json"
    return FileResponse(file, content_type="application/json", headers=_attached(name))


def _attached(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
