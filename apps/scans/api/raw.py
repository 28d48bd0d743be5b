"""What the organisation keeps of raw reports."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.scans.selectors_raw import raw_copies_are_masked
from apps.scans.services.raw import raw_copies_set

TAG = "Reports"


class RawCopiesIn(Input):
    masked = serializers.BooleanField()


class RawCopiesOut(serializers.Serializer[Any]):
    """Whether secrets are masked in the raw copies of reports, too."""

    masked = serializers.BooleanField()


class RawCopies(PortalView):
    serializer_class = RawCopiesOut

    @operation("raw_copies_read", "Read whether raw copies are masked", tag=TAG, gives=RawCopiesOut)
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self._told()

    @operation(
        "raw_copies_set",
        "Say whether raw copies are masked",
        tag=TAG,
        takes=RawCopiesIn,
        gives=RawCopiesOut,
        repeatable=True,
        description=(
            "Findings never hold the secrets of a report. With `masked`, its raw copy does not either, once it has "
            "been read, and only masked copies can be downloaded. Copies that are there already stay as they are. "
            "For security and admins of the organisation."
        ),
        example={"masked": True},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        raw_copies_set(actor=self.actor, masked=read_body(RawCopiesIn, request)["masked"])
        return self._told()

    def _told(self) -> Response:
        return Response(RawCopiesOut({"masked": raw_copies_are_masked()}).data)
