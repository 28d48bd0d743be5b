"""Which evidence is expected, what arrived, and who fell silent."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.models import Criticality
from apps.catalog.selectors import system_get, systems_in_use
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import etag_of, expected_version, idempotent
from apps.common.errors import Invalid, Missing
from apps.coverage.api.serializers import (
    CoverageRowOut,
    ExceptionIn,
    ExceptionOut,
    ProfileIn,
    ProfileOut,
    SilenceAnswerIn,
    SilenceOut,
    SilenceQuery,
    SystemCoverageOut,
    ToolKindIn,
    ToolKindOut,
)
from apps.coverage.kinds import EvidenceKind
from apps.coverage.models import ToolKind
from apps.coverage.picture import Line
from apps.coverage.selectors import (
    LEVELS,
    coverage_of,
    exception_get,
    exceptions_of,
    profiles,
    silence_get,
    silences_open,
)
from apps.coverage.services.profiles import (
    exception_remove,
    exception_set,
    profile_reset,
    profile_set,
    tool_kind_set,
)
from apps.coverage.services.silence import silence_answer
from apps.guidance.selectors import guidance_get

TAG = "Coverage"


class Coverage(PortalListView):
    serializer_class = CoverageRowOut

    @operation(
        "coverage_list",
        "List systems with the evidence that each stage has",
        tag=TAG,
        gives=CoverageRowOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        self.ordering = ("name", "id")
        found = self.paginate_queryset(systems_in_use(self.actor)) or []
        rows = coverage_of(self.actor, found)
        return self.get_paginated_response(CoverageRowOut(rows, many=True).data)


class CoverageOfSystem(PortalView):
    serializer_class = SystemCoverageOut

    @operation(
        "coverage_read",
        "Read which evidence a system has, stage by stage",
        tag=TAG,
        gives=SystemCoverageOut,
        description="What is expected, what arrived and how fresh it is, and each gap as a sentence.",
    )
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        row = system_get(self.actor, system)
        return self.one(SystemCoverageOut, coverage_of(self.actor, [row])[0])


class Profiles(PortalView):
    serializer_class = ProfileOut

    @operation(
        "coverage_profiles_list",
        "List what is expected, by criticality",
        tag=TAG,
        gives=ProfileOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(ProfileOut(profiles().values(), many=True).data)


class OneProfile(PortalView):
    serializer_class = ProfileOut

    @operation(
        "coverage_profiles_read",
        "Read what is expected of systems of one criticality",
        tag=TAG,
        gives=ProfileOut,
        versioned=True,
    )
    def get(self, request: Request, criticality: str) -> Response:
        read_query(Nothing, request)
        return self._told(_level(criticality))

    @operation(
        "coverage_profiles_set",
        "Say what is expected of systems of one criticality",
        tag=TAG,
        takes=ProfileIn,
        gives=ProfileOut,
        edits=True,
        description="For security and admins of the organisation. What is left out is not expected.",
        example={
            "expectations": [
                {"stage": "code", "kind": "static-analysis", "max_age_days": 14},
                {"stage": "deploy", "kind": "configuration", "max_age_days": 30},
            ]
        },
    )
    def patch(self, request: Request, criticality: str) -> Response:
        level = _level(criticality)
        version = expected_version(request)
        given = read_body(ProfileIn, request)["expectations"]
        lines = [_line(self.actor, number, each) for number, each in enumerate(given)]
        profile_set(actor=self.actor, criticality=level, lines=lines, version=version)
        return self._told(level)

    @operation("coverage_profiles_reset", "Go back to the portal's own list", tag=TAG, status=204)
    def delete(self, request: Request, criticality: str) -> Response:
        profile_reset(actor=self.actor, criticality=_level(criticality))
        return Response(status=204)

    def _told(self, level: Criticality) -> Response:
        told = profiles()[level]
        return Response(ProfileOut(told).data, headers={"ETag": etag_of(told.version)})


def _level(name: str) -> Criticality:
    if name not in LEVELS:
        raise Missing(f"There is no criticality {name!r}; they are {', '.join(LEVELS)}.")
    return LEVELS[name]


def _line(actor: Actor, number: int, given: dict[str, Any]) -> Line:
    """Raises: Invalid with the line's number."""
    where, guidance = f"expectations.{number}", None
    if given["kind"] not in EvidenceKind.values:
        raise Invalid({f"{where}.kind": f"Say one of: {', '.join(EvidenceKind.values)}."})
    if given.get("guidance"):
        try:
            guidance = guidance_get(actor, given["guidance"])
        except Missing as error:
            raise Invalid({f"{where}.guidance": error.message}) from error
    kind = EvidenceKind(given["kind"])
    return Line(Stage(given["stage"]), kind, given["max_age_days"], guidance)


