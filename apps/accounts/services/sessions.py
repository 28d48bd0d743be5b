"""Where a person is signed in, and ending it there."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.models import PersonIdentity, PersonSession, User
from apps.accounts.policy import require
from apps.accounts.reach import require_reach
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Missing, NotPermitted

SEEN_EVERY = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Visit:
    """What a request says of who sends it. identity, provider_sid: of a session that a provider opened."""

    session_key: str
    address: str
    agent: str
    identity: int | None = None
    provider_sid: str = ""


def session_seen(user: User, visit: Visit) -> None:
    """Note that a session is in use, from where and by what."""
    row = PersonSession(
        user=user,
        session_key=visit.session_key,
        address=visit.address[:45],
        agent=visit.agent[:300],
        seen_at=timezone.now(),
        identity=PersonIdentity.objects.filter(pk=visit.identity or 0, user=user).first(),
        provider_sid=visit.provider_sid,
    )
    PersonSession.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "address", "agent", "seen_at", "identity", "provider_sid"],
    )


def sessions_of(user: User) -> list[PersonSession]:
    """Those that are still good, the last used first."""
    rows = list(user.sessions.all())
    alive = set(
        Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    return [row for row in rows if row.session_key in alive]


def people_signed_in() -> int:
    """How many people have a session that is still good."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    rows = PersonSession.objects.filter(session_key__in=alive)
    return rows.values("user").distinct().count()


@transaction.atomic
def session_end(*, actor: Actor, pk: int) -> None:
    """One of one's own. Raises: NotPermitted, Missing."""
    user = _person(actor)
    row = user.sessions.filter(pk=pk).first()
    if row is None:
        raise Missing("You are not signed in there any more.")
    _end([row])
    record(actor=actor, action="session.end", target=row, changes={"ended": [False, True]})


@transaction.atomic
def sessions_end_others(*, actor: Actor, keep: str) -> int:
    """All of one's own but this one. Returns how many. Raises: NotPermitted."""
    user = _person(actor)
    rows = list(user.sessions.exclude(session_key=keep))
    _end(rows)
    record(actor=actor, action="session.end_others", target=user, changes={"sessions": len(rows)})
    return len(rows)


@transaction.atomic
def sessions_end_of(*, actor: Actor, user: User) -> int:
    """All of somebody, for administrators. Returns how many. Raises: NotPermitted."""
    require(actor, Permission.PEOPLE_MANAGE)
    require_reach(actor, user)
    rows = list(user.sessions.all())
    _end(rows)
    record(actor=actor, action="session.end_person", target=user, changes={"sessions": len(rows)})
    return len(rows)


@transaction.atomic
def sessions_end_everybody(*, actor: Actor, keep: str) -> int:
    """All of all people but this one, for administrators. Returns how many. Raises: NotPermitted."""
    require(actor, Permission.PEOPLE_MANAGE)
    user = _person(actor)
    Session.objects.exclude(session_key=keep).delete()
    number = PersonSession.objects.exclude(session_key=keep).delete()[0]
    record(actor=actor, action="session.end_everybody", target=user, changes={"sessions": number})
    return number


def sessions_end_by_portal(rows: Iterable[PersonSession]) -> int:
    """Those that something else has ended, which is on record there. Returns how many."""
    found = list(rows)
    _end(found)
    return len(found)


def sessions_forget_ended() -> int:
    """Rows whose session is gone. Returns how many; for the sweeper."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return PersonSession.objects.exclude(session_key__in=live).delete()[0]


def _end(rows: Collection[PersonSession]) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    PersonSession.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _person(actor: Actor) -> User:
    if actor.user is None or actor.token is not None:
        raise NotPermitted("People end their own sessions, when they are signed in.")
    return actor.user
