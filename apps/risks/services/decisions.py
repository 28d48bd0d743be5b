"""A decision together with what it does about each risk."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import Invalid
from apps.planning.models import Decision, Option, PlanningItem
from apps.planning.services.decisions import decision_record
from apps.risks.models import RiskStatement, StatementState, Treatment, TreatmentChoice


@transaction.atomic
def decision_record_with_treatments(
    *,
    actor: Actor,
    item: PlanningItem,
    option: Option,
    reason: str,
    valid_until: dt.date | None = None,
    treatments: Mapping[int, str] | None = None,
) -> Decision:
    """Record a decision and, per published statement (by id), its treatment.

    The revision and valuation in force are kept with each, so that a later change can be told.
    Raises: Invalid for a statement of another item or option, or an unknown treatment.
    """
    decision = decision_record(
        actor=actor, item=item, option=option, reason=reason, valid_until=valid_until
    )
    chosen = dict(treatments or {})
    bearing = {statement.pk: statement for statement in _bearing(item, option)}
    problems = {
        f"treatments.{pk}": "Choose mitigate, accept, avoid or transfer for a published statement "
        "of this item or of the option chosen."
        for pk, treatment in chosen.items()
        if pk not in bearing or treatment not in Treatment.values
    }
    if problems:
        raise Invalid(problems)
    for pk, treatment in chosen.items():
        revision = bearing[pk].published
        assert revision is not None  # noqa: S101  # _bearing gives published statements only
        TreatmentChoice.objects.create(
            decision=decision,
            statement=bearing[pk],
            revision=revision,
            valuation=revision.valuation,
            treatment=treatment,
        )
    record(
        actor=actor,
        action="decision.treat",
        target=decision,
        system_id=item.system_id,
        changes={f"RS-{pk}": treatment for pk, treatment in chosen.items()},
    )
    return decision


def _bearing(item: PlanningItem, option: Option) -> list[RiskStatement]:
    """Published statements that this option runs: its own and those on the item as a whole."""
    published = RiskStatement.objects.filter(
        item=item, state=StatementState.PUBLISHED
    ).select_related("published", "published__valuation")
    return [each for each in published if each.option_id in (None, option.pk)]
