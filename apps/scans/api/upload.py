"""POST /reports: the one door for results."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.policy import require, require_somewhere
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.common.api.inputs import Input
from apps.common.errors import NotPermitted
from apps.scans.api.body import (
    check_announced_size,
    form_parts,
    is_form,
    is_gzipped,
    raw_chunks,
)
from apps.scans.api.serializers import ReportOut, UploadQuery, report_url
from apps.scans.models import Report
from apps.scans.selectors import report_get
from apps.scans.services.receive import Claim, report_receive

DESCRIPTION = """\
The body is the report as the tool wrote it, with any content type (`curl --data-binary @file`),
or a multipart form with the part `file` and the parameters as fields. `Content-Encoding: gzip` is
read.

The answer comes before the report is processed: poll `Location` until `state` is `processed` or
`failed`. With an `Idempotency-Key`, a repeat with the same bytes answers with the report that is
there.
"""
BODY = {
    "application/octet-stream": OpenApiTypes.BINARY,
    "application/json": OpenApiTypes.OBJECT,
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    },
}


def upload(actor: Actor, request: Request) -> Response:
    """Take a report in: permission first, then the claim, the bytes last."""
    plain: HttpRequest = request._request  # noqa: SLF001  # DRF would read the whole body
    require_somewhere(actor, Permission.REPORT_UPLOAD)
    gzipped = is_gzipped(plain)
    check_announced_size(plain)
    report = (_from_form if is_form(plain) else _from_body)(actor, plain, gzipped)
    shown = report_get(actor, report.uid)
    return Response(ReportOut(shown).data, status=202, headers={"Location": report_url(shown)})


def _from_body(actor: Actor, request: HttpRequest, gzipped: bool) -> Report:  # noqa: FBT001
    return _receive(actor, request, request.GET.dict(), raw_chunks(request), gzipped=gzipped)


def _from_form(actor: Actor, request: HttpRequest, gzipped: bool) -> Report:  # noqa: FBT001
    if gzipped:
        raise NotPermitted(
            "Content-Encoding cannot be used with a form; send the report as the body."
        )
    fields, file = form_parts(request)
    said = {"filename": (file.name or "")[:200]} | request.GET.dict() | dict(fields)
    return _receive(actor, request, said, file.chunks(), gzipped=False)


def _receive(
    actor: Actor,
    request: HttpRequest,
    said: Mapping[str, Any],
    chunks: Iterable[bytes],
    *,
    gzipped: bool,
) -> Report:
    system, claim = _claim(actor, said)
    return report_receive(
        actor=actor,
        system=system,
        claim=claim,
        chunks=chunks,
        gzipped=gzipped,
        idempotency_key=request.headers.get("Idempotency-Key", ""),
    )


def _claim(actor: Actor, said: Mapping[str, Any]) -> tuple[System, Claim]:
    given: Input = UploadQuery(data=dict(said))
    given.is_valid(raise_exception=True)
    fields = dict(given.validated_data)
    system = system_get(actor, fields.pop("system"), permission=Permission.REPORT_VIEW)
    require(actor, Permission.REPORT_UPLOAD, system, seen_by=Permission.REPORT_VIEW)
    return system, Claim(is_full=fields.pop("full"), **fields)
