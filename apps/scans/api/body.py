"""The bytes of an upload, as a stream: never the whole body in memory."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

from apps.common.errors import Invalid, ReportRejected
from apps.scans import storage
from apps.scans.constants import TOO_LARGE

CHUNK = 256 * 1024
FORM_OVERHEAD = 64 * 1024  # of a multipart body around its file
ENCODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}
CUT_OFF = "cut-off"


def is_form(request: HttpRequest) -> bool:
    return request.content_type == "multipart/form-data"


def is_gzipped(request: HttpRequest) -> bool:
    """Raises: ReportRejected (415) for an encoding that is not read."""
    name = request.headers.get("Content-Encoding", "").strip().lower()
    if name not in ENCODINGS:
        raise ReportRejected(
            "unknown-encoding", f"Content-Encoding {name[:40]!r} is not read; use gzip.", status=415
        )
    return ENCODINGS[name]


def check_announced_size(request: HttpRequest) -> None:
    """Refuse unread what says itself that it is too large. Raises: ReportRejected."""
    limit = settings.SECOPS_MAX_REPORT_BYTES + FORM_OVERHEAD
    if _announced(request) > limit:
        text = f"The report is larger than {limit // 1024 // 1024} MB, the limit here."
        raise ReportRejected(TOO_LARGE, text, status=413)


def raw_chunks(request: HttpRequest) -> Iterator[bytes]:
    """The body as it comes in. Raises: ReportRejected when it ends before what was announced.

    SECURITY: a cut-off report must never be taken for a whole one, which would close findings.
    """
    source, announced, taken = _source(request), _announced(request), 0
    try:
        while chunk := source.read(CHUNK):
            taken += len(chunk)
            yield chunk
    except (UnreadablePostError, OSError) as error:
        raise _cut_off(taken, announced) from error
    if taken < announced:
        raise _cut_off(taken, announced)


def form_parts(request: HttpRequest) -> tuple[Mapping[str, Any], "UploadedFile[Any]"]:
    """The fields and the part `file` of a multipart body; Django spools large files to disk.

    Raises: Invalid, ReportRejected.
    """
    try:
        with storage.room():
            fields, files = request.POST.dict(), request.FILES
    except UnreadablePostError as error:
        raise _cut_off(0, _announced(request)) from error
    except (MultiPartParserError, TooManyFilesSent) as error:
        raise Invalid({"file": f"The form is not readable: {error}"}) from error
    if set(files) != {"file"} or len(files.getlist("file")) != 1:
        raise Invalid({"file": "Send the report as one part named file."})
    (file,) = files.getlist("file")
    return fields, file


def _announced(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _source(request: HttpRequest) -> Any:
    """Where to read. A chunked body has no length, and Django would then read nothing of it."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked and not request.META.get("CONTENT_LENGTH"):
        if not request.META.get("wsgi.input_terminated"):
            raise ReportRejected(
                "length-needed", "Send the length of the body (Content-Length).", status=411
            )
        return request.META["wsgi.input"]
    return request


def _cut_off(taken: int, announced: int) -> ReportRejected:
    length = f" of {announced}" if announced else ""
    return ReportRejected(
        CUT_OFF, f"The body ended after {taken}{length} bytes; nothing was kept. Send it again."
    )
