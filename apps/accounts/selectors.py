"""Reading people, tokens and sign-in providers."""

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.models import (
    ApiToken,
    Membership,
    PersonIdentity,
    SecondFactor,
    SignInProvider,
    Team,
    User,
)
from apps.accounts.policy import require
from apps.accounts.roles import EVERYONE, GRANTS, Permission
from apps.common.errors import Missing


def people_with(permission: Permission, system_id: int | None) -> QuerySet[User]:
    """Active people who have a permission on a system, by whatever role; None: on the organisation."""
    active = User.objects.filter(is_active=True)
    if permission in EVERYONE:
        return active
    roles = [role.value for role, granted in GRANTS.items() if permission in granted]
    holders = User.objects.filter(role__in=roles).values("pk")
    if system_id is None:
        return active.filter(pk__in=holders)
    members = Membership.objects.filter(system=system_id, role__in=roles)
    through_teams = User.teams.through._default_manager.filter(  # noqa: SLF001  # made by Django
        team__in=members.values("team")
    )
    return active.filter(
        Q(pk__in=holders)
        | Q(pk__in=members.filter(user__isnull=False).values("user"))
        | Q(pk__in=through_teams.values("user"))
    )


def people_list(viewer: Actor, text: str = "") -> QuerySet[User]:
    """Everybody, those who are switched off too, by name; `has_factor`. Raises: NotPermitted."""
    require(viewer, Permission.PEOPLE_MANAGE)
    rows = User.objects.prefetch_related("teams").annotate(
        has_factor=Exists(SecondFactor.objects.filter(user=OuterRef("pk")))
    )
    if text := text.strip():
        rows = rows.filter(
            Q(name__icontains=text) | Q(email__icontains=text) | Q(teams__name__icontains=text)
        ).distinct()
    return rows.order_by("name", "pk")


def person_get(viewer: Actor, pk: int) -> User:
    """Raises: NotPermitted, Missing."""
    row = people_list(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing("There is nobody of that number.")
    return row


def teams_list(viewer: Actor) -> QuerySet[Team]:
    """With `people_count` and `system_count`. Raises: NotPermitted."""
    require(viewer, Permission.PEOPLE_MANAGE)
    return Team.objects.annotate(
        people_count=Count("people", distinct=True), system_count=Count("systems", distinct=True)
    ).order_by("name")


def team_get(viewer: Actor, key: str) -> Team:
    """Raises: NotPermitted, Missing."""
    row = teams_list(viewer).filter(key=key).first()
    if row is None:
        raise Missing("There is no such team.")
    return row


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


def providers_on() -> QuerySet[SignInProvider]:
    """What the sign-in page offers; for everybody, so templates show the name and nothing else."""
    return SignInProvider.objects.filter(is_on=True)


def only_way_of(user: User) -> SignInProvider | None:
    """The provider that somebody has to come by, if there is one."""
    if user.is_staff or user.is_superuser:
        return None
    domain = user.email.rpartition("@")[2]
    return providers_on().filter(is_only_way=True, domains__contains=[domain]).first()


def provider_on(key: str) -> SignInProvider:
    """Raises: Missing."""
    row = providers_on().filter(key=key).first()
    if row is None:
        raise Missing("There is no such way to sign in.")
    return row


def provider_left(came_by: tuple[int, str] | None) -> SignInProvider | None:
    """The provider by which a session began (signing_in.CameBy), if it is on."""
    return providers_on().filter(identities=came_by[0]).first() if came_by else None


def providers_list(viewer: Actor) -> QuerySet[SignInProvider]:
    """With `linked`, how many people come in by each. Raises: NotPermitted."""
    require(viewer, Permission.PEOPLE_MANAGE)
    return SignInProvider.objects.annotate(linked=Count("identities"))


def provider_get(viewer: Actor, key: str) -> SignInProvider:
    """Raises: NotPermitted, Missing."""
    row = providers_list(viewer).filter(key=key).first()
    if row is None:
        raise Missing("There is no such provider.")
    return row


def identities_own(viewer: Actor) -> QuerySet[PersonIdentity]:
    """The providers that a person may come in by."""
    return PersonIdentity.objects.filter(user=viewer.user).select_related("provider")


def identities_of(viewer: Actor, provider: SignInProvider) -> QuerySet[PersonIdentity]:
    """Who is linked, the last who came in first. Raises: NotPermitted."""
    require(viewer, Permission.PEOPLE_MANAGE)
    rows = PersonIdentity.objects.filter(provider=provider).select_related("user")
    return rows.order_by(F("last_used_at").desc(nulls_last=True), "-pk")
