"""The only writers of systems and what belongs to them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.models import Membership, Team, User
from apps.accounts.policy import require
from apps.accounts.roles import GRANTS, Permission, Role
from apps.audit.rows import made
from apps.audit.services import record
from apps.catalog.models import MOST_BECAUSE, Component, Environment, System
from apps.catalog.repositories import refuse_claims
from apps.common import events
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Archived, Conflict, Invalid, NotPermitted

EDITABLE = ("key", "name", "description", "owner", "criticality", "repositories", "default_branch")


@transaction.atomic
def system_create(*, actor: Actor, key: str, name: str, **fields: Any) -> System:
    """Raises: NotPermitted, Invalid where the key is taken or cannot be one."""
    require(actor, Permission.SYSTEM_MANAGE)
    refuse_key(key)
    system = System.objects.create(key=key, name=name, **fields)
    record(
        actor=actor,
        action="system.create",
        target=system,
        system_id=system.pk,
        changes=made(system),
    )
    return system


@transaction.atomic
def system_edit(*, actor: Actor, system: System, version: int | None, **values: Any) -> System:
    """Change named fields. Raises: EditConflict when the version is not the current one; Invalid
    where another system has the key, or a repository (apps/catalog/repositories.py)."""
    require(actor, Permission.SYSTEM_EDIT, system)
    row = lock_for_edit(System, system.pk, version)
    if values.get("key", row.key) != row.key:
        refuse_key(values["key"], row)
    refuse_claims(actor, row, values.get("repositories", ()))
    changes = changed_fields(row, {name: values[name] for name in EDITABLE if name in values})
    row.save()
    told = {name: [str(before), str(after)] for name, (before, after) in changes.items()}
    record(actor=actor, action="system.edit", target=row, system_id=row.pk, changes=told)
    return row


@transaction.atomic
def system_archive(*, actor: Actor, system: System, because: str) -> System:
    """Out of lists and sums, and closed to what would be written; it stays to be read.

    Raises: NotPermitted, Missing, Invalid without a reason, Archived where it is archived already.
    """
    require(actor, Permission.SYSTEM_MANAGE, system)
    if not because.strip() or len(because.strip()) > MOST_BECAUSE:
        raise Invalid(
            {"because": f"Say why, in at most {MOST_BECAUSE} characters: it is read in a year."}
        )
    row = lock_for_edit(System, system.pk, None)
    if row.is_archived:
        raise Archived
    row.archived_at, row.archived_because = timezone.now(), because.strip()
    row.archived_by = actor.user
    row.save()
    changes = {"because": ["", row.archived_because]}
    record(actor=actor, action="system.archive", target=row, system_id=row.pk, changes=changes)
    _tell("system.archived", actor, row, row.archived_because)
    return row


@transaction.atomic
def system_restore(*, actor: Actor, system: System) -> System:
    """As it was before. Raises: NotPermitted, Missing, Conflict where it is not archived."""
    require(actor, Permission.SYSTEM_MANAGE, system)
    row = lock_for_edit(System, system.pk, None)
    if not row.is_archived:
        raise Conflict("It is not archived.")
    because = row.archived_because
    row.archived_at, row.archived_by, row.archived_because = None, None, ""
    row.save()
    changes = {"because": [because, ""]}
    record(actor=actor, action="system.restore", target=row, system_id=row.pk, changes=changes)
    _tell("system.restored", actor, row, because)
    return row


def _tell(event: str, actor: Actor, system: System, because: str) -> None:
    told = {"system_id": system.pk, "by_id": actor.user_id, "because": because}
    events.append(event, told)


@transaction.atomic
def component_create(
    *, actor: Actor, system: System, key: str, name: str, **fields: Any
) -> Component:
    require(actor, Permission.SYSTEM_EDIT, system)
    if Component.objects.filter(system=system, key=key).exists():
        raise Invalid({"key": f"This system has a component {key!r} already."})
    component = Component.objects.create(system=system, key=key, name=name, **fields)
    record(
        actor=actor,
        action="component.create",
        target=component,
        system_id=system.pk,
        changes=made(component),
    )
    return component


@transaction.atomic
def environment_create(
    *, actor: Actor, system: System, key: str, name: str, is_production: bool = False
) -> Environment:
    require(actor, Permission.SYSTEM_EDIT, system)
    if Environment.objects.filter(system=system, key=key).exists():
        raise Invalid({"key": f"This system has an environment {key!r} already."})
    environment = Environment.objects.create(
        system=system, key=key, name=name, is_production=is_production
    )
    record(
        actor=actor,
        action="environment.create",
        target=environment,
        system_id=system.pk,
        changes=made(environment),
    )
    return environment


@transaction.atomic
def membership_set(
    *,
    actor: Actor,
    system: System,
    role: Role,
    user: User | None = None,
    team: Team | None = None,
    was: str | None = None,
) -> Membership:
    """Give a person or a team a role on a system, in place of the one that it had.

    was: the role that the actor read ("": none); None: whatever it is. Raises: NotPermitted, also
    where either role may more than the actor; Invalid, Conflict.
    """
    before = _membership(actor, system, user, team, was)
    _refuse_more(actor, system, role)
    membership, _ = Membership.objects.update_or_create(
        system=system, user=user, team=team, defaults={"role": role.value}
    )
    _refuse_own_end(actor, system)
    record(
        actor=actor,
        action="membership.set",
        target=membership,
        system_id=system.pk,
        changes={"role": [before.role if before else "", role.value]},
    )
    return membership


@transaction.atomic
def membership_remove(
    *,
    actor: Actor,
    system: System,
    user: User | None = None,
    team: Team | None = None,
    was: str | None = None,
) -> None:
    """Take a role on a system away; those of teams and of the organisation stay. Raises: as above."""
    membership = _membership(actor, system, user, team, was)
    if membership is None:
        raise Conflict("There is no role to take away.")
    record(
        actor=actor,
        action="membership.remove",
        target=membership,
        system_id=system.pk,
        changes={"role": [membership.role, ""]},
    )
    membership.delete()
    _refuse_own_end(actor, system)


def _membership(
    actor: Actor, system: System, user: User | None, team: Team | None, was: str | None
) -> Membership | None:
    """The role there is, locked, that the actor may change."""
    require(actor, Permission.SYSTEM_MANAGE, system)
    if (user is None) == (team is None):
        raise Invalid({"person": "Name a person or a team, one of them."})
    rows = Membership.objects.select_for_update(of=("self",)).select_related("user", "team")
    row = rows.filter(system=system, user=user, team=team).first()
    if was is not None and was != (row.role if row else ""):
        raise Conflict("Somebody else changed this role since you read it. Nothing is changed.")
    if row is not None:
        _refuse_more(actor, system, Role(row.role))
    return row


def _refuse_more(actor: Actor, system: System, role: Role) -> None:
    """SECURITY: nobody gives, or takes away, more than they hold themselves."""
    if not GRANTS[role] <= actor.granted_on(system.pk):
        raise NotPermitted("You can only give and take roles that may no more than you do.")


def _refuse_own_end(actor: Actor, system: System) -> None:
    """Whoever locked themselves out could not undo it. Asked anew: what an actor holds is read once."""
    if actor.user and Permission.SYSTEM_MANAGE not in Actor(user=actor.user).permissions_on(
        system.pk
    ):
        raise Conflict("You would lock yourself out: let another admin change your role here.")


def refuse_key(key: str, system: System | None = None) -> None:
    """SECURITY: however it is spelt: where no system lists a repository, uploads find theirs by its name."""
    if key == "new":  # the page that adds one
        raise Invalid({"key": "Take another key: this word is an address of the portal."})
    others = System.objects.exclude(pk=system.pk) if system else System.objects.all()
    if others.filter(key__iexact=key).exists():
        raise Invalid({"key": f"There is a system {key!r} already."})


def audit_export_note(*, actor: Actor, filters: Mapping[str, str]) -> None:
    """Write down that somebody takes the trail away. Raises: NotPermitted."""
    if not actor.reads_audit or actor.user is None:
        raise NotPermitted("The audit trail is read by admins.")
    record(actor=actor, action="audit.export", target=actor.user, changes=dict(filters))
