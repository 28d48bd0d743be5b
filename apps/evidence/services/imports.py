"""Taking over a threat model: an item to weigh, two options, and a draft statement a threat."""

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.evidence.models import ImportedThreat
from apps.evidence.threat_models import DraftModel, DraftStatement
from apps.planning.models import ItemStatus, Option, PlanningItem
from apps.planning.services.items import item_create, option_create
from apps.risks.models import RiskStatement
from apps.risks.services.statements import statement_create

AS_MODELLED, MITIGATED = "As it is modelled", "With the mitigations of the model"
LONGEST = 10_000  # characters of an option's description


@dataclass(frozen=True)
class Plan:
    """What an import would do: `fresh` would be made, `known` threats were made before."""

    model: DraftModel
    fresh: tuple[DraftStatement, ...]
    known: int


@dataclass(frozen=True)
class Imported:
    """`item` is None where there was nothing to make."""

    plan: Plan
    item: PlanningItem | None
    statements: tuple[RiskStatement, ...] = ()

    @property
    def keys(self) -> list[str]:
        return [each.key for each in self.statements]


def import_plan(*, actor: Actor, system: System, model: DraftModel) -> Plan:
    """What is new in a model. Writes nothing. Raises: NotPermitted, as the import itself would."""
    require(actor, Permission.ITEM_EDIT, system)
    require(actor, Permission.STATEMENT_EDIT, system)
    known = set(
        ImportedThreat.objects.filter(system=system, source=model.source).values_list(
            "identity", flat=True
        )
    )
    fresh = tuple(each for each in model.statements if each.identity not in known)
    return Plan(model, fresh, len(model.statements) - len(fresh))


@transaction.atomic
def import_threats(*, actor: Actor, system: System, model: DraftModel) -> Imported:
    """Make drafts of the threats that were not imported before; all of them or none.

    New threats of a model that is known join its item while that is still open.
    """
    # Two imports of one file at the same time: the second waits, and finds what the first made.
    locked = System.objects.select_for_update(of=("self",), no_key=True).get(pk=system.pk)
    plan = import_plan(actor=actor, system=locked, model=model)
    if not plan.fresh:
        return Imported(plan, None)
    item = _open_item(locked, model) or item_create(
        actor=actor,
        system=locked,
        title=f"Threats of {model.title}"[:200],
        question=f"Which of the threats that {model.tool} names do we treat, and how?",
    )
    option = _options(actor, item, model)
    made = tuple(
        statement_create(actor=actor, item=item, option=option, content=each.content)
        for each in plan.fresh
    )
    ImportedThreat.objects.bulk_create(
        ImportedThreat(
            system=locked, source=model.source, identity=each.identity, statement=statement
        )
        for each, statement in zip(plan.fresh, made, strict=True)
    )
    told = {"tool": model.tool, "made": len(made), "known": plan.known}
    record(
        actor=actor, action="threat-model.import", target=item, system_id=locked.pk, changes=told
    )
    return Imported(plan, item, made)


def _open_item(system: System, model: DraftModel) -> PlanningItem | None:
    found = (
        PlanningItem.objects.filter(
            system=system,
            status__in=(ItemStatus.IDEA, ItemStatus.OPEN),
            statements__imported_threat__source=model.source,
        )
        .order_by("-pk")
        .first()
    )
    return found if isinstance(found, PlanningItem) else None


def _options(actor: Actor, item: PlanningItem, model: DraftModel) -> Option | None:
    """The option that the threats stand on; None where somebody took it away."""
    there = list(Option.objects.filter(item=item))
    if there:
        return next((each for each in there if each.title == AS_MODELLED), None)
    option = option_create(actor=actor, item=item, title=AS_MODELLED, is_do_nothing=True)
    if model.mitigations:
        text = "\n".join(f"- {each}" for each in model.mitigations)[:LONGEST]
        option_create(actor=actor, item=item, title=MITIGATED, description=text)
    return option
