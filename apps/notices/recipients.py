"""Whom to tell: the owners of a system first, as far as they may do something about it."""

from django.db.models import Q

from apps.accounts.models import User
from apps.accounts.roles import Permission
from apps.accounts.selectors import people_with
from apps.catalog.models import System


def people_for(system: System | None, permission: Permission) -> list[User]:
    """Those of the owning team who have the permission; else the system's other members who have it;
    else whoever has it everywhere. No system: those who have it everywhere.
    """
    if system is None:
        return list(people_with(permission, None))
    permitted = people_with(permission, system.pk)
    members = Q(memberships__system=system) | Q(teams__memberships__system=system)
    owners = permitted.filter(teams=system.owner_id) if system.owner_id else permitted.none()
    for found in (owners, permitted.filter(members).distinct(), permitted):
        if people := list(found):
            return people
    return []
