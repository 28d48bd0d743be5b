"""Errors as RFC 9457 problem details (application/problem+json)."""

import math
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.common.errors import DomainError, EditConflict, Invalid, ReportRejected
from apps.common.http import TITLES, refusal_of, status_of

MEDIA_TYPE = "application/problem+json"
CODES = {
    "invalid": "`errors` names each field that needs another value, and why.",
    "parse-error": "The body is not JSON as RFC 8259 has it, or holds what cannot be stored.",
    "empty": "The body of a report holds no bytes.",
    "bad-compression": "The gzip data of a report is damaged, cut off or expands too far.",
    "cut-off": "The body of a report ended before the length that was announced.",
    "not-authenticated": "No token was sent.",
    "token-not-valid": "The token is unknown, expired or revoked.",
    "no-room": "The disk or the database is full; nothing of the request was kept. Try again later.",
    "malware": "The virus scanner found something in the file; nothing of it was kept.",
    "scanner-away": "The virus scanner does not answer, so the file was not taken in. Try again later.",
    "busy": "Too many requests wait already; Retry-After says when to come again. Nothing was begun.",
    "issuer-unreachable": "The keys of a trusted issuer cannot be read now.",
    "not-permitted": "Your role, or your token, does not allow this.",
    "second-factor-needed": "You need a second factor here; add one on the portal's pages.",
    "https-needed": "The API is not read over http; a token that was sent so may be known.",
    "csrf-failed": "A request of the signed-in browser lacks X-CSRFToken.",
    "not-found": "There is nothing here, or you may not see it.",
    "method-not-allowed": "The address does not know this method.",
    "not-acceptable": "Answers are JSON; Accept asks for something else.",
    "conflict": "The state of the object does not allow this now.",
    "system-archived": "The system is archived: it is read, and takes in nothing until somebody brings it back.",
    "edit-conflict": "Somebody else changed the object since you read it.",
    "too-slow": "The body came in so slowly that nobody waits for its end; nothing of it was kept.",
    "too-large": "The body is larger than this address takes.",
    "length-needed": "The body of a report came without its length.",
    "unsupported-media-type": "The body is of a kind that this address does not read.",
    "throttled": "Too many requests; Retry-After says when there is room again.",
    "unknown-encoding": "The body is compressed in a way that is not read; use gzip.",
    "precondition-needed": "An edit came without If-Match.",
    "internal-error": "The portal itself failed, and its log says why under the X-Request-ID of the answer. What was "
    "sent may not have been kept: look before you send it again, or send it with the same Idempotency-Key.",
}


def problem(status: int, code: str, detail: str, **extensions: Any) -> dict[str, Any]:
    """RFC 9457 section 3.1 members; `code` is ours and stable, `type` names it as a URI."""
    body = {
        "type": f"/api/docs#problem-{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return body | {name: value for name, value in extensions.items() if value not in (None, "", [])}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001
    """DRF's hook: every exception that is an answer becomes a problem; others stay a logged 500."""
    body, headers = _describe(error)
    if body is None:
        return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


# Exceptions of Django and the database that say all they can by their type.
KNOWN: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Http404, 404, "not-found", "There is nothing here, or you may not see it."),
    (PermissionDenied, 403, "not-permitted", "Your role does not allow this."),
    (RequestDataTooBig, 413, "too-large", "The body is larger than this address takes."),
    # What no serializer caught and PostgreSQL cannot hold, such as a year 294277.
    (DataError, 400, "invalid", "A value is outside what can be stored."),
)


def _describe(error: Exception) -> tuple[dict[str, Any] | None, dict[str, str]]:
    if isinstance(error, DomainError):
        return _domain(error), {}
    if isinstance(error, exceptions.APIException):
        return _rest(error)
    if isinstance(error, IntegrityError | OperationalError):
        refusal = refusal_of(error)
        return (problem(*refusal) if refusal else None), {}
    for kind, status, code, detail in KNOWN:
        if isinstance(error, kind):
            return problem(status, code, detail), {}
    return None, {}


def _domain(error: DomainError) -> dict[str, Any]:
    status = status_of(error)
    if isinstance(error, Invalid):
        errors = [
            {"field": name, "detail": text}
            for name, texts in error.fields.items()
            for text in texts
        ]
        return problem(status, error.code, error.message, errors=errors)
    if isinstance(error, EditConflict):
        return problem(status, error.code, error.message, current_version=error.current_version)
    if isinstance(error, ReportRejected):
        return problem(status, error.code, error.message, location=error.location)
    return problem(status, error.code, error.message)


def _rest(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if isinstance(error, exceptions.ValidationError):
        errors = list(_fields(error.detail))
        return problem(400, "invalid", "Some fields need another value.", errors=errors), headers
    code = str(getattr(error.detail, "code", None) or error.default_code).replace("_", "-")
    return problem(error.status_code, code, str(error.detail)), headers


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _fields(inner, f"{path}.{own}".strip("."))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _fields(inner, f"{path}[{position}]" if nested else path)
    else:
        yield {"field": path, "detail": str(detail)}


def plain(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:  # noqa: ARG001
    """A problem from outside DRF (URL conf handlers, middleware)."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=MEDIA_TYPE)
