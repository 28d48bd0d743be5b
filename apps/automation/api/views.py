"""The register of automation over HTTP."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.automation.api.serializers import (
    AutomationChange,
    AutomationIn,
    AutomationOut,
    AutomationQuery,
    AutomationRunOut,
    RetireIn,
    RunIn,
)
from apps.automation.guards import guarded, team
from apps.automation.models import Automation
from apps.automation.selectors import (
    AutomationFilter,
    automation_get,
    automation_of_pipeline,
    automations_list,
    runs_of,
)
from apps.automation.services.register import (
    AutomationInput,
    automation_create,
    automation_edit,
    automation_retire,
)
from apps.automation.services.runs import RunInput, run_tell
from apps.catalog.api.inputs import system_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent

TAG = "Automation"
EXAMPLE = {
    "system": "payments",
    "kind": "experiment",
    "name": "Lose the fare service on a Saturday",
    "stage": "operate",
    "repository": "https://git.example.org/payments/chaos",
    "path": "experiments/lost-fares.yaml",
    "tool": "Chaos Toolkit",
    "category": "lost-fares",
    "interval_days": 30,
    "hypothesis": "Nine bookings in ten still succeed.",
    "moves_value": True,
    "statements": ["RS-7"],
}


class Automations(PortalListView):
    serializer_class = AutomationOut

    @operation(
        "automations_list",
        "List automation with how it stands against its declaration",
        tag=TAG,
        query=AutomationQuery,
        gives=AutomationOut(many=True),
        description="`drift=trouble` lists whatever is not as declared; retired entries only by name.",
    )
    def get(self, request: Request) -> Response:
        wanted = AutomationFilter(**read_query(AutomationQuery, request))
        rows = automations_list(self.actor, wanted).prefetch_related("statements", "guidance")
        return self.page(AutomationOut, rows, "name", "id")

    @operation(
        "automations_create",
        "Declare automation",
        tag=TAG,
        takes=AutomationIn,
        gives=AutomationOut,
        status=201,
        repeatable=True,
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(AutomationIn, request)
        system = system_named(self.actor, given.pop("system"))
        content = AutomationInput(**_named(self.actor, given))
        made = automation_create(actor=self.actor, system=system, content=content)
        return self.one(AutomationOut, automation_get(self.actor, made.pk), 201)


def _named(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    """Keys as what they name. Raises: Invalid."""
    found = guarded(actor, given["statements"], given["guidance"])
    return given | {
        "owner": team(given["owner"]),
        "statements": found.statements,
        "guidance": found.guidance,
    }


def _said(row: Automation) -> dict[str, Any]:
    """What the entry says now, as a caller would have sent it."""
    names = set(AutomationChange().fields) - {"owner", "statements", "guidance"}
    return {name: getattr(row, name) for name in names} | {
        "owner": row.owner.key if row.owner else None,
        "statements": [each.pk for each in row.statements.all()],
        "guidance": [each.pk for each in row.guidance.all()],
    }


class OneAutomation(PortalView):
    serializer_class = AutomationOut

    @operation("automations_read", "Read automation", tag=TAG, gives=AutomationOut, versioned=True)
    def get(self, request: Request, automation: int) -> Response:
        read_query(Nothing, request)
        return self.one(AutomationOut, automation_get(self.actor, automation))

    @operation(
        "automations_edit",
        "Change what is declared",
        tag=TAG,
        takes=AutomationChange,
        gives=AutomationOut,
        edits=True,
        description="What is left out stays.",
        example={"revision": "v2.4.0", "interval_days": 14},
    )
    def patch(self, request: Request, automation: int) -> Response:
        row = automation_get(self.actor, automation)
        version = expected_version(request)
        given = read_body(AutomationChange, request, partial=True)
        content = AutomationInput(**_named(self.actor, _said(row) | given))
        automation_edit(actor=self.actor, automation=row, version=version, content=content)
        return self.one(AutomationOut, automation_get(self.actor, automation))


class RetireAutomation(PortalView):
    serializer_class = AutomationOut

    @operation(
        "automations_retire",
        "Retire automation, or take it up again",
        tag=TAG,
        takes=RetireIn,
        gives=AutomationOut,
        repeatable=True,
        example={"is_retired": True},
    )
    @idempotent
    def post(self, request: Request, automation: int) -> Response:
        is_retired = read_body(RetireIn, request)["is_retired"]
        row = automation_get(self.actor, automation)
        automation_retire(actor=self.actor, automation=row, is_retired=is_retired)
        return self.one(AutomationOut, automation_get(self.actor, automation))


class AutomationRuns(PortalListView):
    serializer_class = AutomationRunOut
    open_to_pipelines = True

    @operation(
        "automation_runs_list",
        "List runs, the newest first",
        tag=TAG,
        gives=AutomationRunOut(many=True),
    )
    def get(self, request: Request, automation: int) -> Response:
        read_query(Nothing, request)
        row = automation_get(self.actor, automation)
        return self.page(AutomationRunOut, runs_of(self.actor, row), "-ran_at", "-id")

    @operation(
        "automation_runs_create",
        "Tell of a run that no report tells of",
        tag=TAG,
        takes=RunIn,
        gives=AutomationRunOut,
        status=201,
        repeatable=True,
        description="A system's token may tell of runs of that system's automation.",
        example={"outcome": "passed", "revision": "9f2c1e7", "key": "job-4711"},
    )
    @idempotent
    def post(self, request: Request, automation: int) -> Response:
        given = read_body(RunIn, request)
        row = automation_of_pipeline(self.actor, automation)
        run = run_tell(actor=self.actor, automation=row, content=RunInput(**given))
        return self.one(AutomationRunOut, run, 201)
