"""Connections are the organisation's; tickets are seen by who sees their system."""

import uuid
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.urls import reverse

from apps.accounts.actors import Actor
from apps.accounts.policy import may, require
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.risks.models import RiskStatement
from apps.scans.models import Finding
from apps.trackers.models import Ticket, Tracker


def trackers_list(viewer: Actor) -> QuerySet[Tracker]:
    """Raises: NotPermitted."""
    require(viewer, Permission.TRACKER_MANAGE)
    return Tracker.objects.select_related("system", "made_by")


def tracker_get(viewer: Actor, pk: int) -> Tracker:
    """Raises: NotPermitted, Missing."""
    row = trackers_list(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such tracker.")
    return row


def trackers_for(viewer: Actor, subject: Finding | RiskStatement) -> QuerySet[Tracker]:
    """Where the viewer may file a ticket for this; none for who may not."""
    if not may(viewer, Permission.TICKET_FILE, subject):
        return Tracker.objects.none()
    return Tracker.objects.filter(Q(system=None) | Q(system=subject.system_id), is_paused=False)


def tickets_visible(viewer: Actor) -> QuerySet[Ticket]:
    rows: QuerySet[Ticket] = Ticket.objects.visible_to(viewer)
    return rows.select_related("tracker", "system", "made_by").order_by("-id")


def ticket_get(viewer: Actor, uid: uuid.UUID) -> Ticket:
    """Raises: Missing."""
    row = tickets_visible(viewer).filter(uid=uid).first()
    if row is None:
        raise Missing("There is no such ticket.")
    return row


def tickets_of(viewer: Actor, subject: Finding | RiskStatement) -> Sequence[Ticket]:
    wanted = Q(finding=subject.pk) if isinstance(subject, Finding) else Q(statement=subject.pk)
    return list(tickets_visible(viewer).filter(wanted))


def ticket_panel(viewer: Actor, subject: Finding | RiskStatement) -> dict[str, object]:
    """What the panel on the subject's page shows. is_open: a finding that the newest report still sees."""
    is_finding = isinstance(subject, Finding)
    page = "finding-ticket" if is_finding else "statement-ticket"
    return {
        "tickets": tickets_of(viewer, subject),
        "may_file": trackers_for(viewer, subject).exists(),
        "ticket_page": reverse(page, args=[subject.pk]),
        "is_open": isinstance(subject, Finding) and subject.is_present and subject.state == "open",
    }
