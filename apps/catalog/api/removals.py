"""What was taken away lately: put back, or forgotten."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.removed import (
    removal_get,
    removals_visible,
    removed_forget,
    removed_restore,
)
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut
from apps.common.api.views import idempotent

TAG = "Recently removed"


class RemovalOut(serializers.Serializer[Any]):
    """Something that somebody took away; `kind` and `object_id` are what it was."""

    uid = serializers.UUIDField()
    kind = serializers.CharField()
    object_id = serializers.IntegerField(
        help_text="Its number, which it has again once it is back."
    )
    label = serializers.CharField()  # type: ignore[assignment]
    removed_by = PersonOut(allow_null=True)
    removed_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="From then on it is gone for good.")
    restored_at = serializers.DateTimeField(allow_null=True)


class Removals(PortalListView):
    serializer_class = RemovalOut

    @operation(
        "removals_list",
        "List what can be put back, the newest first",
        tag=TAG,
        gives=RemovalOut(many=True),
        description="For those who may take such a thing away. Kept for seven days, secrets sealed.",
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(RemovalOut, removals_visible(self.actor), "-id")


class OneRemoval(PortalView):
    serializer_class = RemovalOut

    @operation(
        "removals_forget",
        "Forget it before its time, such as a secret",
        tag=TAG,
        status=204,
        description="It cannot be put back any more.",
    )
    def delete(self, request: Request, removal: uuid.UUID) -> Response:
        removed_forget(actor=self.actor, removal=removal_get(self.actor, removal))
        return Response(status=204)


class RestoreRemoval(PortalView):
    serializer_class = RemovalOut

    @operation(
        "removals_restore",
        "Put it back as it was",
        tag=TAG,
        gives=RemovalOut,
        repeatable=True,
        description=(
            "Under its number, with what belonged to it. 409 where something else has its place, "
            "or what it belongs to is gone. Sign-in providers are put back on the pages alone."
        ),
    )
    @idempotent
    def post(self, request: Request, removal: uuid.UUID) -> Response:
        read_body(Nothing, request)
        row = removal_get(self.actor, removal)
        removed_restore(actor=self.actor, removal=row, is_sure=False)
        return self.one(RemovalOut, removal_get(self.actor, removal))
