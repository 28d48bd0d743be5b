"""Whom to tell: the owners of a system first, as far as they may do something about it."""

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.roles import GRANTS, Permission
from apps.catalog.models import System


def people_for(system: System | None, permission: Permission) -> list[User]:
    """Those of the owning team who have the permission; else the system's other members who have it;
    else whoever has it everywhere. No system: those who have it everywhere.
    """
    roles = [role.value for role, granted in GRANTS.items() if permission in granted]
    active = User.objects.filter(is_active=True)
    everywhere = Q(role__in=roles)
    if system is None:
        return list(active.filter(everywhere))
    here = Q(memberships__system=system, memberships__role__in=roles) | Q(
        teams__memberships__system=system, teams__memberships__role__in=roles
    )
    members = active.filter(here)
    owners = active.filter(teams=system.owner_id) if system.owner_id else active.none()
    for found in (_both(owners, here | everywhere), members, active.filter(everywhere)):
        if people := list(found.distinct()):
            return people
    return []


def _both(owners: QuerySet[User], permitted: Q) -> QuerySet[User]:
    """Owners who are permitted; by key, since both ask for teams and must not mean the same one."""
    return owners.filter(pk__in=User.objects.filter(permitted).values("pk"))
