"""What was taken away lately, for those who may put it back: who may take such a thing away."""

import uuid

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.common.errors import Missing, NotPermitted
from apps.removals.kinds import Kind, kinds
from apps.removals.models import KEPT, Removal
from apps.removals.services import removal_forget, removal_put_back


def removals_visible(viewer: Actor) -> QuerySet[Removal]:
    """What the viewer may still put back, the newest first."""
    return _own(viewer).filter(restored_at=None, removed_at__gt=timezone.now() - KEPT)


def removal_get(viewer: Actor, uid: uuid.UUID) -> Removal:
    """One, also where it was put back already. Raises: Missing."""
    row = _own(viewer).filter(uid=uid).first()
    if row is None:
        raise Missing("Nothing of this name was removed lately, or you may not put it back.")
    return row


def removed_restore(*, actor: Actor, removal: Removal, is_sure: bool) -> str:
    """Put it back. Returns the address where it stands. Raises: Missing, NotPermitted, Conflict, Invalid.

    SECURITY: is_sure, that the person showed just now who they are; neither a token nor an open browser is enough for
    kinds that ask again, since what comes back may be a way in.
    """
    kind = _required(actor, removal)
    if kind.asks_again and not is_sure:
        raise NotPermitted("This is put back on its page alone, after you show who you are.")
    return kind.page(removal_put_back(actor=actor, removal=removal))


def removed_forget(*, actor: Actor, removal: Removal) -> None:
    """Let it go before its time, such as a secret. Raises: Missing, NotPermitted, Conflict."""
    _required(actor, removal)
    removal_forget(actor=actor, removal=removal)


def _own(viewer: Actor) -> QuerySet[Removal]:
    wanted = Q(pk__in=[])
    for kind in kinds().values():
        if not kind.permission:
            wanted |= Q(kind=kind.name, removed_by=viewer.user_id, removed_by__isnull=False)
            continue
        systems = viewer.systems_with(Permission(kind.permission))
        of_kind = Q(kind=kind.name)
        wanted |= of_kind if systems is None else of_kind & Q(system_id__in=systems)
    return Removal.objects.filter(wanted).select_related("removed_by")


def _required(actor: Actor, removal: Removal) -> Kind:
    """SECURITY: asked anew, whatever the row was found by."""
    kind = kinds()[removal.kind]
    if kind.permission:
        require(actor, Permission(kind.permission), removal)
    elif actor.user_id is None or removal.removed_by_id != actor.user_id:
        raise Missing("Nothing of this name was removed lately, or you may not put it back.")
    return kind
