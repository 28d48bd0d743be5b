"""Who there is, what each may do in the whole organisation, and the teams they are of."""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Team, User
from apps.accounts.policy import require
from apps.accounts.roles import Permission, Role
from apps.accounts.services.sessions import sessions_end_by_portal
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid, NotPermitted

EDITABLE = ("name", "email", "role", "is_active")


@transaction.atomic
def person_add(
    *, actor: Actor, email: str, name: str, role: str, teams: Collection[Team] = ()
) -> User:
    """Somebody new, without a password: a link sets one, or a provider lets them in.

    Raises: NotPermitted, Invalid.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    email = email.strip().lower()
    _check_role(actor, "", role)
    _check_address(email, None)
    user = User.objects.create_user(email, None, name=name, role=role)
    user.teams.set(teams)
    record(actor=actor, action="person.add", target=user, changes={"email": email, "role": role})
    return user


@transaction.atomic
def person_edit(
    *, actor: Actor, user: User, teams: Collection[Team] | None = None, **values: Any
) -> User:
    """Change named fields, and the teams where they are given. Whoever is switched off is signed out everywhere.

    SECURITY: nobody changes what they may do themselves, so the last admin stays; superusers, staff and
    admins are changed by superusers alone. Raises: NotPermitted, Invalid.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    row = User.objects.select_for_update().get(pk=user.pk)
    _check_reach(actor, row)
    told = {name: values[name] for name in EDITABLE if name in values}
    if "email" in told:
        told["email"] = told["email"].strip().lower()
        _check_address(told["email"], row)
    changes = {
        name: [getattr(row, name), value]
        for name, value in told.items()
        if value != getattr(row, name)
    }
    if row == actor.user and {"role", "is_active"} & set(changes):
        raise NotPermitted("What you may do yourself, another admin changes.")
    _check_role(actor, row.role, told.get("role", row.role))
    for name, (_before, after) in changes.items():
        setattr(row, name, after)
    row.save(update_fields=[*changes]) if changes else None
    if teams is not None:
        changes |= _set_teams(row, teams)
    if "is_active" in changes and not row.is_active:
        sessions_end_by_portal(row.sessions.all())
        row.password_links.all().delete()
    if changes:
        record(actor=actor, action="person.edit", target=row, changes=changes)
    return row


@transaction.atomic
def team_save(*, actor: Actor, team: Team | None, key: str, name: str) -> Team:
    """A new team, or another name for one. Raises: NotPermitted, Invalid."""
    require(actor, Permission.PEOPLE_MANAGE)
    others = Team.objects.exclude(pk=team.pk) if team else Team.objects.all()
    if others.filter(key=key).exists():
        raise Invalid({"key": f"There is a team {key!r} already."})
    if others.filter(name__iexact=name).exists():
        raise Invalid({"name": "There is a team of that name already."})
    row = team or Team(key=key)
    before = row.name
    row.key, row.name = key, name
    row.save()
    action = "team.edit" if team else "team.add"
    record(actor=actor, action=action, target=row, changes={"name": [before, name]})
    return row


@transaction.atomic
def team_remove(*, actor: Actor, team: Team) -> None:
    """Only one that means nothing any more, so that nobody loses a role without being asked.

    Raises: NotPermitted, Conflict.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    if (
        User.objects.filter(teams=team).exists()
        or team.systems.exists()
        or team.memberships.exists()
    ):
        raise Conflict("It has people, systems or roles still. Take them away first.")
    record(actor=actor, action="team.remove", target=team)
    team.delete()


def _set_teams(user: User, teams: Collection[Team]) -> dict[str, list[Any]]:
    before = sorted(user.teams.values_list("key", flat=True))
    after = sorted(team.key for team in teams)
    user.teams.set(teams)
    return {"teams": [before, after]} if before != after else {}


def _check_reach(actor: Actor, user: User) -> None:
    is_above = user.is_superuser or user.is_staff or user.role == Role.ADMIN
    if is_above and user != actor.user and not actor.is_superuser:
        raise NotPermitted("Only superusers change admins and staff.")


def _check_role(actor: Actor, before: str, after: str) -> None:
    """SECURITY: here as on the administration's pages and by providers, only superusers make admins."""
    if after == Role.ADMIN and before != Role.ADMIN and not actor.is_superuser:
        raise Invalid({"role": "Only superusers make admins of the organisation."})


def _check_address(email: str, user: User | None) -> None:
    others = User.objects.exclude(pk=user.pk) if user else User.objects.all()
    if others.filter(email=email).exists():
        raise Invalid({"email": "Somebody has this address already."})
