import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils.module_loading import import_string

from apps.accounts.actors import Actor
from apps.accounts.models import Membership, Team, User
from apps.accounts.policy import in_use, require
from apps.accounts.roles import Permission
from apps.accounts.selectors import people_with
from apps.audit.models import AuditEntry
from apps.catalog.models import Component, Environment, System
from apps.common.closeness import MOST_TEXTS, close_to
from apps.common.errors import Missing

_KEY = re.compile(r"(?P<kind>[A-Za-z]{1,4})-(?P<number>[1-9]\d{0,17})", re.ASCII)


def systems_visible(viewer: Actor) -> QuerySet[System]:
    """Also those that are archived."""
    return System.objects.visible_to(viewer).select_related("owner", "archived_by")


def systems_in_use(viewer: Actor) -> QuerySet[System]:
    """Those that are not archived, by name."""
    systems: QuerySet[System] = in_use(System.objects.visible_to(viewer), viewer)
    return systems.select_related("owner").order_by("name")


def any_archived(viewer: Actor) -> bool:
    """Whether the viewer sees an archived system."""
    return bool(viewer.archived_systems) and systems_archived(viewer).exists()


def systems_offered(viewer: Actor, chosen: str = "") -> QuerySet[System]:
    """Those to choose from in a filter: in use, and the one that the address names already (its key)."""
    found = systems_visible(viewer).order_by("name")
    archived = viewer.archived_systems
    return found.exclude(~Q(key=chosen), pk__in=archived) if archived else found


def systems_archived(viewer: Actor) -> QuerySet[System]:
    """What was archived last comes first."""
    return systems_visible(viewer).exclude(archived_at=None).order_by("-archived_at", "-pk")


def system_get(
    viewer: Actor, key: str, *, permission: Permission = Permission.SYSTEM_VIEW
) -> System:
    """A system by its key. Raises: Missing, also where it exists and the viewer lacks the permission."""
    system = (
        System.objects.visible_to(viewer, permission)
        .select_related("owner", "archived_by")
        .filter(key=key)
        .first()
    )
    if not isinstance(system, System):
        raise Missing(f"There is no system {key!r} that you may use here.")
    return system


def systems_granted(viewer: Actor) -> QuerySet[System]:
    """Systems on which the viewer holds something beyond what holds everywhere."""
    return System.objects.filter(pk__in=viewer.system_grants)


def audit_entries(viewer: Actor) -> QuerySet[AuditEntry]:
    """Audit rows of the systems whose audit the viewer may read; the organisation's for its admins."""
    systems = viewer.systems_with(Permission.AUDIT_VIEW)
    rows = AuditEntry.objects.all()
    return rows if systems is None else rows.filter(system_id__in=systems)


@dataclass(frozen=True)
class AuditFilter:
    """What a reader of the trail asked for; empty fields ask for nothing."""

    system_id: int | None = None
    text: str = ""  # in who, what or on which object; or the whole address that it came from
    kind: str = ""  # of the actor: user, token, portal
    object_type: str = ""
    object_id: str = ""
    who: str = ""  # in the name of whoever did it
    since: dt.datetime | None = None  # from this moment on
    until: dt.datetime | None = None  # and before this one


