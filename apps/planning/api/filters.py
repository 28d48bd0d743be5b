"""Filters of the planning items that a person keeps under a name."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.planning.api.serializers import SavedFilterIn, SavedFilterOut
from apps.planning.selectors import filters_saved
from apps.planning.services.filters import filter_remove, filter_save

TAG = "Planning"


class SavedFilters(PortalListView):
    serializer_class = SavedFilterOut

    @operation(
        "item_filters_list",
        "List the filters that you keep, by name",
        tag=TAG,
        gives=SavedFilterOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(SavedFilterOut, filters_saved(self.actor), "name", "id")

    @operation(
        "item_filters_save",
        "Keep a filter under a name",
        tag=TAG,
        takes=SavedFilterIn,
        gives=SavedFilterOut,
        status=201,
        repeatable=True,
        description="One of the same name is replaced. Only you see it.",
        example={"name": "Open in payments", "filter": {"system": "payments", "status": "open"}},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(SavedFilterIn, request)
        saved = filter_save(actor=self.actor, name=given["name"], query=given["query"])
        return self.one(SavedFilterOut, saved, 201)


class OneSavedFilter(PortalView):
    serializer_class = SavedFilterOut

    @operation("item_filters_remove", "Remove a filter that you keep", tag=TAG, status=204)
    def delete(self, request: Request, filter: int) -> Response:  # noqa: A002  # the address's word
        filter_remove(actor=self.actor, pk=filter)
        return Response(status=204)
