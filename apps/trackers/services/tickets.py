"""Asking for a ticket. Nothing leaves here: a worker files the row that is written."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.risks.models import RiskStatement
from apps.scans.models import Finding
from apps.trackers import dispatch
from apps.trackers.models import Ticket, TicketFinding, TicketState, Tracker
from apps.trackers.selectors import sightings_open, ticketed
from apps.trackers.services.text import ticket_text

MOST_FINDINGS = 100  # that one ticket is for


@transaction.atomic
def ticket_file(
    *, actor: Actor, tracker: Tracker, subject: Finding | RiskStatement, link_only: bool = False
) -> Ticket:
    """Have an issue filed for a finding or a risk statement.

    Raises: NotPermitted, Missing, Invalid (a tracker of another system), Conflict (there is one already).
    """
    require(actor, Permission.TICKET_FILE, subject)
    _lock(tracker)
    if isinstance(subject, Finding):
        exists = bool(ticketed(tracker, [subject]))
    else:
        exists = Ticket.objects.filter(tracker=tracker, statement=subject).exists()
    if exists:
        raise Conflict(f"There is a ticket for this in {tracker.name} already.")
    return _make(actor, tracker, subject, (), link_only=link_only)


@transaction.atomic
def findings_ticket_file(
    *, actor: Actor, tracker: Tracker, findings: Sequence[Finding], link_only: bool = False
) -> Ticket:
    """Have one issue filed for several findings of one system; those with a ticket there are left out.

    Raises: NotPermitted, Missing, Invalid, Conflict (each has one already).
    """
    for finding in findings:
        require(actor, Permission.TICKET_FILE, finding)
    if not 1 <= len(findings) <= MOST_FINDINGS:
        raise Invalid({"findings": f"Give 1 to {MOST_FINDINGS} findings."})
    if len({finding.system_id for finding in findings}) > 1:
        raise Invalid({"findings": "They are of several systems: file a ticket for each system."})
    _lock(tracker)
    taken = ticketed(tracker, findings)
    left = sorted((one for one in findings if one.pk not in taken), key=worst_first)
    if not left:
        raise Conflict(f"There is a ticket for each of these in {tracker.name} already.")
    return _make(actor, tracker, left[0], left[1:], link_only=link_only)


@transaction.atomic
def weakness_ticket_file(
    *, actor: Actor, tracker: Tracker, finding: Finding, link_only: bool = False
) -> Ticket:
    """Have one issue filed for a weakness: for the finding and all open sightings of other tools.

    Where one of them has a ticket there, the others join it: one weakness has one ticket.
    Raises: NotPermitted, Missing, Invalid, Conflict (all of them have one already).
    """
    require(actor, Permission.TICKET_FILE, finding)
    sightings = [finding, *sightings_open(actor, finding)[: MOST_FINDINGS - 1]]
    _lock(tracker)
    taken = ticketed(tracker, sightings)
    if not taken:
        first, *rest = sorted(sightings, key=worst_first)
        return _make(actor, tracker, first, rest, link_only=link_only)
    joining = [one for one in sightings if one.pk not in taken]
    if not joining:
        raise Conflict(f"There is a ticket for this in {tracker.name} already.")
    ticket = Ticket.objects.get(pk=min(taken.values()))
    _hang_on(ticket, joining)
    record(
        actor=actor,
        action="ticket.join",
        target=ticket,
        system_id=ticket.system_id,
        changes={"findings": [one.pk for one in joining]},
    )
    return ticket


def _lock(tracker: Tracker) -> None:
    """Whether a finding has a ticket is asked in two tables: one at a time asks and writes."""
    Tracker.objects.select_for_update().get(pk=tracker.pk)


def worst_first(finding: Finding) -> tuple[int, int]:
    """The order in which a ticket names findings."""
    return (-finding.severity, finding.pk)


def _make(
    actor: Actor,
    tracker: Tracker,
    subject: Finding | RiskStatement,
    others: Sequence[Finding],
    *,
    link_only: bool,
) -> Ticket:
    if tracker.system_id not in {None, subject.system_id}:
        raise Invalid({"tracker": "This tracker serves another system."})
    text = ticket_text(tracker.kind, subject, link_only=link_only, others=others)
    ticket: Ticket = Ticket.objects.create(
        tracker=tracker,
        finding=subject if isinstance(subject, Finding) else None,
        statement=subject if isinstance(subject, RiskStatement) else None,
        system_id=subject.system_id,
        title=text.title,
        body=text.body,
        made_by=actor.user,
    )
    _hang_on(ticket, others)
    told = {"tracker": tracker.name, "title": text.title, "link_only": link_only}
    more = {"findings": [one.pk for one in others]} if others else {}
    record(
        actor=actor,
        action="ticket.file",
        target=ticket,
        system_id=ticket.system_id,
        changes=told | more,
    )
    transaction.on_commit(dispatch.file_tickets)
    return ticket


def _hang_on(ticket: Ticket, findings: Sequence[Finding]) -> None:
    TicketFinding.objects.bulk_create(
        TicketFinding(ticket=ticket, tracker_id=ticket.tracker_id, finding=finding)
        for finding in findings
    )


@transaction.atomic
def ticket_again(*, actor: Actor, ticket: Ticket) -> Ticket:
    """File what the tracker refused, or what is no longer there, once more.

    Raises: NotPermitted, Missing, Conflict.
    """
    require(actor, Permission.TICKET_FILE, ticket)
    row: Ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if row.state not in {TicketState.FAILED, TicketState.GONE}:
        raise Conflict("Only a ticket that was not filed, or is no longer there, is filed again.")
    told = {"state": [row.state, TicketState.QUEUED], "url": [row.url, ""]}
    row.state, row.attempts, row.next_attempt_at = TicketState.QUEUED, 0, timezone.now()
    row.key = row.url = row.error = ""
    row.checked_at = None
    row.save(
        update_fields=["state", "attempts", "next_attempt_at", "key", "url", "error", "checked_at"]
    )
    record(actor=actor, action="ticket.again", target=row, system_id=row.system_id, changes=told)
    transaction.on_commit(dispatch.file_tickets)
    return row
