"""Which system, engagement or run a foreign client means."""

from collections.abc import Sequence

from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.catalog.repositories import systems_of
from apps.catalog.selectors import system_get, systems_granting, systems_permitting
from apps.common.errors import Conflict, Invalid, Missing
from apps.compat.models import Engagement, ScanRun


def system_of_repository(viewer: Actor, owner: str, repository: str) -> System:
    """The system whose repositories hold `owner/repository`, or whose key is the repository's name.

    Raises: Missing when there is none that the viewer may post to; Conflict when there are several.
    """
    granting = systems_granting(viewer, Permission.REPORT_UPLOAD)
    found = _used(systems_of(f"{owner}/{repository}".casefold(), granting))
    if not found:
        raise Missing(
            f"No system that you may post to lists the repository {owner}/{repository}. "
            "Add its URL to the system, or use a token of the system."
        )
    if len(found) > 1:
        names = ", ".join(system.key for system in found[:5])
        raise Conflict(
            f"Several systems list this repository ({names}): use a token of one of them."
        )
    return found[0]


def _used(found: Sequence[System]) -> Sequence[System]:
    """Archived ones only where there is no other: their refusal says more than that there is none."""
    return [system for system in found if not system.is_archived] or found


def system_of_receiver(viewer: Actor, key: str) -> System:
    """The system of that key; without one, the only one that the viewer may post to.

    Raises: Missing, Invalid when several could be meant.
    """
    if key:
        return system_get(viewer, key, permission=Permission.REPORT_VIEW)
    granting = systems_granting(viewer, Permission.REPORT_UPLOAD)
    found = list(granting.filter(archived_at=None)[:2]) or list(granting[:2])
    if len(found) != 1:
        raise Invalid({"system": "Say which system, as ?system=KEY, or use a token of the system."})
    return found[0]


def products(viewer: Actor) -> QuerySet[System]:
    """The systems whose reports the viewer sees: DefectDojo's products. Archived ones, too, since a client
    that does not find its product would make it anew."""
    return systems_permitting(viewer, Permission.REPORT_VIEW)


def product_named(viewer: Actor, name: str) -> System | None:
    """By name or key, as people write either."""
    mine = products(viewer)
    return mine.filter(name__iexact=name).first() or mine.filter(key__iexact=name).first()


def product_get(viewer: Actor, pk: int) -> System:
    """Raises: Missing."""
    found = products(viewer).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such product that you may use here.")
    return found


def engagements(viewer: Actor) -> QuerySet[Engagement]:
    rows: QuerySet[Engagement] = Engagement.objects.visible_to(viewer)
    return rows.select_related("system").order_by("pk")


def engagement_get(viewer: Actor, pk: int) -> Engagement:
    """Raises: Missing."""
    found = engagements(viewer).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such engagement that you may use here.")
    return found


def runs(viewer: Actor) -> QuerySet[ScanRun]:
    rows: QuerySet[ScanRun] = ScanRun.objects.visible_to(viewer)
    return rows.select_related("engagement__system").order_by("pk")


def run_get(viewer: Actor, pk: int) -> ScanRun:
    """Raises: Missing."""
    found = runs(viewer).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such test that you may use here.")
    return found
