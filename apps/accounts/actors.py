"""Whoever does something. Services take an Actor first; it is an argument, never a thread-local."""

from dataclasses import dataclass
from functools import cached_property

from django.apps import apps
from django.db.models import Value

from apps.accounts.models import ApiToken, Membership, User
from apps.accounts.roles import (
    ARCHIVED_GRANT,
    CI_GRANT,
    EVERYONE,
    GRANTS,
    PEOPLE_GRANT,
    READ_GRANT,
    WRITE_GRANT,
    Permission,
    Role,
    Scope,
)

_TOKEN_LIMITS = {
    Scope.REPORT_UPLOAD: CI_GRANT,
    Scope.READ: READ_GRANT,
    Scope.WRITE: WRITE_GRANT,
    Scope.PEOPLE: PEOPLE_GRANT,
}
_ARCHIVED = "archived"  # among the roles that are read; no role is called so


@dataclass(frozen=True)
class Actor:
    """A person, a person's token, a system's token, or the portal itself; anonymous if none of them."""

    user: User | None = None
    token: ApiToken | None = None
    portal: str = ""  # a name for the portal's own work, e.g. "ingest"; it may do everything
    reads: int | None = None  # a reader of this one system and nothing else, see `reader_of`

    @property
    def kind(self) -> str:
        if self.portal:
            return "portal"
        return "token" if self.token else "user"

    @property
    def label(self) -> str:
        if self.portal:
            return f"portal: {self.portal}"
        if self.token and self.user:
            return f"{self.user} by token {self.token}"
        return str(self.token or self.user or "anonymous")

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def token_id(self) -> int | None:
        return self.token.pk if self.token else None

    @property
    def is_known(self) -> bool:
        return bool(self.portal or self.token or self.user)

    @cached_property
    def organisation_grant(self) -> frozenset[Permission]:
        """What the actor may do everywhere."""
        if self.portal:
            return frozenset(Permission)
        if self.reads is not None:
            return frozenset({Permission.GUIDANCE_VIEW})
        if self.user is None or not self.user.is_active:
            return frozenset()
        granted = GRANTS[Role(self.user.role)] if self.user.role else frozenset()
        return self._limited(granted | EVERYONE)

    @cached_property
    def system_grants(self) -> dict[int, frozenset[Permission]]:
        """What the actor may do on single systems, beyond what holds everywhere."""
        if self.reads is not None:
            return {self.reads: frozenset({Permission.SYSTEM_VIEW, Permission.REPORT_VIEW})}
        if self.token and self.token.system_id:
            return {self.token.system_id: CI_GRANT}
        if self.user is None or not self.user.is_active:
            return {}
        grants: dict[int, frozenset[Permission]] = {}
        for system_id, role in self._of_systems:
            if role != _ARCHIVED:
                held = self._limited(GRANTS[Role(role)])
                grants[system_id] = grants.get(system_id, frozenset()) | held
        return grants

    @cached_property
    def archived_systems(self) -> frozenset[int]:
        """Ids of all systems that are archived, whoever sees them."""
        return frozenset(pk for pk, role in self._of_systems if role == _ARCHIVED)

    @cached_property
    def _of_systems(self) -> list[tuple[int, str]]:
        """The roles on single systems, and the systems that are archived: one question for both."""
        if not self.is_known:
            return []
        systems = apps.get_model("catalog.System")._default_manager  # noqa: SLF001  # below its app
        archived = systems.exclude(archived_at=None).order_by().values_list("pk", Value(_ARCHIVED))
        if self.user is None or not self.user.is_active:
            return list(archived)
        own = Membership.objects.filter(user=self.user).values_list("system_id", "role")
        teams = Membership.objects.filter(team__people=self.user).values_list("system_id", "role")
        return list(own.union(teams, archived))

    @property
    def is_superuser(self) -> bool:
        """Whether it is a superuser in person: only they touch other superusers, staff and admins."""
        return self.token is None and self.user is not None and self.user.is_superuser

    @property
    def reads_audit(self) -> bool:
        """Whether there is a system, or the organisation, whose audit trail the actor may read."""
        return self.systems_with(Permission.AUDIT_VIEW) != frozenset()

    @property
    def writes_guidance(self) -> bool:
        return Permission.GUIDANCE_EDIT in self.organisation_grant

    @property
    def writes_risks(self) -> bool:
        return Permission.STATEMENT_EDIT in self.organisation_grant

    @property
    def manages_people(self) -> bool:
        return Permission.PEOPLE_MANAGE in self.organisation_grant

    @property
    def manages_webhooks(self) -> bool:
        return Permission.WEBHOOK_MANAGE in self.organisation_grant

    @property
    def manages_trackers(self) -> bool:
        return Permission.TRACKER_MANAGE in self.organisation_grant

    def granted_on(self, system_id: int | None) -> frozenset[Permission]:
        """What the actor's roles give, whether the system is archived or not."""
        if system_id is None:
            return self.organisation_grant
        return self.organisation_grant | self.system_grants.get(system_id, frozenset())

    def permissions_on(self, system_id: int | None) -> frozenset[Permission]:
        """What the actor may do now. Workers end what was begun on a system that was archived meanwhile."""
        granted = self.granted_on(system_id)
        if self.portal or system_id not in self.archived_systems:
            return granted
        return granted & ARCHIVED_GRANT

    def systems_granting(self, permission: Permission) -> frozenset[int] | None:
        """Ids of the systems on which the actor's roles give a permission; None means on all of them."""
        if permission in self.organisation_grant:
            return None
        return frozenset(pk for pk, grant in self.system_grants.items() if permission in grant)

    def systems_with(self, permission: Permission) -> frozenset[int] | None:
        """Ids of the systems on which the actor has a permission now; None means on all of them but
        those that are closed to it (`systems_closed_to`)."""
        granting = self.systems_granting(permission)
        if granting is None:
            return None
        return granting - self.systems_closed_to(permission) if granting else granting

    def systems_closed_to(self, permission: Permission) -> frozenset[int]:
        """Ids of archived systems, where the permission is one that ends with archiving."""
        if permission in ARCHIVED_GRANT or self.portal:
            return frozenset()
        return self.archived_systems

    def _limited(self, granted: frozenset[Permission]) -> frozenset[Permission]:
        return granted & _TOKEN_LIMITS[Scope(self.token.scope)] if self.token else granted


ANONYMOUS = Actor()


def reader_of(system_id: int) -> Actor:
    """A reader of one system, for an answer about it to whom another right permits that answer.

    SECURITY: ask `require` first; this actor sees the system whoever stands behind it.
    """
    return Actor(reads=system_id)


def portal_actor(name: str) -> Actor:
    """The portal's own hand, for workers: `portal_actor("ingest")`."""
    return Actor(portal=name)
