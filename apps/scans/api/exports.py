"""Findings as a file."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import read_query
from apps.scans.api.findings import asked_for
from apps.scans.api.serializers import FindingOut, FindingQuery
from apps.scans.columns import COLUMNS, of_address
from apps.scans.exports.answers import export_answer
from apps.scans.exports.files import KINDS

FILES = {
    (200, kind.content_type.partition(";")[0]): (
        OpenApiTypes.OBJECT if "json" in kind.content_type else OpenApiTypes.BINARY
    )
    for kind in KINDS.values()
}


class ExportQuery(FindingQuery):
    format = serializers.ChoiceField(choices=list(KINDS), help_text="Of the file.")
    columns = serializers.CharField(
        max_length=300,
        required=False,
        help_text=f"Of the list, with commas: the CSV then holds what the list shows. {', '.join(COLUMNS)}.",
    )

    def validate_columns(self, text: str) -> tuple[str, ...]:
        if unknown := [name for name in text.split(",") if name not in COLUMNS]:
            raise serializers.ValidationError(f"There is no such column: {unknown[0][:40]}")
        return of_address(text)


class FindingExport(PortalView):
    serializer_class = FindingOut

    @operation(
        "findings_export",
        "Export findings as CSV, SARIF, OpenVEX or CycloneDX VEX",
        tag="Findings",
        query=ExportQuery,
        gives=OpenApiTypes.BINARY,
        media="text/csv",
        also=FILES,
        description=(
            "Exactly the findings that the filter finds, all of them, sent as they are read: "
            "`GET /api/v1/findings/export?format=openvex&system=payments&state=any`. SARIF has a run "
            "for each series; the two VEX formats have a statement for each vulnerability of a "
            "component, and where several tools saw it the most careful state counts."
        ),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        given = read_query(ExportQuery, request)
        kind = given.pop("format")
        columns = given.pop("columns", ())
        return export_answer(self.actor, asked_for(given), kind, given, columns)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Whatever the client accepts, it gets the file."""
        return super().perform_content_negotiation(request, force=True)
