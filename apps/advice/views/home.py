"""The loop as home page: each stage with evidence and risk, and what waits for the reader."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.loop import StageView, loop_view
from apps.advice.waiting import waiting_for
from apps.common.templatetags.figures import LoopStage
from apps.common.ui.ages import age_of
from apps.common.ui.money import amount_short, amount_told
from apps.planning.selectors import decisions_recent, items_visible

RECENT = 5


@dataclass(frozen=True)
class Step:
    """One thing that a new portal still lacks. `url` is empty for who may not do it."""

    done: bool
    title: str | Promise
    words: str | Promise
    url: str = ""


@require_GET
def home(request: PageRequest) -> HttpResponse:
    stages = loop_view(request.actor)
    decisions = list(decisions_recent(request.actor)[:RECENT])
    steps = _steps(request.actor, stages, has_decided=bool(decisions))
    context = {
        "stages": stages,
        "loop_stages": [_loop_stage(view) for view in stages],
        "loop_left": _carried(stages),
        "loop_right": _open_findings(stages),
        "carried": sum((view.expected_annual_loss for view in stages), Decimal(0)),
        "waiting": waiting_for(request.actor),
        "decisions": decisions,
        "steps": [] if all(step.done for step in steps) else steps,
        "sees_systems": any(view.of_systems for view in stages),
        "may_import": may(request.actor, Permission.SYSTEM_MANAGE),
    }
    return render(request, "advice/home.html", context)


def _loop_stage(view: StageView) -> LoopStage:
    return LoopStage(
        slug=view.stage.value,
        url=f"{reverse('item-list')}?{urlencode({'stage': view.stage.value})}",
        coverage=view.coverage,
        freshness=_age(view.newest_at),
        value=view.expected_annual_loss if view.statement_count else None,
        open_findings=view.open_count,
    )


def _age(moment: dt.datetime | None) -> str:
    return "" if moment is None else age_of(moment)


def _carried(stages: Sequence[StageView]) -> tuple[str, str]:
    total = sum((view.expected_annual_loss for view in stages), Decimal(0))
    return f"{settings.SECOPS_CURRENCY} {amount_told(total)}", _("expected loss a year")


def _open_findings(stages: Sequence[StageView]) -> tuple[str, str]:
    count = sum(view.open_count for view in stages)
    return amount_short(count), ngettext("open finding", "open findings", count)


def _steps(viewer: Actor, stages: Sequence[StageView], *, has_decided: bool) -> list[Step]:
    """The way from an empty portal to the first decision that stands on a value."""
    writes = viewer.systems_with(Permission.ITEM_EDIT) != frozenset()
    has_value = any(view.statement_count for view in stages)
    return [
        Step(
            has_value or items_visible(viewer).exists(),  # a value is one of an item
            lazy("Write down a decision that is coming"),
            lazy("A planning item holds the question, the options and what each costs."),
            reverse("item-create") if writes else "",
        ),
        Step(
            has_value,
            lazy("Say what an option risks, with a value"),
            lazy('"If you ..., then ..." and two ranges: how often, and how much each time.'),
            reverse("guidance-list"),
        ),
        Step(
            any(view.series_count for view in stages),
            lazy("Let a pipeline post what its scanners see"),
            lazy("One call with a token; the portal links findings to the risks they bear on."),
            reverse("report-list"),
        ),
        Step(
            has_decided,
            lazy("Record the first decision"),
            lazy("What was chosen, why, until when; against advice is a decision, too."),
            reverse("item-list"),
        ),
    ]
