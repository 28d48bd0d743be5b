"""Which guidance belongs to a planning item, and which may."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.advice.alike import alike_to_plan
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, KeyField, Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.guidance.selectors import guidance_named, guidance_of_item
from apps.planning.selectors import item_get
from apps.planning.services.guidance import MOST, guidance_link, guidance_unlink

TAG = "Planning"


class GuidanceLinkIn(Input):
    guidance = serializers.ListField(child=KeyField("G"), min_length=1, max_length=MOST)


class ItemGuidanceOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField(source="current.title")
    summary = serializers.CharField(source="current.summary")


class GuidanceLinkedOut(serializers.Serializer[Any]):
    guidance = ItemGuidanceOut(many=True)


class ItemGuidanceView(PortalView):
    serializer_class = GuidanceLinkedOut

    @operation(
        "item_guidance_list", "List the guidance of an item", tag=TAG, gives=GuidanceLinkedOut
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        return self._linked(item)

    @operation(
        "item_guidance_link",
        "Link guidance with an item",
        tag=TAG,
        takes=GuidanceLinkIn,
        gives=GuidanceLinkedOut,
        status=201,
        repeatable=True,
        example={"guidance": ["G-7"]},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        numbers = set(read_body(GuidanceLinkIn, request)["guidance"])
        pieces = [each for each in guidance_named(self.actor, list(numbers)) if each.current_id]
        if len(pieces) < len(numbers):
            raise Invalid({"guidance": "There is no such published guidance."})
        guidance_link(actor=self.actor, item=row, pieces=pieces)
        return self._linked(item, 201)

    def _linked(self, item: int, status: int = 200) -> Response:
        row = item_get(self.actor, item)
        rows = guidance_of_item(self.actor, row.pk).filter(current__isnull=False)
        return self.one(GuidanceLinkedOut, {"guidance": rows}, status)


class ItemGuidanceSuggested(PortalView):
    serializer_class = GuidanceLinkedOut

    @operation(
        "item_guidance_suggested",
        "Which guidance may fit an item",
        tag=TAG,
        gives=GuidanceLinkedOut,
        description="By its title and question, and what was chosen for items like it, without what is linked.",
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        row = item_get(self.actor, item)
        linked = set(guidance_of_item(self.actor, row.pk).values_list("pk", flat=True))
        found = alike_to_plan(self.actor, row.title, row.question, row.stage, row.pk).guidance
        return self.one(
            GuidanceLinkedOut, {"guidance": [each for each in found if each.pk not in linked]}
        )


class OneItemGuidance(PortalView):
    serializer_class = GuidanceLinkedOut

    @operation("item_guidance_unlink", "Take guidance off an item", tag=TAG, status=204)
    def delete(self, request: Request, item: int, guidance: int) -> Response:
        guidance_unlink(actor=self.actor, item=item_get(self.actor, item), guidance_id=guidance)
        return Response(status=204)
