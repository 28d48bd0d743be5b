"""Reading tokens."""

from django.db.models import Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.models import ApiToken
from apps.accounts.roles import Permission
from apps.common.errors import Missing


def tokens_own(viewer: Actor) -> QuerySet[ApiToken]:
    """A person's own tokens, revoked ones too."""
    if viewer.user_id is None:
        return ApiToken.objects.none()
    return ApiToken.objects.filter(user_id=viewer.user_id)


def tokens_of_system(viewer: Actor, system_id: int) -> QuerySet[ApiToken]:
    """A system's tokens, for those who manage them; nothing for others."""
    if Permission.TOKEN_MANAGE not in viewer.permissions_on(system_id):
        return ApiToken.objects.none()
    rows = ApiToken.objects.filter(system_id=system_id, is_for_job=False)
    return rows.select_related("created_by")


def token_get(viewer: Actor, pk: int) -> ApiToken:
    """One's own token, or a system's that the viewer manages. Raises: Missing."""
    own = Q(user__isnull=False, user_id=viewer.user_id)
    systems = viewer.systems_with(Permission.TOKEN_MANAGE)
    managed = Q(system__isnull=False) if systems is None else Q(system_id__in=systems)
    token = ApiToken.objects.select_related("system", "user").filter(own | managed, pk=pk).first()
    if token is None:
        raise Missing("There is no such token that you may see.")
    return token
