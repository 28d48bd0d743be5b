"""Which guidance an item's people should read. What of it the actor sees, the caller has asked."""

from collections.abc import Sequence

from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid, Missing
from apps.planning.models import ItemGuidance, PlanningItem
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

MOST = 50  # pieces on one item; more than that nobody reads


@transaction.atomic
def guidance_link(*, actor: Actor, item: PlanningItem, pieces: Sequence[models.Model]) -> int:
    """Link what is not linked yet. Returns how many. Raises: NotPermitted, Invalid, Conflict."""
    require(actor, Permission.ITEM_EDIT, item)
    if not pieces:
        raise Invalid({"guidance": "Choose at least one piece."})
    # The item is locked, so that two who link at once count each other's.
    PlanningItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    linked = set(ItemGuidance.objects.filter(item=item).values_list("guidance_id", flat=True))
    new = sorted({piece.pk for piece in pieces} - linked)
    if len(linked) + len(new) > MOST:
        raise Conflict(f"At most {MOST} pieces of guidance belong to one item.")
    ItemGuidance.objects.bulk_create(
        ItemGuidance(item=item, guidance_id=pk, linked_by=actor.user) for pk in new
    )
    if new:
        told = {"guidance": ["", ", ".join(f"G-{pk}" for pk in new)]}
        record(
            actor=actor,
            action="item.link_guidance",
            target=item,
            system_id=item.system_id,
            changes=told,
        )
    return len(new)


@transaction.atomic
def guidance_unlink(*, actor: Actor, item: PlanningItem, guidance_id: int) -> Removal:
    """It can be put back. Raises: NotPermitted, Missing."""
    require(actor, Permission.ITEM_EDIT, item)
    row = (
        ItemGuidance.objects.select_for_update(of=("self",))
        .filter(item=item, guidance_id=guidance_id)
        .first()
    )
    if row is None:
        raise Missing("This guidance is not linked here.")
    record(
        actor=actor,
        action="item.unlink_guidance",
        target=item,
        system_id=item.system_id,
        changes={"guidance": [f"G-{guidance_id}", ""]},
    )
    return removal_make(
        actor=actor,
        kind=ITEM_GUIDANCE.name,
        row=row,
        label=f"{item.key}: G-{guidance_id}",
        system_id=item.system_id,
    )


ITEM_GUIDANCE = Kind(
    name="item_guidance",
    label=_("Guidance of an item"),
    icon="book-open",
    permission=Permission.ITEM_EDIT,
    taken="It was linked again meanwhile.",
    page=lambda row: f"{reverse('item-detail', args=[row.item_id])}#guidance",
)
