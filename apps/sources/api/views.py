"""Sources and their runs."""

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.api.inputs import system_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.common.errors import Invalid, Missing
from apps.sources.api.serializers import (
    ConnectorOut,
    DiagnosisOut,
    RunOut,
    SourceChange,
    SourceIn,
    SourceOut,
    SourceQuery,
)
from apps.sources.models import Source
from apps.sources.registry import registry
from apps.sources.selectors import credential_get, runs_of, source_get, sources_filtered
from apps.sources.services.sources import (
    SourceInput,
    source_create,
    source_delete,
    source_edit,
    source_pause,
    source_run_now,
)
from apps.sources.services.testing import source_test

TAG = "Sources"
EXAMPLE = {
    "system": "payments",
    "name": "Nightly dependency scan",
    "connector": "https-url",
    "config": {"url": "https://ci.example.org/payments/trivy.json"},
    "stage": "build",
    "crontab": "30 4 * * *",
}


class Connectors(PortalView):
    serializer_class = ConnectorOut

    @operation(
        "connectors_list",
        "List the connectors with their fields",
        tag=TAG,
        gives=ConnectorOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        found = sorted(registry().connectors.values(), key=lambda each: each.name.lower())
        return Response(ConnectorOut(found, many=True).data)


class Sources(PortalListView):
    serializer_class = SourceOut

    @operation(
        "sources_list", "List sources", tag=TAG, query=SourceQuery, gives=SourceOut(many=True)
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(SourceQuery, request)
        return self.page(SourceOut, sources_filtered(self.actor, **wanted), "name", "id")

    @operation(
        "sources_create",
        "Have results pulled from somewhere",
        tag=TAG,
        takes=SourceIn,
        gives=SourceOut,
        status=201,
        repeatable=True,
        description=(
            "With an interval or a crontab it runs at once and then on schedule, without both only "
            "when it is asked to. What it brings becomes reports, as if they had been posted."
        ),
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(SourceIn, request)
        system = system_named(self.actor, given.pop("system"))
        content = SourceInput(**_with_credential(self.actor, given))
        made = source_create(actor=self.actor, system=system, content=content)
        return self.one(SourceOut, source_get(self.actor, made.pk), 201)


def _with_credential(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    """The credential by its number, if the actor may use it."""
    pk = given.get("credential")
    if pk is None:
        return given
    try:
        return given | {"credential": credential_get(actor, pk)}
    except Missing as error:
        raise Invalid({"credential": error.message}) from error


class OneSource(PortalView):
    serializer_class = SourceOut

    @operation("sources_read", "Read a source", tag=TAG, gives=SourceOut, versioned=True)
    def get(self, request: Request, source: int) -> Response:
        return self.one(SourceOut, source_get(self.actor, source))

    @operation(
        "sources_edit",
        "Change a source",
        tag=TAG,
        takes=SourceChange,
        gives=SourceOut,
        edits=True,
        description=(
            "What is left out stays. Another configuration is read from its beginning. A broken "
            "source is tried again at once."
        ),
        example={"interval_minutes": 60, "crontab": ""},
    )
    def patch(self, request: Request, source: int) -> Response:
        row = source_get(self.actor, source)
        version = expected_version(request)
        given = read_body(SourceChange, request, partial=True)
        content = SourceInput(**(_said(row) | _with_credential(self.actor, given)))
        source_edit(actor=self.actor, source=row, version=version, content=content)
        return self.one(SourceOut, source_get(self.actor, source))

    @operation("sources_delete", "Take a source away; its reports stay", tag=TAG, status=204)
    def delete(self, request: Request, source: int) -> Response:
        source_delete(actor=self.actor, source=source_get(self.actor, source))
        return Response(status=204)


def _said(row: Source) -> dict[str, Any]:
    """What the source says of itself now."""
    empty = SourceInput(name="", connector="")
    return {name: getattr(row, name) for name in asdict(empty)}


class SourceRuns(PortalListView):
    serializer_class = RunOut

    @operation("source_runs_list", "List runs, the newest first", tag=TAG, gives=RunOut(many=True))
    def get(self, request: Request, source: int) -> Response:
        read_query(Nothing, request)
        return self.page(RunOut, runs_of(self.actor, source), "-id")

    @operation(
        "source_runs_create",
        "Have it run now",
        tag=TAG,
        takes=Nothing,
        gives=RunOut,
        status=202,
        repeatable=True,
        description="Also a broken one. 409 while a run of it is under way: one at a time.",
        example={},
    )
    @idempotent
    def post(self, request: Request, source: int) -> Response:
        read_body(Nothing, request)
        row = source_get(self.actor, source)
        return self.one(RunOut, source_run_now(actor=self.actor, source=row), 202)


class TestSource(PortalView):
    serializer_class = DiagnosisOut

    @operation(
        "sources_test",
        "Try the connection and say what is wrong",
        tag=TAG,
        takes=Nothing,
        gives=DiagnosisOut,
        repeatable=True,
        description="Asks for as little as proves that it works. Nothing is received.",
        example={},
        answer={
            "is_good": False,
            "steps": [
                {
                    "name": "URL",
                    "is_good": True,
                    "detail": "https://ci.example.org is allowed here.",
                    "advice": "",
                },
                {
                    "name": "Network",
                    "is_good": False,
                    "detail": "The name ci.example.org is not known.",
                    "advice": "Check the spelling; the portal's machine has to know the name, too.",
                },
            ],
        },
    )
    @idempotent
    def post(self, request: Request, source: int) -> Response:
        read_body(Nothing, request)
        steps = source_test(actor=self.actor, source=source_get(self.actor, source))
        found = {"is_good": all(step.is_good for step in steps), "steps": steps}
        return self.one(DiagnosisOut, found)


class PauseSource(PortalView):
    serializer_class = SourceOut

    @operation(
        "sources_pause",
        "Pause a source",
        tag=TAG,
        takes=Nothing,
        gives=SourceOut,
        repeatable=True,
        description="No run begins while it is paused; one that is under way ends.",
        example={},
    )
    @idempotent
    def post(self, request: Request, source: int) -> Response:
        return _pause(self, request, source, is_paused=True)


class ResumeSource(PortalView):
    serializer_class = SourceOut

    @operation(
        "sources_resume",
        "Let a paused source go on, at once",
        tag=TAG,
        takes=Nothing,
        gives=SourceOut,
        repeatable=True,
        example={},
    )
    @idempotent
    def post(self, request: Request, source: int) -> Response:
        return _pause(self, request, source, is_paused=False)


def _pause(view: PortalView, request: Request, source: int, *, is_paused: bool) -> Response:
    read_body(Nothing, request)
    row = source_get(view.actor, source)
    source_pause(actor=view.actor, source=row, is_paused=is_paused)
    return view.one(SourceOut, source_get(view.actor, source))
