"""The demo's register of automation; the reports that are loaded after it become its runs."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.utils import timezone

from apps.accounts.models import Team
from apps.advice.demo.files import Record
from apps.advice.demo.organisation import Organisation
from apps.automation.models import Automation
from apps.automation.services.register import AutomationInput, automation_create
from apps.guidance.models import Guidance
from apps.planning.models import PlanningItem
from apps.risks.models import RiskStatement, StatementState

NAMED = {"system", "by", "guards", "guidance", "owner", "due_in_days"}


def automation_load(
    organisation: Organisation,
    library: Mapping[str, Guidance],
    items: Sequence[PlanningItem],
    records: Sequence[Record],
) -> list[Automation]:
    by_title = {item.title: item.pk for item in items}
    return [_load(organisation, library, by_title, record) for record in records]


def _load(
    organisation: Organisation,
    library: Mapping[str, Guidance],
    by_title: Mapping[str, int],
    record: Record,
) -> Automation:
    guarded = [by_title[title] for title in record.get("guards", [])]
    statements = RiskStatement.objects.filter(item__in=guarded, state=StatementState.PUBLISHED)
    due = record.get("due_in_days")
    content = AutomationInput(
        **{name: value for name, value in record.items() if name not in NAMED},
        owner=Team.objects.get(key=record["owner"]) if "owner" in record else None,
        due_on=timezone.localdate() + dt.timedelta(days=due) if due else None,
        statements=list(statements),
        guidance=[library[slug] for slug in record.get("guidance", [])],
    )
    system = organisation.systems[record["system"]]
    return automation_create(actor=organisation.actor(record["by"]), system=system, content=content)
