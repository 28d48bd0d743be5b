"""The page of a control: what it is worth, what it moved, and what evidence says of it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.automation.selectors import guards_of_all
from apps.automation.words import drift_sentence
from apps.controls.models import Control, ControlStatus
from apps.controls.moved import Moved, moved_by
from apps.controls.selectors import control_get
from apps.controls.words import taken_words
from apps.controls.worth import Line, cost_of, whole_of
from apps.evidence.selectors import open_evidence_counts
from apps.risks.services.valuations import money


@require_GET
def control_page(request: PageRequest, pk: int) -> HttpResponse:
    row = control_get(request.actor, pk)
    whole, lines = whole_of(request.actor, row)
    cost = money(cost_of(row).mean)
    covered = [line.effect.statement_id for line in lines]
    moved = moved_by(row, cost, covered)
    context = {
        "row": row,
        "cost": cost,
        "whole": whole,
        "moved": moved,
        "lines": _lines(request.actor, lines, covered, moved),
        "guards": _guards(request.actor, row, covered, moved),
        "statuses": [each for each in ControlStatus.choices if each[0] != row.status],
        "may_edit": may(request.actor, Permission.STATEMENT_EDIT, row),
    }
    return render(request, "controls/detail.html", context)


def _lines(
    viewer: Actor, lines: list[Line], covered: list[int], moved: Moved | None
) -> list[dict[str, Any]]:
    """Each risk that it covers, with its move (None where it does not count) and open findings."""
    findings, moves = open_evidence_counts(viewer, covered), moved.moves if moved else {}
    return [
        {
            "line": line,
            "words": taken_words(line.effect),
            "move": moves.get(line.effect.statement_id),
            "findings": findings.get(line.effect.statement_id, 0),
        }
        for line in lines
    ]


def _guards(
    viewer: Actor, row: Control, covered: list[int], moved: Moved | None
) -> list[tuple[Any, str]]:
    """(Automation, how it stands): what tests the control or guards its risks, runs since it counts."""
    since = moved.since if moved else None
    found = guards_of_all(viewer, covered, row.guidance_id, since)
    return [(each, drift_sentence(each)) for each in found]
