"""The rapid risk assessment: what data, what could happen, what to do, as drafts to go on from.

After Mozilla's Rapid Risk Assessment: half an hour, one system or change, rough levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.errors import Invalid
from apps.planning.models import PlanningItem
from apps.planning.services.items import item_create, option_create
from apps.risks.services.statements import StatementInput, statement_create

MOST_ACTIONS = 5
NOTHING = "Go ahead without doing more"


@dataclass(frozen=True)
class Happening:
    """Something that could happen; likelihood and impact are levels 1 to 5 of the own scale."""

    text: str
    likelihood: int
    impact: int


@transaction.atomic
def rapid_assess(
    *,
    actor: Actor,
    system: System,
    title: str,
    data: str,
    happenings: Sequence[Happening],
    actions: Sequence[str],
) -> PlanningItem:
    """An item, an option to do nothing and one an action, and a draft a happening. Raises: Invalid."""
    wanted = list(dict.fromkeys(each.strip()[:200] for each in actions if each.strip()))
    problems = {}
    if not happenings:
        problems["happening_1"] = "Say at least one thing that could happen."
    if len(wanted) > MOST_ACTIONS:
        problems["actions"] = f"At most {MOST_ACTIONS}: the ones that matter most."
    if NOTHING in wanted:
        problems["actions"] = "Doing nothing is an option already."
    if problems:
        raise Invalid(problems)
    question = f"What do we do before we go ahead?\n\nData: {data}"
    item = item_create(actor=actor, system=system, title=title, question=question)
    nothing = option_create(actor=actor, item=item, title=NOTHING, is_do_nothing=True)
    for each in wanted:
        option_create(actor=actor, item=item, title=each)
    for risk in happenings:
        content = StatementInput(
            condition=f"If you go ahead with “{title}” and do nothing more about it",
            consequence=risk.text.strip().rstrip("."),
            asset=" ".join(data.split())[:200],
            rationale="From a rapid assessment: rough levels, to be estimated properly.",
            estimate={"kind": "level", "likelihood": risk.likelihood, "impact": risk.impact},
        )
        statement_create(actor=actor, item=item, option=nothing, content=content)
    told = {"statements": len(happenings), "options": len(wanted) + 1}
    record(actor=actor, action="item.assess", target=item, system_id=system.pk, changes=told)
    return item
