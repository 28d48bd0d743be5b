"""Trackers, for admins of the organisation, and tickets, for who sees their system."""

import uuid
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.catalog.api.inputs import with_system
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.common.errors import Conflict, Invalid, Missing
from apps.common.outgoing import OutgoingFailed
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.scans.models import Finding
from apps.scans.selectors import finding_get, findings_chosen
from apps.trackers.api.serializers import (
    TicketIn,
    TicketOut,
    TrackerHookOut,
    TrackerIn,
    TrackerOut,
    TrackerPauseIn,
    TrackerTestOut,
)
from apps.trackers.selectors import (
    hook_address,
    ticket_get,
    tickets_visible,
    tracker_get,
    trackers_for,
    trackers_list,
)
from apps.trackers.services import hooks, tickets, trackers

TAG = "Trackers"
EXAMPLE = {
    "name": "Issues of the payments team",
    "kind": "github",
    "url": "https://api.github.com",
    "project": "example/payments",
    "token": "github_pat_...",
    "labels": ["security"],
}


class Trackers(PortalListView):
    serializer_class = TrackerOut

    @operation("trackers_list", "List issue trackers", tag=TAG, gives=TrackerOut(many=True))
    def get(self, request: Request) -> Response:
        rows = trackers_list(self.actor)
        read_query(Nothing, request)
        return self.page(TrackerOut, rows, "-id")

    @operation(
        "trackers_create",
        "Connect an issue tracker",
        tag=TAG,
        takes=TrackerIn,
        gives=TrackerOut,
        status=201,
        repeatable=True,
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        trackers_list(self.actor)  # who may not read them learns nothing of what is wrong
        given = with_system(self.actor, read_body(TrackerIn, request))
        return self.one(TrackerOut, trackers.tracker_create(actor=self.actor, **given), 201)


class OneTracker(PortalView):
    serializer_class = TrackerOut

    @operation("trackers_read", "Read an issue tracker", tag=TAG, gives=TrackerOut, versioned=True)
    def get(self, request: Request, tracker: int) -> Response:
        return self.one(TrackerOut, tracker_get(self.actor, tracker))

    @operation(
        "trackers_edit",
        "Change an issue tracker",
        tag=TAG,
        takes=TrackerIn,
        gives=TrackerOut,
        edits=True,
        description="Without a token the one there is stays, as long as the address does.",
        example={"labels": ["security", "portal"]},
    )
    def patch(self, request: Request, tracker: int) -> Response:
        row = tracker_get(self.actor, tracker)
        version = expected_version(request)
        given = with_system(self.actor, read_body(TrackerIn, request, partial=True))
        names = (
            *("name", "kind", "url", "project", "username", "labels", "issue_type"),
            *("closes_fixed", "system"),
        )
        known = {name: getattr(row, name) for name in names}
        trackers.tracker_edit(actor=self.actor, tracker=row, version=version, **known | given)
        return self.one(TrackerOut, tracker_get(self.actor, tracker))

    @operation(
        "trackers_delete",
        "Take an issue tracker away, with what is known of its tickets",
        tag=TAG,
        status=204,
    )
    def delete(self, request: Request, tracker: int) -> Response:
        trackers.tracker_delete(actor=self.actor, tracker=tracker_get(self.actor, tracker))
        return Response(status=204)


class TrackerTest(PortalView):
    serializer_class = TrackerTestOut

    @operation(
        "trackers_test",
        "Try the connection",
        tag=TAG,
        gives=TrackerTestOut,
        repeatable=True,
        description="Asks for the project and files nothing.",
    )
    @idempotent
    def post(self, request: Request, tracker: int) -> Response:
        read_body(Nothing, request)
        row = tracker_get(self.actor, tracker)
        try:
            told = {"works": True, "message": trackers.tracker_test(actor=self.actor, tracker=row)}
        except (OutgoingFailed, Conflict) as error:
            told = {"works": False, "message": error.message}
        return self.one(TrackerTestOut, told)


class TrackerPause(PortalView):
    serializer_class = TrackerOut

    @operation(
        "trackers_pause",
        "Pause an issue tracker, or go on",
        tag=TAG,
        takes=TrackerPauseIn,
        gives=TrackerOut,
        repeatable=True,
        example={"paused": True},
    )
    @idempotent
    def post(self, request: Request, tracker: int) -> Response:
        row = tracker_get(self.actor, tracker)
        paused = read_body(TrackerPauseIn, request)["paused"]
        trackers.tracker_pause(actor=self.actor, tracker=row, is_paused=paused)
        return self.one(TrackerOut, tracker_get(self.actor, tracker))


class TrackerHook(PortalView):
    serializer_class = TrackerHookOut
    shown_once = frozenset({"secret"})

    @operation(
        "trackers_hook_make",
        "Make the secret of a tracker's own webhook",
        tag=TAG,
        gives=TrackerHookOut,
        status=201,
        repeatable=True,
        description=(
            "Put address and secret into a webhook there that tells of issues (docs/trackers.md). A secret from "
            "before ends at once."
        ),
    )
    @idempotent
    def post(self, request: Request, tracker: int) -> Response:
        read_body(Nothing, request)
        row = tracker_get(self.actor, tracker)
        secret = hooks.hook_make(actor=self.actor, tracker=row)
        return self.one(TrackerHookOut, {"address": hook_address(row), "secret": secret}, 201)

    @operation("trackers_hook_end", "Take no messages of a tracker any more", tag=TAG, status=204)
    def delete(self, request: Request, tracker: int) -> Response:
        hooks.hook_end(actor=self.actor, tracker=tracker_get(self.actor, tracker))
        return Response(status=204)


class Tickets(PortalListView):
    serializer_class = TicketOut

    @operation("tickets_list", "List tickets", tag=TAG, gives=TicketOut(many=True))
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(TicketOut, tickets_visible(self.actor), "-id")

    @operation(
        "tickets_create",
        "File a ticket for a finding, several, or a risk statement",
        tag=TAG,
        takes=TicketIn,
        gives=TicketOut,
        status=202,
        repeatable=True,
        description=(
            "A worker files it; read it until `state` is open. The answer's `title` and `body` are what "
            "leaves the portal. A second ticket for the same in the same tracker is refused (409)."
        ),
        example={"tracker": 1, "finding": 4711, "link_only": True},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        said = read_body(TicketIn, request)
        findings = self._findings(said)
        subject = findings[0] if findings else self._subject(said["finding"], said["statement"])
        require(self.actor, Permission.TICKET_FILE, subject)
        tracker = trackers_for(self.actor, subject).filter(pk=said["tracker"]).first()
        if tracker is None:
            raise Invalid({"tracker": "There is no such tracker for this system."})
        given: dict[str, Any] = {
            "actor": self.actor, "tracker": tracker, "link_only": said["link_only"]
        }  # fmt: skip
        if findings:
            made = tickets.findings_ticket_file(findings=findings, **given)
        elif said["whole_weakness"] and isinstance(subject, Finding):
            made = tickets.weakness_ticket_file(finding=subject, **given)
        else:
            made = tickets.ticket_file(subject=subject, **given)
        return self.one(TicketOut, ticket_get(self.actor, made.uid), 202)

    def _findings(self, said: dict[str, Any]) -> list[Finding]:
        """Raises: Invalid; what the actor may not see is not there."""
        if "findings" not in said:
            if said["whole_weakness"] and said["finding"] is None:
                raise Invalid({"whole_weakness": "Give the finding of which it is the weakness."})
            return []
        if said["finding"] or said["statement"] or said["whole_weakness"]:
            raise Invalid({"findings": "Give either several findings, a finding or a statement."})
        found = findings_chosen(self.actor, said["findings"])
        if len(found) != len(set(said["findings"])):
            raise Invalid({"findings": "One of them is not there, or you may not see it."})
        return found

    def _subject(self, finding: int | None, statement: int | None) -> Finding | RiskStatement:
        """Raises: Invalid; what the actor may not see is not there."""
        if (finding is None) == (statement is None):
            raise Invalid({"finding": "Give either a finding or a statement."})
        try:
            if statement is not None:
                return statement_get(self.actor, statement)
            return finding_get(self.actor, finding or 0)
        except Missing as error:
            name = "statement" if finding is None else "finding"
            raise Invalid({name: error.message}) from error


class OneTicket(PortalView):
    serializer_class = TicketOut

    @operation("tickets_read", "Read a ticket", tag=TAG, gives=TicketOut)
    def get(self, request: Request, ticket: uuid.UUID) -> Response:
        return self.one(TicketOut, ticket_get(self.actor, ticket))


class TicketAgain(PortalView):
    serializer_class = TicketOut

    @operation(
        "tickets_again",
        "File a ticket again that was refused, or is no longer there",
        tag=TAG,
        gives=TicketOut,
        status=202,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, ticket: uuid.UUID) -> Response:
        read_body(Nothing, request)
        tickets.ticket_again(actor=self.actor, ticket=ticket_get(self.actor, ticket))
        return self.one(TicketOut, ticket_get(self.actor, ticket), 202)