def audit_trail(viewer: Actor, wanted: AuditFilter) -> QuerySet[AuditEntry]:
    """Entries that the viewer may read, the newest first."""
    rows = audit_entries(viewer).order_by("-id")
    exact = {
        "system_id": wanted.system_id,
        "actor_kind": wanted.kind,
        "object_type": wanted.object_type,
        "object_id": wanted.object_id,
        "actor_label__icontains": wanted.who.strip(),
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if text := wanted.text.strip():
        rows = rows.filter(
            Q(actor_label__icontains=text)
            | Q(action__icontains=text)
            | Q(object_label__icontains=text)
            | Q(address=text)
            | _parts_of(text)
        )
    return rows


def _parts_of(text: str) -> Q:
    """The entries of a thing that is named by its key, and of what belongs to it."""
    key = _KEY.fullmatch(text)
    path = settings.SECOPS_AUDIT_PARTS.get(key["kind"].upper(), "") if key else ""
    found = Q()
    if key and path:
        parts: Mapping[str, QuerySet[Any, str] | list[str]] = import_string(path)(
            int(key["number"])
        )
        for object_type, numbers in parts.items():
            found |= Q(object_type=object_type, object_id__in=numbers)
    return found


def components_of(system: System) -> QuerySet[Component]:
    """`system`: one that the reader sees (system_get)."""
    return Component.objects.filter(system=system)


def environments_of(system: System) -> QuerySet[Environment]:
    """`system`: one that the reader sees (system_get)."""
    return Environment.objects.filter(system=system)


def systems_permitting(viewer: Actor, permission: Permission) -> QuerySet[System]:
    """Systems on which the viewer holds a permission, by name."""
    systems: QuerySet[System] = System.objects.visible_to(viewer, permission).order_by("name")
    return systems


def systems_granting(viewer: Actor, permission: Permission) -> QuerySet[System]:
    """Those and the archived ones on which the viewer would hold it: whoever means one of them is told so."""
    granting = viewer.systems_granting(permission)
    systems = System.objects.all() if granting is None else System.objects.filter(pk__in=granting)
    return systems.order_by("name")


def holds_anything(system: System) -> bool:
    """Whether any row but its own components and environments belongs to it, or names it."""
    own: tuple[Any, ...] = (Component, Environment)
    named: list[Any] = [
        each
        for each in System._meta.get_fields(include_hidden=True)  # noqa: SLF001  # public in practice
        if each.auto_created and not each.concrete and each.related_model not in own
    ]
    return any(
        each.related_model._base_manager.filter(**{each.field.name: system}).exists()  # noqa: SLF001
        for each in named
    )


def memberships_of(system: System) -> QuerySet[Membership]:
    """Who holds which role on a system that the reader sees, teams first."""
    return (
        Membership.objects.filter(system=system)
        .select_related("user", "team")
        .order_by("team__name", "user__name")
    )


def roles_of(viewer: Actor, system: System) -> QuerySet[Membership]:
    """As `memberships_of`, for those who give the roles: with the people of each team.

    Raises: NotPermitted, Missing.
    """
    require(viewer, Permission.SYSTEM_MANAGE, system)
    return memberships_of(system).prefetch_related(
        Prefetch("team__people", User.objects.filter(is_active=True).order_by("name"))
    )


def role_get(viewer: Actor, system: System, pk: int) -> Membership:
    """Raises: NotPermitted, Missing."""
    row = roles_of(viewer, system).filter(pk=pk).first()
    if row is None:
        raise Missing("Nobody has this role.")
    return row


def people_everywhere(viewer: Actor, system: System) -> QuerySet[User]:
    """Who sees a system by a role in the organisation. Raises: NotPermitted, Missing."""
    require(viewer, Permission.SYSTEM_MANAGE, system)
    return User.objects.filter(is_active=True).exclude(role="").order_by("name")


def people_nameable(viewer: Actor, system: System) -> QuerySet[User]:
    """Whom the page offers for a role on a system, by name. Raises: NotPermitted, Missing.

    SECURITY: whoever manages single systems is offered who reads this one already, not everybody there is; others
    are named by their whole address.
    """
    require(viewer, Permission.SYSTEM_MANAGE, system)
    if viewer.manages_people:
        return User.objects.filter(is_active=True).order_by("name")
    return people_with(Permission.SYSTEM_VIEW, system.pk).order_by("name")


def role_held(
    viewer: Actor, system: System, *, user: User | None = None, team: Team | None = None
) -> str:
    """The role given on a system, "" where none is. Raises: NotPermitted, Missing."""
    require(viewer, Permission.SYSTEM_MANAGE, system)
    rows = Membership.objects.filter(system=system, user=user, team=team)
    return rows.values_list("role", flat=True).first() or ""


def names_close_to(viewer: Actor, words: Sequence[str]) -> QuerySet[System, str]:
    """Names of systems that the viewer sees, with half of one of the words; some of them."""
    found = systems_visible(viewer).filter(close_to("name", words))
    return found.values_list("name", flat=True)[:MOST_TEXTS]


def systems_matching(viewer: Actor, text: str) -> QuerySet[System]:
    """Systems whose name, key or description says a text."""
    says = Q(name__icontains=text) | Q(key__icontains=text) | Q(description__icontains=text)
    return systems_visible(viewer).filter(says)
