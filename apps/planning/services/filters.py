"""Filters of the planning items that people keep under a name."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.audit.rows import gone
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.planning.models import SavedFilter
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

MAX_SAVED = 30  # a person
MAX_QUERY = 3000  # characters, as SavedFilter.query holds


@transaction.atomic
def filter_save(*, actor: Actor, name: str, query: str) -> SavedFilter:
    """Keep a filter; one of the same name is replaced. query: of the list's address.

    Raises: Invalid, NotPermitted for who is no person.
    """
    if actor.user_id is None:
        raise NotPermitted("Only a person keeps filters.")
    if len(query) > MAX_QUERY:
        raise Invalid({"name": _("This filter is too long to be kept.")})
    # Two saves of one person at once would both find room for one more.
    User.objects.select_for_update().only("pk").get(pk=actor.user_id)
    own = SavedFilter.objects.visible_to(actor)
    if not own.filter(name=name).exists() and own.count() >= MAX_SAVED:
        raise Invalid(
            {"name": _("You keep %(most)d filters. Remove one first.") % {"most": MAX_SAVED}}
        )
    saved, _is_new = SavedFilter.objects.update_or_create(
        user_id=actor.user_id, name=name, defaults={"query": query}
    )
    record(actor=actor, action="filter.save", target=saved, changes={"query": query})
    return saved


@transaction.atomic
def filter_remove(*, actor: Actor, pk: int) -> Removal:
    """It can be put back. Raises: Missing, also for a filter of somebody else."""
    saved = SavedFilter.objects.visible_to(actor).select_for_update().filter(pk=pk).first()
    if saved is None:
        raise Missing("You keep no such filter.")
    record(actor=actor, action="filter.remove", target=saved, changes=gone(saved))
    return removal_make(actor=actor, kind=FILTER.name, row=saved)


def _filter_returned(actor: Actor, _saved: SavedFilter) -> None:
    if SavedFilter.objects.visible_to(actor).count() > MAX_SAVED:
        raise Conflict(f"You keep {MAX_SAVED} filters. Remove one first.")


FILTER = Kind(
    name="saved_filter",
    label=lazy("Saved filter"),
    icon="list-filter",
    permission="",
    taken="You keep another filter of that name by now.",
    page=lambda saved: f"{reverse('item-list')}?{saved.query}",
    returned=_filter_returned,
)
