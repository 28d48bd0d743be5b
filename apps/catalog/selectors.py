from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.common.errors import Missing


def systems_visible(viewer: Actor) -> QuerySet[System]:
    return System.objects.visible_to(viewer).select_related("owner")


def system_get(viewer: Actor, key: str, *, permission: Permission = Permission.SYSTEM_VIEW) -> System:
    """A system by its key. Raises: Missing, also where it exists and the viewer lacks the permission."""
    system = System.objects.visible_to(viewer, permission).select_related("owner").filter(key=key).first()
    if not isinstance(system, System):
        raise Missing(f"There is no system {key!r} that you may use here.")
    return system

