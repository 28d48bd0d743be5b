"""Asking for a ticket. Nothing leaves here: a worker files the row that is written."""

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
from apps.trackers.models import Ticket, TicketState, Tracker
from apps.trackers.services.text import ticket_text


@transaction.atomic
def ticket_file(
    *, actor: Actor, tracker: Tracker, subject: Finding | RiskStatement, link_only: bool = False
) -> Ticket:
    """Have an issue filed for a finding or a risk statement.

    Raises: NotPermitted, Missing, Invalid (a tracker of another system), Conflict (there is one already).
    """
    require(actor, Permission.TICKET_FILE, subject)
    if tracker.system_id not in {None, subject.system_id}:
        raise Invalid({"tracker": "This tracker serves another system."})
    text = ticket_text(tracker.kind, subject, link_only=link_only)
    ticket, is_new = Ticket.objects.get_or_create(
        tracker=tracker,
        finding=subject if isinstance(subject, Finding) else None,
        statement=subject if isinstance(subject, RiskStatement) else None,
        defaults={
            "system_id": subject.system_id,
            "title": text.title,
            "body": text.body,
            "made_by": actor.user,
        },
    )
    if not is_new:
        raise Conflict(f"There is a ticket for this in {tracker.name} already.")
    record(
        actor=actor,
        action="ticket.file",
        target=ticket,
        system_id=ticket.system_id,
        changes={"tracker": tracker.name, "title": text.title, "link_only": link_only},
    )
    transaction.on_commit(dispatch.file_tickets)
    return ticket


@transaction.atomic
def ticket_again(*, actor: Actor, ticket: Ticket) -> Ticket:
    """Try again what the tracker refused. Raises: NotPermitted, Missing, Conflict."""
    require(actor, Permission.TICKET_FILE, ticket)
    row: Ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if row.state != TicketState.FAILED:
        raise Conflict("Only a ticket that was not filed can be tried again.")
    row.state, row.attempts, row.next_attempt_at = TicketState.QUEUED, 0, timezone.now()
    row.save(update_fields=["state", "attempts", "next_attempt_at"])
    record(actor=actor, action="ticket.again", target=row, system_id=row.system_id)
    transaction.on_commit(dispatch.file_tickets)
    return row
