from typing import Any

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import User
from apps.catalog.models import System
from apps.planning.models import Option, PlanningItem, Question
from apps.planning.services.items import item_create, option_create
from apps.planning.services.questions import question_ask
from tests.factories.catalog import make_system
from tests.factories.numbers import next_number

TESTS = portal_actor("tests")


def make_item(system: System | None = None, **fields: Any) -> PlanningItem:
    fields.setdefault("title", f"Receive invoices by upload {next_number()}")
    return item_create(actor=TESTS, system=system or make_system(), **fields)


def make_option(item: PlanningItem | None = None, **fields: Any) -> Option:
    """The first option of an item is its baseline."""
    fields.setdefault("title", f"Signed URLs {next_number()}")
    return option_create(actor=TESTS, item=item or make_item(), **fields)


def make_question(
    item: PlanningItem | None = None,
    *,
    by: User | None = None,
    body: str = "Who may read the bucket?",
) -> Question:
    return question_ask(actor=Actor(user=by) if by else TESTS, item=item or make_item(), body=body)
