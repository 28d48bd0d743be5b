"""How long raw copies of reports are kept."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.scans.selectors_retention import retention_days
from apps.scans.services.retention import LONGEST, retention_set

TAG = "Reports"


class RetentionIn(Input):
    raw_days = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST,
        allow_null=True,
        help_text="Days after which the raw copy of a finished report goes; null: it is kept.",
    )


class RetentionOut(serializers.Serializer[Any]):
    raw_days = serializers.IntegerField(allow_null=True, help_text="Null: raw copies are kept.")


class Retention(PortalView):
    serializer_class = RetentionOut

    @operation("retention_read", "Read how long raw reports are kept", tag=TAG, gives=RetentionOut)
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self._told()

    @operation(
        "retention_set",
        "Say how long raw reports are kept",
        tag=TAG,
        takes=RetentionIn,
        gives=RetentionOut,
        repeatable=True,
        description=(
            "For admins of the organisation. Findings, evidence and counts stay; a report says when its "
            "raw copy went (`raw_removed_at`). What is removed cannot be brought back."
        ),
        example={"raw_days": 90},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(RetentionIn, request)
        retention_set(actor=self.actor, days=given["raw_days"])
        return self._told()

    def _told(self) -> Response:
        return Response(RetentionOut({"raw_days": retention_days()}).data)
