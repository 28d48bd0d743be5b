"""Taking over a Backstage catalogue: systems and components that are not there yet."""

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.catalog.backstage import Catalogue, Entity
from apps.catalog.models import Component, System
from apps.catalog.selectors import systems_archived
from apps.catalog.services import component_create, system_create


@dataclass(frozen=True)
class CatalogPlan:
    """`known` entities are there already and are left as people have them."""

    systems: tuple[Entity, ...]
    components: tuple[Entity, ...]
    known: int
    left_out: tuple[str, ...]


def catalogue_plan(*, actor: Actor, catalogue: Catalogue) -> CatalogPlan:
    """What an import would make. Writes nothing. Raises: NotPermitted."""
    require(actor, Permission.SYSTEM_MANAGE)
    there = set(System.objects.values_list("key", flat=True))
    archived = set(systems_archived(actor).values_list("key", flat=True))
    named = [each for each in catalogue.entities if each.is_system]
    systems = tuple(each for each in named if each.key not in there)
    parts = [each for each in catalogue.entities if not each.is_system]
    reachable = there | {each.key for each in systems}
    placed = [each for each in parts if each.system in reachable]
    components_there = set(
        Component.objects.filter(system__key__in={each.system for each in placed}).values_list(
            "system__key", "key"
        )
    )
    new = [each for each in placed if (each.system, each.key) not in components_there]
    fresh = tuple(each for each in new if each.system not in archived)
    known = len(named) - len(systems) + len(placed) - len(new)
    closed = tuple(
        f"{each.name}: the system {each.system!r} is archived."
        for each in new
        if each.system in archived
    )
    homeless = tuple(
        f"{each.name}: there is no system {each.system!r}."
        if each.system
        else f"{each.name}: it names no system."
        for each in parts
        if each.system not in reachable
    )
    return CatalogPlan(systems, fresh, known, (*catalogue.left_out, *homeless, *closed))


@transaction.atomic
def catalogue_import(*, actor: Actor, catalogue: Catalogue) -> CatalogPlan:
    """Make what is not there yet, all of it or nothing. An owner is the team of that key, if any."""
    plan = catalogue_plan(actor=actor, catalogue=catalogue)
    teams = {team.key: team for team in Team.objects.all()}
    for each in plan.systems:
        system_create(
            actor=actor,
            key=each.key,
            name=each.name,
            description=each.description,
            owner=teams.get(each.owner),
            repositories=[each.repository] if each.repository else [],
        )
    systems = System.objects.in_bulk({each.system for each in plan.components}, field_name="key")
    for each in plan.components:
        component_create(
            actor=actor,
            system=systems[each.system],
            key=each.key,
            name=each.name,
            kind=each.kind,
            description=each.description,
            repository=each.repository,
        )
    return plan
