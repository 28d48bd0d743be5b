"""The one place that answers "may X do Y to Z?"."""

from collections.abc import Iterable
from typing import Any, Protocol, Self, TypeVar

from django.db import models

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.errors import Archived, Missing, NotPermitted


class Scoped(Protocol):
    """An object of one system; None means that it is the organisation's."""

    @property
    def access_system_id(self) -> int | None: ...


SENTENCES = {
    Permission.DECISION_RECORD: "Decisions are recorded by architects, security and admins of this system.",
    Permission.STATEMENT_EDIT: "Risk statements are written by security and admins of this system.",
    Permission.GUIDANCE_DISCUSS: "A token that only reads neither asks about guidance nor says whether it helped.",
    Permission.GUIDANCE_EDIT: "Guidance is written by security and admins of the organisation.",
    Permission.SOURCE_MANAGE: "Sources and credentials are managed by security and admins of this system.",
    Permission.AUTOMATION_MANAGE: "The register is kept by architects, security and admins of a system.",
    Permission.COVERAGE_MANAGE: "What evidence is expected is said by security and admins.",
    Permission.FINDING_TRIAGE: "Findings are triaged by security and admins of their system.",
    Permission.TOKEN_MANAGE: "Tokens of a system, and which jobs it trusts, are managed by its admins.",
    Permission.SYSTEM_MANAGE: "Systems are managed by their admins; new ones are added by admins of the organisation.",
    Permission.SYSTEM_EDIT: "Systems are changed by their admins.",
    Permission.PEOPLE_MANAGE: "Who signs in, and how, is managed by admins of the organisation.",
    Permission.WEBHOOK_MANAGE: "Webhooks are managed by admins of the organisation.",
    Permission.TRACKER_MANAGE: "Issue trackers are connected by admins of the organisation.",
    Permission.TICKET_FILE: "Tickets are filed by security and admins of their system.",
    Permission.REPORT_UPLOAD: "Reports are posted with a token of this system, or by security and admins.",
}


def may(actor: Actor, permission: Permission, target: Scoped | None = None) -> bool:
    """Whether the actor has the permission on the object, or on the organisation when there is none."""
    return permission in actor.permissions_on(target.access_system_id if target else None)


def require(
    actor: Actor,
    permission: Permission,
    target: Scoped | None = None,
    *,
    seen_by: Permission = Permission.SYSTEM_VIEW,
) -> None:
    """Refuse unless permitted.

    Raises: Missing when the actor may not even see the object (existence is secret); Archived where only
    that its system is archived is in the way; else NotPermitted.
    """
    if may(actor, permission, target):
        return
    if target is not None and not may(actor, seen_by, target):
        raise Missing("There is nothing here, or you may not see it.")
    if target is not None and permission in actor.granted_on(target.access_system_id):
        raise Archived
    raise NotPermitted(SENTENCES.get(permission, "Your role does not allow this."))


def require_somewhere(actor: Actor, permission: Permission) -> None:
    """Refuse who has the permission on no system at all, before anything else is read.

    Raises: Archived where only archived systems are left, NotPermitted.
    """
    if actor.systems_with(permission) != frozenset():
        return
    if actor.systems_granting(permission):
        raise Archived
    raise NotPermitted(SENTENCES.get(permission, "Your role does not allow this."))


class ScopedQuerySet(models.QuerySet):  # type: ignore[type-arg]  # generic through each model's manager
    """Rows that belong to a system. `system_path` says how to reach the system's id."""

    system_path = "system_id"
    view_permission = Permission.SYSTEM_VIEW

    def visible_to(self, actor: Actor, permission: Permission | None = None) -> "ScopedQuerySet":
        """Only what the actor may see; everything goes through here: pages, API, exports, counts."""
        wanted = permission or self.view_permission
        systems = actor.systems_with(wanted)
        if systems is None:
            return self._without(actor.systems_closed_to(wanted))
        return self.filter(**{f"{self.system_path}__in": systems})

    def _without(self, systems: frozenset[int]) -> Self:
        return self.exclude(**{f"{self.system_path}__in": systems}) if systems else self.all()


Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def permitted(rows: Rows, actor: Actor, permission: Permission) -> Rows:
    """Of rows that were found already those on whose systems the actor has a permission."""
    found: Rows = rows.visible_to(actor, permission)  # type: ignore[attr-defined]  # ScopedQuerySet's
    return found


def in_use(rows: Rows, viewer: Actor, *, named: object = None) -> Rows:
    """Without what belongs to archived systems, as lists and sums have it; of whatever `visible_to` gave.

    named: the system, or the thing of a system, that the reader asked for; then nothing is left out.
    """
    archived = viewer.archived_systems
    if named or not archived:
        return rows
    paths: Iterable[str] = getattr(rows, "system_paths", None) or (
        getattr(rows, "system_path", "system_id"),
    )
    for path in paths:
        rows = rows.exclude(**{f"{path}__in": archived})
    return rows
