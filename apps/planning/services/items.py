"""Writing planning items and their options."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import gone, made
from apps.audit.services import record
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common import events
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.planning.models import (
    ItemKind,
    ItemStatus,
    Option,
    PlanningItem,
    moves_from,
)
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

ITEM_FIELDS = ("title", "kind", "stage", "status", "question", "tracker_key", "tracker_url")
OPTION_FIELDS = ("title", "description", "cost_once", "cost_yearly", "is_do_nothing", "position")
MAX_OPTIONS = 12
WHEN_BOUND = "A decision is in force. To weigh the options again, revisit it on the item's page."
WHEN_DECIDED = "An item becomes decided when a decision is recorded on its page."


@transaction.atomic
def item_create(
    *,
    actor: Actor,
    system: System,
    title: str,
    kind: str = ItemKind.STORY,
    stage: str = Stage.PLAN,
    status: str = ItemStatus.OPEN,
    question: str = "",
    tracker_key: str = "",
    tracker_url: str = "",
) -> PlanningItem:
    require(actor, Permission.ITEM_EDIT, system)
    if status == ItemStatus.DECIDED:
        raise Invalid({"status": WHEN_DECIDED})
    item = PlanningItem.objects.create(
        system=system,
        title=title,
        kind=kind,
        stage=stage,
        status=status,
        question=question,
        tracker_key=tracker_key,
        tracker_url=tracker_url,
        created_by=actor.user,
    )
    record(actor=actor, action="item.create", target=item, system_id=system.pk, changes=made(item))
    if title in {tracker_key, tracker_url}:  # named by its reference alone: a tracker may know more
        events.append("item.referenced", {"item_id": item.pk})
    return item


@transaction.atomic
def item_edit(
    *, actor: Actor, item: PlanningItem, version: int | None, **values: Any
) -> PlanningItem:
    """Change named fields of an item.

    Raises: EditConflict when `version` is not the current one; Invalid for a status that only a
    decision gives or takes.
    """
    require(actor, Permission.ITEM_EDIT, item)
    row = lock_for_edit(PlanningItem, item.pk, version, "system")
    refusal = _refused_move(row, values.get("status", row.status))
    if refusal:
        raise Invalid({"status": refusal})
    changes = changed_fields(row, {name: values[name] for name in ITEM_FIELDS if name in values})
    row.save()
    record(actor=actor, action="item.edit", target=row, system_id=row.system_id, changes=changes)
    return row


@transaction.atomic
def item_move(
    *, actor: Actor, item: PlanningItem, version: int | None, status: str
) -> PlanningItem:
    """Put an item into another column of the board. Raises: EditConflict, Conflict."""
    require(actor, Permission.ITEM_EDIT, item)
    row = lock_for_edit(PlanningItem, item.pk, version, "system")
    refusal = _refused_move(row, status)
    if refusal:
        raise Conflict(refusal)
    changes = changed_fields(row, {"status": status})
    row.save()
    record(actor=actor, action="item.edit", target=row, system_id=row.system_id, changes=changes)
    return row


def _refused_move(item: PlanningItem, status: str) -> str:
    """Why the item, which is locked, may not get this status by hand; empty: it may."""
    if status == item.status:
        return ""
    bound = item.has_decision_in_force()
    if status in moves_from(item.status, bound=bound):
        return ""
    return WHEN_BOUND if bound else WHEN_DECIDED


@transaction.atomic
def option_create(
    *,
    actor: Actor,
    item: PlanningItem,
    title: str,
    description: str = "",
    cost_once: Decimal | None = None,
    cost_yearly: Decimal | None = None,
    is_baseline: bool = False,
    is_do_nothing: bool = False,
) -> Option:
    """Add an option. The first one is the baseline until another one is made it."""
    require(actor, Permission.ITEM_EDIT, item)
    PlanningItem.objects.select_for_update().get(
        pk=item.pk
    )  # two first options would both be the baseline
    options = Option.objects.filter(item=item)
    if options.count() >= MAX_OPTIONS:
        raise Invalid({"title": f"An item holds at most {MAX_OPTIONS} options."})
    if options.filter(title=title).exists():
        raise Invalid({"title": "This item has an option of that title already."})
    baseline = is_baseline or not options.exists()
    if baseline:
        options.filter(is_baseline=True).update(is_baseline=False)
    option = Option.objects.create(
        item=item,
        title=title,
        description=description,
        cost_once=cost_once,
        cost_yearly=cost_yearly,
        is_baseline=baseline,
        is_do_nothing=is_do_nothing,
        position=(options.aggregate(last=Max("position"))["last"] or 0) + 1,
    )
    record(
        actor=actor,
        action="option.create",
        target=option,
        system_id=item.system_id,
        changes=made(option),
    )
    return option


@transaction.atomic
def option_edit(*, actor: Actor, option: Option, version: int | None, **values: Any) -> Option:
    """Change an option; `is_baseline=True` moves the baseline to it. Raises: EditConflict, Invalid."""
    require(actor, Permission.ITEM_EDIT, option)
    PlanningItem.objects.select_for_update().get(pk=option.item_id)
    row = lock_for_edit(Option, option.pk, version, "item")
    wanted = {name: values[name] for name in OPTION_FIELDS if name in values}
    title = wanted.get("title", row.title)
    siblings = Option.objects.filter(item=row.item_id).exclude(pk=row.pk)
    if siblings.filter(title=title).exists():
        raise Invalid({"title": "This item has an option of that title already."})
    if values.get("is_baseline") and not row.is_baseline:
        siblings.filter(is_baseline=True).update(is_baseline=False)
        wanted["is_baseline"] = True
    elif values.get("is_baseline") is False and row.is_baseline:
        raise Invalid({"is_baseline": "Make another option the baseline instead; one must be."})
    changes = changed_fields(row, wanted)
    row.save()
    record(
        actor=actor, action="option.edit", target=row, system_id=row.item.system_id, changes=changes
    )
    return row


@transaction.atomic
def option_delete(*, actor: Actor, option: Option) -> Removal:
    """Remove an option that nothing stands on yet; it can be put back. Raises: Conflict."""
    require(actor, Permission.ITEM_EDIT, option)
    row = Option.objects.select_for_update(of=("self",)).select_related("item").get(pk=option.pk)
    if row.decisions.exists() or row.statements.exists():
        raise Conflict(
            "Risk statements or decisions stand on this option; it stays for the record."
        )
    if row.is_baseline and Option.objects.filter(item=row.item_id).count() > 1:
        raise Conflict("Make another option the baseline first.")
    record(
        actor=actor,
        action="option.delete",
        target=row,
        system_id=row.item.system_id,
        changes=gone(row),
    )
    return removal_make(actor=actor, kind=OPTION.name, row=row, system_id=row.item.system_id)


OPTION = Kind(
    name="option",
    label=_("Option"),
    icon="split",
    permission=Permission.ITEM_EDIT,
    taken="The item has another option of that title by now, or another baseline.",
    page=lambda option: reverse("item-detail", args=[option.item_id]),
)
