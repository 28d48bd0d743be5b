"""Planning items and their options."""

from typing import Any

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import in_use
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.planning.api.serializers import (
    ItemIn,
    ItemOut,
    ItemQuery,
    ItemRowOut,
    NewItemIn,
    OptionEditIn,
    OptionIn,
    OptionOut,
)
from apps.planning.models import ItemOrigin
from apps.planning.selectors import item_get, items_visible, option_get, options_of
from apps.planning.services.items import (
    item_create,
    item_edit,
    option_create,
    option_delete,
    option_edit,
)

TAG = "Planning"


def item_filters(wanted: dict[str, Any]) -> Q:
    """From the query's parameters to a condition on items."""
    exact = {"system": "system__key", "stage": "stage", "status": "status", "kind": "kind"}
    found = Q(**{path: wanted[name] for name, path in exact.items() if name in wanted})
    if origin := wanted.get("origin"):
        found &= Q(mirrored__isnull=origin != ItemOrigin.TRACKER)
    if text := wanted.get("q"):
        found &= Q(title__icontains=text) | Q(tracker_key__icontains=text)
    return found


class Items(PortalListView):
    serializer_class = ItemRowOut

    @operation(
        "items_list",
        "List planning items, the newest first",
        tag=TAG,
        query=ItemQuery,
        gives=ItemRowOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(ItemQuery, request)
        rows = in_use(items_visible(self.actor), self.actor, named=wanted.get("system"))
        return self.page(ItemRowOut, rows.filter(item_filters(wanted)), "-id")

    @operation(
        "items_create",
        "Add a planning item",
        tag=TAG,
        takes=NewItemIn,
        gives=ItemOut,
        status=201,
        repeatable=True,
        versioned=True,
        example={
            "system": "payments",
            "title": "Receive invoices by upload",
            "kind": "story",
            "stage": "plan",
            "question": "Where do uploaded invoices go before they are checked?",
            "tracker_key": "PAY-112",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(NewItemIn, request)
        system = system_get(self.actor, given.pop("system"))
        item = item_create(actor=self.actor, system=system, **given)
        return self.one(ItemOut, item, 201, location=f"/api/v1/items/{item.key}")


class OneItem(PortalView):
    serializer_class = ItemOut

    @operation("items_read", "Read a planning item", tag=TAG, gives=ItemOut, versioned=True)
    def get(self, request: Request, item: int) -> Response:
        return self.one(ItemOut, item_get(self.actor, item))

    @operation(
        "items_edit",
        "Change a planning item",
        tag=TAG,
        takes=ItemIn,
        gives=ItemOut,
        edits=True,
        example={"title": "Receive invoices by upload and by mail"},
    )
    def patch(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        version = expected_version(request)
        values = read_body(ItemIn, request, partial=True)
        return self.one(ItemOut, item_edit(actor=self.actor, item=row, version=version, **values))


class Options(PortalListView):
    serializer_class = OptionOut

    @operation("options_list", "List an item's options", tag=TAG, gives=OptionOut(many=True))
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        row = item_get(self.actor, item)
        return self.page(OptionOut, options_of(self.actor, row.pk), "position", "id")

    @operation(
        "options_create",
        "Add an option",
        tag=TAG,
        takes=OptionIn,
        gives=OptionOut,
        status=201,
        repeatable=True,
        versioned=True,
        description="The first option of an item is its baseline until another one is made it.",
        example={"title": "Signed URLs", "cost_once": "4000.00", "cost_yearly": "600.00"},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        option = option_create(actor=self.actor, item=row, **read_body(OptionIn, request))
        return self.one(OptionOut, option, 201, location=f"/api/v1/options/{option.pk}")


class OneOption(PortalView):
    serializer_class = OptionOut

    @operation("options_read", "Read an option", tag=TAG, gives=OptionOut, versioned=True)
    def get(self, request: Request, option: int) -> Response:
        return self.one(OptionOut, option_get(self.actor, option))

    @operation(
        "options_edit",
        "Change an option",
        tag=TAG,
        takes=OptionEditIn,
        gives=OptionOut,
        edits=True,
        description="is_baseline true moves the baseline here.",
        example={"cost_once": "5500.00"},
    )
    def patch(self, request: Request, option: int) -> Response:
        row = option_get(self.actor, option)
        version = expected_version(request)
        values = read_body(OptionEditIn, request, partial=True)
        edited = option_edit(actor=self.actor, option=row, version=version, **values)
        return self.one(OptionOut, edited)

    @operation(
        "options_delete",
        "Remove an option that nothing stands on",
        tag=TAG,
        status=204,
    )
    def delete(self, request: Request, option: int) -> Response:
        option_delete(actor=self.actor, option=option_get(self.actor, option))
        return Response(status=204)
