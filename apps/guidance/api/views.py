"""The library."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.roles import Permission
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.guidance.api.serializers import (
    GuidanceIn,
    GuidanceOut,
    GuidanceQuery,
    GuidanceRowOut,
    PublishIn,
    VersionOut,
)
from apps.guidance.models import Guidance, GuidanceText
from apps.guidance.selectors import (
    Filter,
    Usefulness,
    guidance_get,
    guidance_list,
    usefulness_of,
    versions_of,
)
from apps.guidance.services import (
    guidance_create,
    guidance_edit,
    guidance_publish,
    guidance_retire,
    guidance_return,
)

TAG = "Guidance"


@dataclass(frozen=True)
class Shown:
    """A piece of guidance as one reader sees it."""

    guidance: Guidance
    text: GuidanceText
    working_text: GuidanceText | None
    version: int
    published_number: int | None
    published_at: dt.datetime | None
    usefulness: Usefulness | None


def shown(viewer: Actor, guidance: Guidance, *, counted: bool = True) -> Shown:
    """Unpublished changes and what readers said are for those who write guidance.

    counted: False for rows of a list, which do not say how useful each was.
    """
    writes = Permission.GUIDANCE_EDIT in viewer.organisation_grant
    current = guidance.current
    return Shown(
        guidance=guidance,
        text=current or guidance,
        working_text=guidance if writes else None,
        version=guidance.version,
        published_number=current.number if current else None,
        published_at=current.published_at if current else None,
        usefulness=usefulness_of(viewer, guidance) if counted else None,
    )


class Library(PortalListView):
    serializer_class = GuidanceRowOut

    @operation(
        "guidance_list",
        "Search the library",
        tag=TAG,
        query=GuidanceQuery,
        gives=GuidanceRowOut(many=True),
        description="The best hit first where words are given, else by title.",
    )
    def get(self, request: Request) -> Response:
        wanted = _filter(read_query(GuidanceQuery, request))
        rows = guidance_list(self.actor, wanted)
        self.ordering = ("-score", "title", "pk") if wanted.text.strip() else ("title", "pk")
        page = self.paginate_queryset(rows) or ()
        found = [shown(self.actor, row, counted=False) for row in page]
        return self.get_paginated_response(GuidanceRowOut(found, many=True).data)

    @operation(
        "guidance_create",
        "Write a draft",
        tag=TAG,
        takes=GuidanceIn,
        gives=GuidanceOut,
        status=201,
        repeatable=True,
        versioned=True,
        example={
            "title": "Uploads go through signed addresses",
            "body": "Sign each address for one object, one method and ten minutes.",
            "stages": ["plan", "code"],
            "technologies": ["s3"],
            "cwes": [284],
            "condition": "If you open the bucket to everyone who has the link",
            "consequence": "then invoices are read by strangers",
            "frequency_low": "0.1",
            "frequency_high": "1",
            "magnitude_low": "10000.00",
            "magnitude_high": "500000.00",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        made = guidance_create(actor=self.actor, **read_body(GuidanceIn, request))
        return self.one(
            GuidanceOut, shown(self.actor, made), 201, location=f"/api/v1/guidance/{made.key}"
        )


def _filter(wanted: dict[str, Any]) -> Filter:
    return Filter(
        text=wanted.get("q", ""),
        stage=wanted.get("stage", ""),
        technology=wanted.get("technology", ""),
        cwe=wanted.get("cwe"),
    )


class OneGuidance(PortalView):
    serializer_class = GuidanceOut

    @operation(
        "guidance_read", "Read a piece of guidance", tag=TAG, gives=GuidanceOut, versioned=True
    )
    def get(self, request: Request, guidance: int) -> Response:
        return self.one(GuidanceOut, shown(self.actor, guidance_get(self.actor, guidance)))

    @operation(
        "guidance_edit",
        "Change the working text",
        tag=TAG,
        takes=GuidanceIn,
        gives=GuidanceOut,
        edits=True,
        description="What is published stays as it is until it is published again.",
        example={"summary": "Ten minutes, one object, one method."},
    )
    def patch(self, request: Request, guidance: int) -> Response:
        row = guidance_get(self.actor, guidance)
        version = expected_version(request)
        values = read_body(GuidanceIn, request, partial=True)
        edited = guidance_edit(actor=self.actor, guidance=row, version=version, **values)
        return self.one(GuidanceOut, shown(self.actor, edited))


class PublishGuidance(PortalView):
    serializer_class = VersionOut

    @operation(
        "guidance_publish",
        "Publish the working text as the next version",
        tag=TAG,
        takes=PublishIn,
        gives=VersionOut,
        status=201,
        repeatable=True,
        example={"note": "Ten minutes instead of an hour."},
    )
    @idempotent
    def post(self, request: Request, guidance: int) -> Response:
        row = guidance_get(self.actor, guidance)
        made = guidance_publish(actor=self.actor, guidance=row, **read_body(PublishIn, request))
        made.refresh_from_db()
        return Response(VersionOut(made).data, status=201)


class RetireGuidance(PortalView):
    serializer_class = GuidanceOut

    @operation(
        "guidance_retire",
        "Take guidance out of the library",
        tag=TAG,
        takes=None,
        gives=GuidanceOut,
        repeatable=True,
        versioned=True,
        description="Statements made from it keep their origin.",
    )
    @idempotent
    def post(self, request: Request, guidance: int) -> Response:
        read_body(Nothing, request)
        row = guidance_retire(actor=self.actor, guidance=guidance_get(self.actor, guidance))
        return self.one(GuidanceOut, shown(self.actor, row))


class ReturnGuidance(PortalView):
    serializer_class = GuidanceOut

    @operation(
        "guidance_return",
        "Take retired guidance back into the library",
        tag=TAG,
        takes=None,
        gives=GuidanceOut,
        repeatable=True,
        versioned=True,
        description="With what was published last. 409 for what is not retired.",
    )
    @idempotent
    def post(self, request: Request, guidance: int) -> Response:
        read_body(Nothing, request)
        row = guidance_return(actor=self.actor, guidance=guidance_get(self.actor, guidance))
        return self.one(GuidanceOut, shown(self.actor, row))


class Versions(PortalListView):
    serializer_class = VersionOut

    @operation(
        "guidance_versions_list",
        "List what was published, the newest first",
        tag=TAG,
        gives=VersionOut(many=True),
    )
    def get(self, request: Request, guidance: int) -> Response:
        read_query(Nothing, request)
        return self.page(VersionOut, versions_of(self.actor, guidance), "-number", "pk")
