"""A decision together with what it does about each risk."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.planning.models import Decision, Option, PlanningItem
from apps.planning.services.decisions import decision_record, decision_undo
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
    instead_of: int | None = None,
) -> Decision:
    """Record a decision on all the published risks that its option runs.

    The revision and valuation in force are kept with each of them, so that a later change can be told, and
    with those of `treatments` (by id) what is done about them.
    Raises: Invalid for a statement of another item or option, or an unknown treatment; Conflict by
    `instead_of`, as planning.decision_record has it.
    """
    decision = decision_record(
        actor=actor,
        item=item,
        option=option,
        reason=reason,
        valid_until=valid_until,
        instead_of=instead_of,
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
    made = TreatmentChoice.objects.bulk_create(
        TreatmentChoice(
            decision=decision,
            statement=statement,
            revision=statement.published,
            valuation_id=statement.published.valuation_id,
            treatment=chosen.get(pk, ""),
        )
        for pk, statement in bearing.items()
        if statement.published is not None
    )
    if made:
        record(
            actor=actor,
            action="decision.treat",
            target=decision,
            system_id=item.system_id,
            changes={each.statement.key: [None, each.treatment] for each in made},
        )
    return decision


@transaction.atomic
def decision_confirm(*, actor: Actor, decision: Decision, reason: str = "") -> Decision:
    """Stand by a decision on what its risks are worth now: a new one takes its place.

    Option, last day and treatments are the same; a risk that was withdrawn has none any more, and one that
    was superseded hands its own on. The old
    decision stays in the history with the values of its day. Raises: NotPermitted, Conflict.
    """
    item = PlanningItem.objects.select_for_update().get(pk=decision.item_id)
    require(actor, Permission.DECISION_RECORD, item)
    row = Decision.objects.select_related("option").get(pk=decision.pk)
    if row.ended_at is not None:
        raise Conflict("This decision is no longer in force; record a new one.")
    if row.valid_until is not None and row.valid_until <= timezone.localdate():
        raise Conflict("This is its last day: record a decision anew, with another last day.")
    bearing = {statement.pk for statement in _bearing(item, row.option)}
    kept: dict[int, str] = {}
    said = row.treatments.exclude(treatment="").prefetch_related("statement__successors")
    for choice in said:
        # What took a risk's place is treated as it was, unless it has a treatment of its own.
        for pk in (choice.statement_id, *(each.pk for each in choice.statement.successors.all())):
            if pk in bearing and (pk == choice.statement_id or pk not in kept):
                kept[pk] = choice.treatment
    return decision_record_with_treatments(
        actor=actor,
        item=item,
        option=row.option,
        reason=reason.strip() or f"Confirmed. {row.reason}",
        valid_until=row.valid_until,
        treatments=kept,
    )


@transaction.atomic
def decision_undo_with_treatments(
    *, actor: Actor, decision: Decision, reason: str
) -> tuple[Decision, Decision | None]:
    """Take back a decision in force (planning's decision_undo) with what it does about risks.

    What holds again treats the risks as it did, on the revisions and values of its own day.
    """
    undone, restored = decision_undo(actor=actor, decision=decision, reason=reason)
    if restored is not None:
        TreatmentChoice.objects.bulk_create(
            TreatmentChoice(
                decision=restored,
                statement_id=each.statement_id,
                revision_id=each.revision_id,
                valuation_id=each.valuation_id,
                treatment=each.treatment,
                note=each.note,
            )
            for each in TreatmentChoice.objects.filter(decision=restored.restores_id)
        )
    return undone, restored


def _bearing(item: PlanningItem, option: Option) -> list[RiskStatement]:
    """Published statements that this option runs: its own and those on the item as a whole."""
    published = RiskStatement.objects.filter(item=item, state=StatementState.PUBLISHED)
    bearing = published.filter(Q(option=None) | Q(option=option))
    return list(bearing.select_related("published").order_by("pk"))
