"""Who is out of whose reach among those who manage people."""

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.common.errors import NotPermitted


def is_above(user: User) -> bool:
    """Superusers, staff of the administration, and admins of the organisation."""
    return user.is_superuser or user.is_staff or user.role == Role.ADMIN


def is_in_reach(actor: Actor, user: User) -> bool:
    """SECURITY: one rule for all that is done to another person (role, address, password link, factors, sessions):
    whoever could do one of them to an admin would have won over that admin. A token reaches not even its own admin.
    """
    is_oneself = user == actor.user and actor.token is None
    return not is_above(user) or is_oneself or bool(actor.portal) or actor.is_superuser


def require_reach(actor: Actor, user: User) -> None:
    """Raises: NotPermitted."""
    if not is_in_reach(actor, user):
        raise NotPermitted("Only superusers change admins and staff.")
