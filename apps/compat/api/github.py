"""GitHub's code-scanning upload, so that an existing step works by changing one URL.

Source: GitHub REST API, "Code scanning", "Upload an analysis as SARIF data" and "Get information
about a SARIF upload". Its own action sends the same to `PUT .../code-scanning/analysis`.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Missing
from apps.compat.api.foreign import ForeignView
from apps.compat.api.github_body import AnalysisIn, SarifIn, UploadParser, branch_of, read
from apps.compat.selectors import system_of_repository
from apps.scans.models import Report, ReportState
from apps.scans.selectors import report_get
from apps.scans.services.receive import Claim, report_receive

CHUNK = 256 * 1024
STATUSES = {
    ReportState.RECEIVED: "pending",
    ReportState.PROCESSING: "pending",
    ReportState.PROCESSED: "complete",
    ReportState.FAILED: "failed",
    ReportState.QUARANTINED: "failed",
}


class GitHubView(ForeignView):
    # GitHub: "Response if the repository is archived"; ours is a conflict.
    statuses: ClassVar[Mapping[str, int]] = {"system-archived": 403}

    def said(self, problem: dict[str, Any]) -> dict[str, Any]:
        """`message`, and `errors` that name fields, as GitHub has them."""
        body = {
            "message": problem["detail"],
            "documentation_url": "/api/docs",
            "status": str(problem["status"]),
        }
        errors = [
            {"resource": "CodeScanning", "field": each["field"], "message": each["detail"]}
            for each in problem.get("errors", [])
        ]
        return body | ({"errors": errors} if errors else {})


class Sarifs(GitHubView):
    parser_classes = (UploadParser,)

    def post(self, request: Request, owner: str, repo: str) -> Response:
        given = read(SarifIn, request.data)
        return self.take(owner, repo, given, given["commit_sha"])

    def take(self, owner: str, repo: str, given: dict[str, Any], commit: str) -> Response:
        system = system_of_repository(self.actor, owner, repo)
        report = report_receive(
            actor=self.actor,
            system=system,
            claim=Claim(
                stage="",
                format="sarif",
                branch=branch_of(given["ref"]),
                commit=commit,
                filename="code-scanning.sarif",
                scanned_at=given.get("started_at"),
            ),
            chunks=_pieces(given["sarif"]),
            gzipped=True,
        )
        url = self.request.build_absolute_uri(
            f"{self.request.path.partition('/code-scanning')[0]}/code-scanning/sarifs/{report.uid}"
        )
        return Response({"id": str(report.uid), "url": url}, status=202)


class Analysis(Sarifs):
    http_method_names = ["put", "options"]

    def put(self, request: Request, owner: str, repo: str) -> Response:
        given = read(AnalysisIn, request.data)
        return self.take(owner, repo, given, given["commit_oid"])


class OneSarif(GitHubView):
    def get(self, request: Request, owner: str, repo: str, sarif: uuid.UUID) -> Response:
        report = report_get(self.actor, sarif)
        if report.system_id != system_of_repository(self.actor, owner, repo).pk:
            raise Missing("There is nothing here, or you may not see it.")
        return Response(
            {
                "processing_status": STATUSES[ReportState(report.state)],
                "analyses_url": self.request.build_absolute_uri(f"/api/v1/reports/{report.uid}"),
                "errors": _errors(report),
            }
        )


def _errors(report: Report) -> list[str] | None:
    if not report.error_reason:
        return None
    return [" ".join(filter(None, [report.error_message, report.error_location]))]


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])
