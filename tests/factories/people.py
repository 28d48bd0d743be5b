"""People of every role, teams and tokens."""

from functools import cache

from django.contrib.auth.hashers import make_password

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import ApiToken, Team, User
from apps.accounts.roles import Role, Scope
from apps.accounts.services.tokens import (
    MadeToken,
    token_create_for_self,
    token_create_for_system,
)
from apps.catalog.models import System
from apps.catalog.services import membership_set
from tests.factories.numbers import next_number

PASSWORD = "a long enough passphrase"
TESTS = portal_actor("tests")


def make_user(
    name: str = "", *, role: Role | None = None, email: str = "", **fields: object
) -> User:
    """A person; `role` holds in the whole organisation, none of them sees no system."""
    number = next_number()
    return User.objects.create_user(
        email or f"person{number}@example.org",
        PASSWORD,
        name=name or f"Person {number}",
        role=role.value if role else "",
        **fields,
    )


def make_member(system: System, role: Role, name: str = "") -> User:
    """A person who holds a role on one system and none in the organisation."""
    user = make_user(name or f"{role.value} {next_number()}")
    membership_set(actor=TESTS, system=system, role=role, user=user)
    return user


def make_users(*wanted: tuple[str, Role | None]) -> list[User]:
    """Several people at once: a name and a role in the organisation each. Nothing is audited."""
    return User.objects.bulk_create(
        User(
            email=f"person{next_number()}@example.org",
            password=_hashed(),
            name=name,
            role=role.value if role else "",
        )
        for name, role in wanted
    )


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def make_team(name: str = "", *people: User) -> Team:
    number = next_number()
    team = Team.objects.create(key=f"team-{number}", name=name or f"Team {number}")
    for person in people:
        person.teams.add(team)
    return team


def actor_of(user: User, token: ApiToken | None = None) -> Actor:
    return Actor(user=user, token=token)


def make_token(user: User, scope: Scope = Scope.WRITE) -> MadeToken:
    """A person's own token; `.text` is what goes behind `Bearer`."""
    return token_create_for_self(actor=Actor(user=user), name="test", scope=scope)


def make_ci_token(system: System) -> MadeToken:
    """A pipeline's token of one system."""
    return token_create_for_system(actor=TESTS, system=system, system_id=system.pk, name="ci")
