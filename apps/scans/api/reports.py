"""Reports: take in, follow, process again, download."""

import uuid
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Q
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.common.api.docs import IDEMPOTENCY_KEY, operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.common.errors import Missing
from apps.scans.api.serializers import (
    ChangeQuery,
    FindingRatedOut,
    OneReportOut,
    ReportOut,
    ReportQuery,
    UploadQuery,
)
from apps.scans.api.upload import BODY, DESCRIPTION, upload
from apps.scans.selectors import findings_of_change, report_get, reports_list
from apps.scans.services.receive import report_download, report_reprocess

TAG = "Reports"


class Reports(PortalListView):
    serializer_class = ReportOut
    open_to_pipelines = True

    @operation(
        "reports_list",
        "List reports, the newest first",
        tag=TAG,
        query=ReportQuery,
        gives=ReportOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(ReportQuery, request)
        rows = reports_list(self.actor, named="system" in wanted or "series" in wanted)
        for name, path in (("system", "system__key"), ("state", "state"), ("series", "series_id")):
            if name in wanted:
                rows = rows.filter(**{path: wanted[name]})
        if "stage" in wanted:
            stage = wanted["stage"]  # as found out, or as sent while it is not
            rows = rows.filter(Q(series__stage=stage) | Q(series=None, stage=stage))
        return self.page(ReportOut, rows, "-id")

    @operation(
        "reports_upload",
        "Post a report",
        tag=TAG,
        query=UploadQuery,
        parameters=(IDEMPOTENCY_KEY,),
        takes=BODY,
        gives=ReportOut,
        status=202,
        description=DESCRIPTION,
    )
    def post(self, request: Request) -> Response:
        return upload(self.actor, request)


class OneReport(PortalView):
    serializer_class = ReportOut
    open_to_pipelines = True

    @operation("reports_read", "Read a report's status", tag=TAG, gives=OneReportOut)
    def get(self, request: Request, report: uuid.UUID) -> Response:
        return self.one(OneReportOut, report_get(self.actor, report))


class ReprocessReport(PortalView):
    serializer_class = ReportOut

    @operation(
        "reports_reprocess",
        "Process the kept bytes again",
        tag=TAG,
        takes=None,
        gives=ReportOut,
        status=202,
        repeatable=True,
        description="For a failed or quarantined report, after what stopped it was mended.",
    )
    @idempotent
    def post(self, request: Request, report: uuid.UUID) -> Response:
        read_body(Nothing, request)
        report_reprocess(actor=self.actor, report=report_get(self.actor, report))
        return self.one(ReportOut, report_get(self.actor, report), 202)


class RawReport(PortalView):
    serializer_class = ReportOut

    @operation(
        "reports_raw",
        "Download the bytes as they were sent",
        tag=TAG,
        gives=OpenApiTypes.BINARY,
        media="application/octet-stream",
        description=(
            "For those who may process it again: raw reports may hold secrets. Where the organisation lets masked "
            "copies leave only (`/raw-copies`), another one is a conflict."
        ),
    )
    def get(self, request: Request, report: uuid.UUID) -> FileResponse:
        row = report_get(self.actor, report)
        name = report_download(actor=self.actor, report=row)
        try:
            handle = default_storage.open(name)
        except FileNotFoundError:
            raise Missing("The bytes of this report are no longer in the storage.") from None
        return FileResponse(
            handle,
            as_attachment=True,
            filename=f"report-{row.uid}",
            content_type="application/octet-stream",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Whatever the client accepts, it gets the bytes."""
        return super().perform_content_negotiation(request, force=True)


class ReportFindings(PortalListView):
    serializer_class = FindingRatedOut

    @operation(
        "report_findings_list",
        "List what a report brought, changed, left or no longer saw",
        tag=TAG,
        query=ChangeQuery,
        gives=FindingRatedOut(many=True),
    )
    def get(self, request: Request, report: uuid.UUID) -> Response:
        row = report_get(self.actor, report)
        require(self.actor, Permission.SYSTEM_VIEW, row, seen_by=Permission.REPORT_VIEW)
        change = read_query(ChangeQuery, request)["change"]
        rows = findings_of_change(self.actor, row, change)
        return self.page(FindingRatedOut, rows, "-severity", "-id")