class Exceptions(PortalView):
    serializer_class = ExceptionOut

    @operation(
        "coverage_exceptions_list",
        "List where a system differs from its profile",
        tag=TAG,
        gives=ExceptionOut(many=True),
    )
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        rows = exceptions_of(self.actor, system_get(self.actor, system))
        return Response(ExceptionOut(rows, many=True).data)

    @operation(
        "coverage_exceptions_set",
        "Say where a system differs from its profile",
        tag=TAG,
        takes=ExceptionIn,
        gives=ExceptionOut,
        repeatable=True,
        description="One for each stage and kind; a second one takes the first one's place.",
        example={
            "stage": "test",
            "kind": "dynamic",
            "max_age_days": None,
            "reason": "It has no interface of its own.",
        },
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        given = read_body(ExceptionIn, request)
        row = exception_set(actor=self.actor, system=system_get(self.actor, system), **given)
        return self.one(ExceptionOut, row)


class OneException(PortalView):
    serializer_class = ExceptionOut

    @operation(
        "coverage_exceptions_remove", "Expect what the profile says again", tag=TAG, status=204
    )
    def delete(self, request: Request, system: str, exception: int) -> Response:
        row = exception_get(self.actor, system_get(self.actor, system), exception)
        exception_remove(actor=self.actor, row=row)
        return Response(status=204)


class ToolKinds(PortalView):
    serializer_class = ToolKindOut

    @operation(
        "coverage_tools_list",
        "List what tools count as by the organisation's word",
        tag=TAG,
        gives=ToolKindOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(ToolKindOut(ToolKind.objects.all(), many=True).data)

    @operation(
        "coverage_tools_set",
        "Say what a tool's reports count as",
        tag=TAG,
        takes=ToolKindIn,
        gives=ToolKindOut,
        repeatable=True,
        example={"tool": "Our own linter", "kind": "static-analysis"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(ToolKindIn, request)
        return self.one(ToolKindOut, tool_kind_set(actor=self.actor, **given))


class Silences(PortalListView):
    serializer_class = SilenceOut

    @operation(
        "silences_list",
        "List series that fell silent",
        tag=TAG,
        query=SilenceQuery,
        gives=SilenceOut(many=True),
        description="Those whose next report is overdue by their own rhythm, the longest first.",
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(SilenceQuery, request)
        rows = silences_open(self.actor)
        if "system" in wanted:
            rows = rows.filter(series__system=system_get(self.actor, wanted["system"]))
        return self.page(SilenceOut, rows, "since", "id")


class SilenceAnswers(PortalView):
    serializer_class = SilenceOut

    @operation(
        "silences_answer",
        "Say that a series is not run any more",
        tag=TAG,
        takes=SilenceAnswerIn,
        gives=SilenceOut,
        repeatable=True,
        description="It then counts as no evidence. Its next report takes the word back.",
        example={"answer": "ended"},
    )
    @idempotent
    def post(self, request: Request, silence: int) -> Response:
        answer = read_body(SilenceAnswerIn, request)["answer"]
        row = silence_answer(
            actor=self.actor, silence=silence_get(self.actor, silence), answer=answer
        )
        return self.one(SilenceOut, silence_get(self.actor, row.pk))
