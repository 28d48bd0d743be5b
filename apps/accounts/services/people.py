"""Who there is, what each may do in the whole organisation, and the teams they are of."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import Team, User
from apps.accounts.policy import require
from apps.accounts.reach import require_reach
from apps.accounts.roles import Permission, Role
from apps.accounts.services.sessions import sessions_end_by_portal
from apps.audit.rows import gone
from apps.audit.services import record
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

STAFF = ("is_staff", "is_superuser")
EDITABLE = ("name", "email", "role", "is_active")
TAKEN = {"email": "Somebody has this address already."}


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
    with _unique(TAKEN):
        user = User.objects.create_user(email, None, name=name, role=role)
    told = {"email": ["", email], "role": ["", role]} | _set_teams(user, teams)
    record(actor=actor, action="person.add", target=user, changes=told)
    return user


@transaction.atomic
def person_edit(
    *,
    actor: Actor,
    user: User,
    version: int | None = None,
    teams: Collection[Team] | None = None,
    **values: Any,
) -> User:
    """Change named fields, and the teams where they are given, as read at a version.

    Who is switched off, or has another address now, is signed out everywhere, and links for a password end.
    SECURITY: nobody changes what they may do themselves, so the last admin stays; superusers, staff and
    admins are changed by superusers alone. A form that was read before somebody was switched off, or
    lost a role, gives neither back. Raises: NotPermitted, Invalid, EditConflict.
    """
    row, actor = _locked(actor, user)
    require(actor, Permission.PEOPLE_MANAGE)
    require_reach(actor, row)
    row = lock_for_edit(User, row.pk, version)
    told = {name: values[name] for name in EDITABLE if name in values}
    if "email" in told:
        told["email"] = told["email"].strip().lower()
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
    with _unique(TAKEN):
        row.save(update_fields=["version", *changes])
    if ("is_active" in changes and not row.is_active) or "email" in changes:
        row.password_links.all().delete()
        if row != actor.user:
            sessions_end_by_portal(row.sessions.all())
    if teams is not None:
        changes |= _set_teams(row, teams)
    if changes:
        record(actor=actor, action="person.edit", target=row, changes=changes)
    return row


@transaction.atomic
def person_staff_set(*, actor: Actor, user: User, **values: bool) -> User:
    """Say who uses the administration (`is_staff`), and who is a superuser (`is_superuser`).

    SECURITY: superusers alone say so, and none of themselves, so the last one stays. Raises: NotPermitted.
    """
    row, actor = _locked(actor, user)
    if not actor.is_superuser or row == actor.user:
        raise NotPermitted("Only superusers make staff and superusers, and none of themselves.")
    row = lock_for_edit(User, row.pk, None)
    changes = changed_fields(row, {name: values[name] for name in STAFF if name in values})
    row.save(update_fields=["version", *changes])
    if changes:
        record(actor=actor, action="person.staff", target=row, changes=changes)
    return row


@transaction.atomic
def team_save(
    *, actor: Actor, team: Team | None, key: str, name: str, version: int | None = None
) -> Team:
    """A new team, or another name or key for one. Raises: NotPermitted, Invalid, EditConflict."""
    require(actor, Permission.PEOPLE_MANAGE)
    others = Team.objects.exclude(pk=team.pk) if team else Team.objects.all()
    if others.filter(name__iexact=name).exists():
        raise Invalid({"name": "There is a team of that name already."})
    row = lock_for_edit(Team, team.pk, version) if team else Team()
    wanted = {"key": key, "name": name}
    changes = {
        field: [getattr(row, field), value]
        for field, value in wanted.items()
        if getattr(row, field) != value
    }
    row.key, row.name = key, name
    with _unique({"key": f"There is a team {key!r} already."}):
        row.save()
    record(actor=actor, action="team.edit" if team else "team.add", target=row, changes=changes)
    return row


@transaction.atomic
def team_remove(*, actor: Actor, team: Team) -> Removal:
    """Only one that nothing names any more, so that nobody loses a role, and no rule its owner, without being asked.

    It can be put back. Raises: NotPermitted, Conflict.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    row = Team.objects.select_for_update().get(pk=team.pk)  # nothing begins to name it meanwhile
    for relation in Team._meta.related_objects:  # noqa: SLF001  # public by Django's documentation
        rows = relation.related_model._default_manager  # noqa: SLF001
        if rows.filter(**{relation.field.name: row}).exists():
            raise Conflict("People, systems, roles or rules name it still. Take them away first.")
    record(actor=actor, action="team.remove", target=row, changes=gone(row))
    return removal_make(actor=actor, kind=TEAM.name, row=row)


def _team_returned(_actor: Actor, team: Team) -> None:
    if Team.objects.filter(name__iexact=team.name).exclude(pk=team.pk).exists():
        raise Conflict(TEAM.taken)


TEAM = Kind(
    name="team",
    label=_("Team"),
    icon="users",
    permission=Permission.PEOPLE_MANAGE,
    taken="There is another team of that name or short name by now; rename it first.",
    page=lambda team: reverse("team-detail", args=[team.key]),
    returned=_team_returned,
)


def _locked(actor: Actor, user: User) -> tuple[User, Actor]:
    """The person, and the actor as it stands now: two who take each other's rights at once take turns."""
    numbers = {user.pk} | ({actor.user.pk} if actor.user else set())
    found = User.objects.select_for_update().filter(pk__in=numbers).order_by("pk")
    rows = {row.pk: row for row in found}
    now = Actor(user=rows[actor.user.pk], token=actor.token) if actor.user else actor
    return rows[user.pk], now


@contextmanager
def _unique(refused: dict[str, str]) -> Iterator[None]:
    """Ask the database, which also sees what comes at the same moment. Raises: Invalid."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Invalid(refused) from error


def _set_teams(user: User, teams: Collection[Team]) -> dict[str, list[Any]]:
    before = sorted(user.teams.values_list("key", flat=True))
    after = sorted(team.key for team in teams)
    user.teams.set(teams)
    return {"teams": [before, after]} if before != after else {}


def _check_role(actor: Actor, before: str, after: str) -> None:
    """SECURITY: here as on the administration's pages and by providers, only superusers make admins."""
    if after == Role.ADMIN and before != Role.ADMIN and not actor.is_superuser:
        raise Invalid({"role": "Only superusers make admins of the organisation."})
