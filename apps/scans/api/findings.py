"""Findings, series and the formats that are read."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_query
from apps.common.api.pagination import MAX_LIMIT, cursor_key
from apps.scans.api.serializers import (
    SEVERITIES,
    FindingQuery,
    FindingRatedOut,
    FormatOut,
    SeriesOut,
    SeriesQuery,
)
from apps.scans.registry import registry
from apps.scans.selectors import FindingFilter, series_list, with_marks
from apps.scans.selectors_exploits import with_exploits
from apps.scans.selectors_pages import findings_found, place_of


class Findings(PortalListView):
    serializer_class = FindingRatedOut

    @operation(
        "findings_list",
        "List findings, the worst first",
        tag="Findings",
        query=FindingQuery,
        gives=FindingRatedOut(many=True),
        description=(
            "With `at_stake=true` those that are evidence of a published risk, the dearest first: "
            "`annual_loss` is the highest expected loss a year of these risks, in the organisation's "
            "currency. One risk's loss stands at each of its findings, so these numbers add up to nothing."
        ),
    )
    def get(self, request: Request) -> Response:
        wanted = asked_for(read_query(FindingQuery, request))
        order = ("-annual_loss", "-severity", "-id") if wanted.at_stake else ("-severity", "-id")
        behind = place_of(cursor_key(request, len(order)))
        rows = findings_found(self.actor, wanted, behind, MAX_LIMIT)
        return self.page(FindingRatedOut, with_marks(with_exploits(rows)), *order)


def asked_for(wanted: dict[str, Any]) -> FindingFilter:
    """The filter that validated fields of FindingQuery ask for."""
    severity = wanted.get("severity")
    return FindingFilter(
        system=wanted.get("system", ""),
        stage=wanted.get("stage", ""),
        state=wanted["state"],
        severity=None if severity is None else SEVERITIES[severity],
        series=wanted.get("series"),
        text=wanted.get("q", ""),
        cwe=wanted.get("cwe"),
        previews=wanted["previews"],
        kev=wanted["kev"],
        epss=wanted.get("epss"),
        overdue=wanted["overdue"],
        at_stake=wanted["at_stake"],
        since=wanted["since"].isoformat() if "since" in wanted else "",
        **{
            name: wanted.get(name, "")
            for name in ("rule", "path", "component", "tool", "team", "tag")
        },
    )


class SeriesList(PortalListView):
    serializer_class = SeriesOut

    @operation(
        "series_list",
        "List series: the reports of one tool on one target",
        tag="Reports",
        query=SeriesQuery,
        gives=SeriesOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(SeriesQuery, request)
        rows = series_list(self.actor, named=wanted.get("system"))
        if "system" in wanted:
            rows = rows.filter(system__key=wanted["system"])
        if "stage" in wanted:
            rows = rows.filter(stage=wanted["stage"])
        return self.page(SeriesOut, rows, "system__name", "stage", "tool", "pk")


class Formats(PortalView):
    serializer_class = FormatOut
    open_to_pipelines = True

    @operation(
        "formats_list",
        "List the report formats that are read here",
        tag="Reports",
        gives=FormatOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        found = sorted(registry(), key=lambda each: each.name.lower())
        return Response(FormatOut(found, many=True).data)
