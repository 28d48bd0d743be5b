from decimal import Decimal
from typing import Any

from apps.accounts.actors import portal_actor
from apps.planning.models import Option, PlanningItem
from apps.risks.models import RiskStatement
from apps.risks.services.statements import StatementInput, statement_create, statement_publish
from tests.factories.planning import make_item


def statement_text(**fields: Any) -> StatementInput:
    """What a person writes of a statement, with ranges that are believable."""
    text: dict[str, Any] = {
        "condition": "If you open the bucket to everyone who has the link",
        "consequence": "then invoices of customers are read by strangers",
        "frequency_low": Decimal("0.1"),
        "frequency_high": Decimal(1),
        "magnitude_low": Decimal(10_000),
        "magnitude_high": Decimal(500_000),
        "attributes": ["confidentiality"],
    }
    return StatementInput(**(text | fields))


def make_statement(
    item: PlanningItem | None = None,
    *,
    option: Option | None = None,
    published: bool = False,
    **fields: Any,
) -> RiskStatement:
    """A draft on an item or option, or a published one with one revision."""
    actor = portal_actor("tests")
    owner = option.item if option else item or make_item()
    statement = statement_create(
        actor=actor, item=owner, option=option, content=statement_text(**fields)
    )
    if published:
        statement_publish(actor=actor, statement=statement)
        statement.refresh_from_db()
    return statement
