"""Planning items that come from a tracker: they follow it until somebody writes otherwise here."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.planning.models import PlanningItem
from apps.planning.services.items import item_edit
from apps.trackers.clients.types import Seen
from apps.trackers.models import MirroredIssue, Tracker
from apps.trackers.selectors import unbroken
from apps.trackers.services.words import Words, words_of


def issues_follow(tracker: Tracker, page: Sequence[Seen]) -> int:
    """Note what the tracker says of issues that are mirrored; called in a transaction.

    Returns how many had changed. Done again it changes nothing.
    """
    seen = {one.id: one for one in page if one.id}
    # Locked in one order, before anything of them is read: nobody edits between the look and the writing, and
    # what another worker noted of them just now is not taken for somebody's own words.
    locked = PlanningItem.objects.select_for_update(of=("self",)).select_related("system")
    ours = locked.filter(mirrored__tracker=tracker, mirrored__external_id__in=seen)
    items = {item.pk: item for item in ours.order_by("pk")}
    links = MirroredIssue.objects.filter(tracker=tracker, external_id__in=seen, item__in=items)
    return sum(_follow(link, items[link.item_id], seen[link.external_id]) for link in links)


def _follow(link: MirroredIssue, item: PlanningItem, seen: Seen) -> bool:
    # SECURITY: what has become confidential there tells no more of its words here.
    words = Words(link.title, link.text) if seen.is_private else words_of(seen)
    now_there = {"key": seen.key[:60], "url": seen.url[:1000], "is_closed": seen.is_closed}
    now_there |= words._asdict() | {"gone_at": None}
    before = {name: getattr(link, name) for name in now_there}
    if before == now_there:
        return False
    _carry_over(link, item, words)
    for name, value in now_there.items():
        setattr(link, name, value)
    if before["is_closed"] != seen.is_closed:
        link.changed_at = timezone.now()
        record(
            actor=portal_actor("trackers"),
            action="item.mirrored_state",
            target=item,
            system_id=item.system_id,
            changes={"closed in the tracker": [before["is_closed"], seen.is_closed]},
        )
    link.save()
    return True


def _carry_over(link: MirroredIssue, item: PlanningItem, words: Words) -> None:
    """A field that still says what the tracker said goes along; another one is somebody's own."""
    values = {}
    if item.title == link.title and item.title != words.title:
        values["title"] = words.title
    if unbroken(item.question) == link.text and link.text != words.text:
        values["question"] = words.text
    if values and not item.system.is_archived:
        item_edit(actor=portal_actor("trackers"), item=item, version=item.version, **values)


@transaction.atomic
def mirrored_take_over(*, actor: Actor, item: PlanningItem, version: int | None) -> PlanningItem:
    """Give an item the tracker's title and text again; from then on it follows.

    Raises: NotPermitted, Missing, EditConflict, Conflict (it comes from no tracker).
    """
    require(actor, Permission.ITEM_EDIT, item)
    link = MirroredIssue.objects.filter(item=item).first()
    if link is None:
        raise Conflict("This item comes from no tracker.")
    return item_edit(actor=actor, item=item, version=version, title=link.title, question=link.text)
