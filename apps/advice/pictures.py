"""Where pictures stand: the pages of the texts that name them, as far as the reader sees those."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.actors import Actor
from apps.attachments.selectors import uses_of
from apps.automation.models import Automation
from apps.catalog.models import System
from apps.controls.models import Control
from apps.evidence.models import Incident
from apps.guidance.models import Guidance, GuidanceVersion
from apps.planning.models import Answer, Decision, Option, PlanningItem, Question, Recommendation
from apps.planning.places import question_path
from apps.risks.models import RiskRevision, RiskStatement


@dataclass(frozen=True)
class Use:
    """A page whose text names a picture."""

    name: str
    url: str


Rows = Callable[[Actor], QuerySet[Any]]
Page = Callable[[Any], Use | None]


def _item(number: int) -> Use:
    return Use(f"PI-{number}", reverse("item-detail", args=[number]))


def _guidance(number: int) -> Use:
    return Use(f"G-{number}", reverse("guidance-detail", args=[number]))


def _statement(number: int) -> Use:
    return Use(f"RS-{number}", reverse("statement-detail", args=[number]))


def _question(row: Question) -> Use | None:
    if row.item_id is not None:
        return _item(row.item_id)
    if row.guidance_id is not None:
        return _guidance(row.guidance_id)
    said: Any = _("Question %(number)d")
    return Use(said % {"number": row.pk}, question_path(row))


def _of_item(model: Any) -> tuple[Rows, Page]:
    return model.objects.visible_to, lambda row: _item(row.item_id)


# Of each model of SECOPS_MARKDOWN_TEXTS: the rows that a viewer sees, and the page of one.
PAGES: dict[str, tuple[Rows, Page]] = {
    "catalog.System": (
        System.objects.visible_to,
        lambda row: Use(row.name, reverse("system-detail", args=[row.key])),
    ),
    "planning.PlanningItem": (PlanningItem.objects.visible_to, lambda row: _item(row.pk)),
    "planning.Option": _of_item(Option),
    "planning.Recommendation": _of_item(Recommendation),
    "planning.Decision": _of_item(Decision),
    "planning.Question": (Question.objects.visible_to, _question),
    "planning.Answer": (
        lambda viewer: Answer.objects.filter(
            question__in=Question.objects.visible_to(viewer)
        ).select_related("question"),
        lambda row: _question(row.question),
    ),
    "guidance.Guidance": (Guidance.objects.visible_to, lambda row: _guidance(row.pk)),
    "guidance.GuidanceVersion": (
        lambda viewer: GuidanceVersion.objects.filter(
            guidance__in=Guidance.objects.visible_to(viewer)
        ),
        lambda row: _guidance(row.guidance_id),
    ),
    "risks.RiskStatement": (RiskStatement.objects.visible_to, lambda row: _statement(row.pk)),
    "risks.RiskRevision": (
        lambda viewer: RiskRevision.objects.filter(
            statement__in=RiskStatement.objects.visible_to(viewer)
        ),
        lambda row: _statement(row.statement_id),
    ),
    "controls.Control": (
        Control.objects.visible_to,
        lambda row: Use(row.key, reverse("control-detail", args=[row.pk])),
    ),
    "automation.Automation": (
        Automation.objects.visible_to,
        lambda row: Use(row.key, reverse("automation-detail", args=[row.pk])),
    ),
    "evidence.Incident": (
        Incident.objects.visible_to,
        lambda row: Use(row.key, reverse("incident-detail", args=[row.pk])),
    ),
}


@dataclass(frozen=True)
class Uses:
    """pages: those that the reader sees; elsewhere: whether a text that they do not see names it, too."""

    pages: list[Use]
    elsewhere: bool = False


def uses_shown(viewer: Actor, uids: Collection[uuid.UUID]) -> dict[uuid.UUID, Uses]:
    """Of each picture that any text names. One query, and one more for each kind of text that does."""
    found = uses_of(uids)
    rows: dict[str, set[int]] = defaultdict(set)
    for label, row, _uid in found:
        rows[label].add(row)
    shown: dict[tuple[str, int], Use | None] = {}
    for label, numbers in rows.items():
        visible, page = PAGES[label]
        for each in visible(viewer).filter(pk__in=numbers):
            shown[label, each.pk] = page(each)
    uses: dict[uuid.UUID, Uses] = {}
    for uid in {uid for _label, _row, uid in found}:
        named = [shown.get((label, row)) for label, row, each in found if each == uid]
        pages = list(dict.fromkeys(use for use in named if use is not None))
        uses[uid] = Uses(pages, elsewhere=None in named)
    return uses
