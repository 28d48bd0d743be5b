"""The only writers of systems and what belongs to them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Membership, Team, User
from apps.accounts.policy import require
from apps.accounts.roles import Permission, Role
from apps.audit.services import record
from apps.catalog.models import Component, Environment, System
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Invalid, NotPermitted

EDITABLE = ("name", "description", "owner", "criticality", "repositories", "default_branch")


@transaction.atomic
def system_create(*, actor: Actor, key: str, name: str, **fields: Any) -> System:
    """Raises: NotPermitted, Invalid where the key is taken or cannot be one."""
    require(actor, Permission.SYSTEM_MANAGE)
    if key == "new":  # the page that adds one
        raise Invalid({"key": "Take another key: this word is an address of the portal."})
    if System.objects.filter(key=key).exists():
        raise Invalid({"key": f"There is a system {key!r} already."})
    system = System.objects.create(key=key, name=name, **fields)
    record(actor=actor, action="system.create", target=system, system_id=system.pk)
    return system


@transaction.atomic
def system_edit(*, actor: Actor, system: System, version: int | None, **values: Any) -> System:
    """Change named fields. Raises: EditConflict when the version is not the current one."""
    require(actor, Permission.SYSTEM_MANAGE, system)
    row = lock_for_edit(System, system.pk, version)
    changes = changed_fields(row, {name: values[name] for name in EDITABLE if name in values})
    row.save()
    told = {name: [str(before), str(after)] for name, (before, after) in changes.items()}
    record(actor=actor, action="system.edit", target=row, system_id=row.pk, changes=told)
    return row


@transaction.atomic
def component_create(
    *, actor: Actor, system: System, key: str, name: str, **fields: Any
) -> Component:
    require(actor, Permission.SYSTEM_MANAGE, system)
    if Component.objects.filter(system=system, key=key).exists():
        raise Invalid({"key": f"This system has a component {key!r} already."})
    component = Component.objects.create(system=system, key=key, name=name, **fields)
    record(actor=actor, action="component.create", target=component, system_id=system.pk)
    return component


@transaction.atomic
def environment_create(
    *, actor: Actor, system: System, key: str, name: str, is_production: bool = False
) -> Environment:
    require(actor, Permission.SYSTEM_MANAGE, system)
    if Environment.objects.filter(system=system, key=key).exists():
        raise Invalid({"key": f"This system has an environment {key!r} already."})
    environment = Environment.objects.create(
        system=system, key=key, name=name, is_production=is_production
    )
    record(actor=actor, action="environment.create", target=environment, system_id=system.pk)
    return environment


@transaction.atomic
def membership_set(
    *, actor: Actor, system: System, role: Role, user: User | None = None, team: Team | None = None
) -> Membership:
    """Give a person or a team a role on a system, in place of the one that it had."""
    require(actor, Permission.SYSTEM_MANAGE, system)
    if (user is None) == (team is None):
        raise Invalid({"user": "Name a person or a team, one of them."})
    membership, _ = Membership.objects.update_or_create(
        system=system, user=user, team=team, defaults={"role": role.value}
    )
    record(
        actor=actor,
        action="membership.set",
        target=membership,
        system_id=system.pk,
        changes={"role": role.value},
    )
    return membership


def audit_export_note(*, actor: Actor, filters: Mapping[str, str]) -> None:
    """Write down that somebody takes the trail away. Raises: NotPermitted."""
    if not actor.reads_audit or actor.user is None:
        raise NotPermitted("The audit trail is read by admins.")
    record(actor=actor, action="audit.export", target=actor.user, changes=dict(filters))
