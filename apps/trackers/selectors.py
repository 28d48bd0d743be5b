"""Connections are the organisation's; tickets are seen by who sees their system."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from apps.accounts.actors import Actor
from apps.accounts.policy import may, require
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.common.ui.diff import DiffLine, diff_lines
from apps.planning.models import ItemStatus, PlanningItem, moves_from
from apps.risks.models import RiskStatement
from apps.scans.models import Finding, FindingState
from apps.scans.selectors_groups import sightings_of
from apps.trackers.models import (
    CommentState,
    DecisionComment,
    Mirror,
    MirroredIssue,
    Ticket,
    TicketFinding,
    Tracker,
)


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


def hook_address(tracker: Tracker) -> str:
    """Where the tracker's own webhook sends its messages."""
    return f"{settings.BASE_URL}{reverse('tracker-hook-in', args=[tracker.uid])}"


def trackers_for(viewer: Actor, subject: Finding | RiskStatement) -> QuerySet[Tracker]:
    """Where the viewer may file a ticket for this; none for who may not."""
    if not may(viewer, Permission.TICKET_FILE, subject):
        return Tracker.objects.none()
    return Tracker.objects.filter(Q(system=None) | Q(system=subject.system_id), is_paused=False)


def tickets_visible(viewer: Actor) -> QuerySet[Ticket]:
    rows: QuerySet[Ticket] = Ticket.objects.visible_to(viewer)
    rows = rows.select_related("tracker", "system", "made_by").prefetch_related("more")
    return rows.order_by("-id")


def ticket_get(viewer: Actor, uid: uuid.UUID) -> Ticket:
    """Raises: Missing."""
    row = tickets_visible(viewer).filter(uid=uid).first()
    if row is None:
        raise Missing("There is no such ticket.")
    return row


def tickets_of(viewer: Actor, subject: Finding | RiskStatement) -> QuerySet[Ticket]:
    if isinstance(subject, RiskStatement):
        return tickets_visible(viewer).filter(statement=subject.pk)
    return tickets_visible(viewer).filter(_for_findings([subject.pk]))


def sightings_open(viewer: Actor, finding: Finding) -> QuerySet[Finding]:
    """Open findings of other tools that are the same weakness, the first seen first."""
    return sightings_of(viewer, finding).filter(state=FindingState.OPEN).order_by("id")


def tickets_of_weakness(
    viewer: Actor, finding: Finding, sightings: Sequence[Finding]
) -> Sequence[Ticket]:
    """Tickets for other sightings of the finding's weakness, and not for the finding itself."""
    if not sightings:
        return []
    others, own = _for_findings([one.pk for one in sightings]), _for_findings([finding.pk])
    return list(tickets_visible(viewer).filter(others).exclude(own))


def ticketed(tracker: Tracker, findings: Sequence[Finding]) -> dict[int, int]:
    """Of these findings those that have a ticket there, with its number."""
    ids = [finding.pk for finding in findings]
    first = Ticket.objects.filter(tracker=tracker, finding__in=ids).values_list("finding", "pk")
    more = TicketFinding.objects.filter(tracker=tracker, finding__in=ids)
    return dict(first) | dict(more.values_list("finding", "ticket"))


def _for_findings(numbers: Sequence[int]) -> Q:
    more = TicketFinding.objects.filter(ticket=OuterRef("pk"), finding__in=numbers)
    return Q(finding__in=numbers) | Q(Exists(more))


def ticket_panel(
    subject: Finding | RiskStatement,
    tickets: Sequence[Ticket],
    *,
    may_file: bool,
    of_weakness: Sequence[Ticket] = (),
) -> dict[str, object]:
    """What the panel on the subject's page shows, of its tickets (tickets_of).

    may_file: there is a tracker for that (trackers_for). of_weakness: tickets_of_weakness. is_open: a
    finding that the newest report still sees.
    """
    is_finding = isinstance(subject, Finding)
    page = "finding-ticket" if is_finding else "statement-ticket"
    return {
        "tickets": tickets,
        "weakness_tickets": of_weakness,
        "may_file": may_file,
        "ticket_page": reverse(page, args=[subject.pk]),
        "is_open": isinstance(subject, Finding) and subject.is_present and subject.state == "open",
    }


def mirror_of(viewer: Actor, tracker: Tracker) -> Mirror:
    """What of the tracker becomes planning items; one that is off where nobody has said. Raises: NotPermitted."""
    require(viewer, Permission.TRACKER_MANAGE)
    rows = Mirror.objects.select_related("tracker", "tracker__system", "system")
    found = rows.prefetch_related("routes__system").filter(tracker=tracker).first()
    return found or Mirror(tracker=tracker)


def mirrored_count(viewer: Actor, tracker: Tracker) -> int:
    """How many items come from the tracker. Raises: NotPermitted."""
    require(viewer, Permission.TRACKER_MANAGE)
    return MirroredIssue.objects.filter(tracker=tracker).count()


@dataclass(frozen=True)
class Origin:
    """Where an item comes from, and what is otherwise there than here."""

    link: MirroredIssue
    item: PlanningItem
    may_edit: bool
    may_tell: bool
    comments: list[DecisionComment]

    @property
    def failed(self) -> list[DecisionComment]:
        """Comments that did not arrive, or of which nobody knows."""
        return [each for each in self.comments if each.state == CommentState.FAILED]

    @property
    def told(self) -> DecisionComment | None:
        """The last one that is there, or on its way."""
        return next((each for each in reversed(self.comments) if each not in self.failed), None)

    @property
    def differs_in(self) -> list[str]:
        """Fields of the item that say something else than the tracker: title, question."""
        pairs = {
            "title": (self.item.title, self.link.title),
            "question": (unbroken(self.item.question), self.link.text),
        }
        return [name for name, (here, there) in pairs.items() if here != there]

    @property
    def diff(self) -> tuple[DiffLine, ...]:
        """From the words here to those of the tracker."""
        here = f"{self.item.title}\n\n{unbroken(self.item.question)}"
        return diff_lines(here, f"{self.link.title}\n\n{self.link.text}")

    @property
    def is_done_there_only(self) -> bool:
        return self.link.is_closed and self.item.status != ItemStatus.DONE

    @property
    def is_open_there_only(self) -> bool:
        return not self.link.is_closed and self.item.status == ItemStatus.DONE

    @property
    def may_finish(self) -> bool:
        """Whether the viewer may set to done here what was closed there."""
        if not (self.may_edit and self.is_done_there_only):
            return False
        bound = self.item.has_decision_in_force()
        return ItemStatus.DONE in moves_from(self.item.status, bound=bound)


def mirrored_of(viewer: Actor, item_id: int) -> QuerySet[MirroredIssue]:
    """The issue that an item is a mirror of."""
    rows: QuerySet[MirroredIssue] = MirroredIssue.objects.visible_to(viewer)
    return rows.select_related("tracker").filter(item=item_id)


def origin_of_item(viewer: Actor, item: PlanningItem) -> Origin | None:
    """None: it was written here, or its tracker was taken away."""
    link = mirrored_of(viewer, item.pk).first()
    if not isinstance(link, MirroredIssue):
        return None
    return Origin(
        link=link,
        item=item,
        may_edit=may(viewer, Permission.ITEM_EDIT, item),
        may_tell=may(viewer, Permission.DECISION_RECORD, item),
        comments=list(DecisionComment.objects.visible_to(viewer).filter(mirrored=link)),
    )


def unbroken(text: str) -> str:
    """As two texts are compared: a form sends lines that end otherwise."""
    return text.replace("\r\n", "\n").strip()
