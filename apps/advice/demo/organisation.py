"""People, teams and systems of the demo."""

from django.conf import settings

from apps.accounts.actors import Actor
from apps.accounts.models import Team, User
from apps.accounts.roles import Role
from apps.advice.demo.files import Record
from apps.catalog.models import System
from apps.catalog.services import (
    component_create,
    environment_create,
    membership_set,
    system_create,
)

PASSWORD = "lights-on-the-quay"  # noqa: S105  # of made-up people; the loader refuses production


class Organisation:
    """Who and what there is, by the keys of story.yaml."""

    def __init__(self, story: Record) -> None:
        self.teams = {team["key"]: _team(team) for team in story["teams"]}
        self.people = {person["key"]: self._person(person) for person in story["people"]}
        self.admin = next(actor for actor in self.people.values() if _is_admin(actor))
        self.systems = {each["key"]: self._system(each) for each in story["systems"]}

    def actor(self, key: str) -> Actor:
        return self.people[key]

    def _person(self, person: Record) -> Actor:
        user = User.objects.create_user(
            email=person["email"],
            password=PASSWORD,
            name=person["name"],
            role=person.get("role", ""),
            is_staff=person.get("role") == Role.ADMIN,
            is_superuser=person.get("role") == Role.ADMIN,
        )
        user.teams.set(self.teams[key] for key in person.get("teams", []))
        return Actor(user=user)

    def _system(self, record: Record) -> System:
        system = system_create(
            actor=self.admin,
            key=record["key"],
            name=record["name"],
            description=record["description"],
            owner=self.teams[record["owner"]],
            criticality=record["criticality"],
            repositories=record["repositories"],
            default_branch=record["default_branch"],
        )
        for component in record["components"]:
            component_create(actor=self.admin, system=system, **component)
        for environment in record["environments"]:
            environment_create(actor=self.admin, system=system, **environment)
        for entry in record["memberships"]:
            membership_set(
                actor=self.admin,
                system=system,
                role=Role(entry["role"]),
                team=self.teams[entry["team"]] if "team" in entry else None,
                user=self.people[entry["user"]].user if "user" in entry else None,
            )
        return system


def _team(record: Record) -> Team:
    return Team.objects.create(key=record["key"], name=record["name"])


def _is_admin(actor: Actor) -> bool:
    return actor.user is not None and actor.user.role == Role.ADMIN


def is_loaded(story: Record) -> bool:
    return System.objects.filter(key=story["systems"][0]["key"]).exists()


def has_others(story: Record) -> bool:
    """Whether somebody else's systems are here, among which the demo has no place."""
    return System.objects.exclude(key__in=[each["key"] for each in story["systems"]]).exists()


def may_load() -> bool:
    """Made-up people with a published password have no place in production."""
    return not settings.PRODUCTION
