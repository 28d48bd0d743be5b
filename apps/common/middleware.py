"""Request ids, and domain errors as pages."""

import contextvars
import re
import uuid
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.common.errors import DomainError
from apps.common.http import TITLES, refusal_of, status_of
from apps.common.rates import address_of

GetResponse = Callable[[HttpRequest], HttpResponse]
request_id_var: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
address_var: contextvars.ContextVar[str] = contextvars.ContextVar("address", default="")
ADDRESS_LONGEST = 45  # letters of an IPv6 address that ends in an IPv4 one
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")


class RequestIdMiddleware:
    """Every request has an id, given by the proxy or made here; it is in the logs and in the answer.

    Its id and where it came from are told to whatever notes them meanwhile (the audit trail).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _SAFE_ID.match(given) else uuid.uuid4().hex
        # What Django logs of an answer comes after this has returned (apps/common/logs.py).
        request.request_id = request_id  # type: ignore[attr-defined]  # Django's requests know no such name
        token = request_id_var.set(request_id)
        came_from = address_var.set(address_of(request)[:ADDRESS_LONGEST])
        try:
            response = self.get_response(request)
        finally:
            request_id_var.reset(token)
            address_var.reset(came_from)
        response["X-Request-ID"] = request_id
        return response


class NothingKeptMiddleware:
    """What the portal answers is for the moment: no cache keeps it, unless a view says otherwise.

    Static files come from before this and keep their own rules.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class DomainErrorMiddleware:
    """A domain error, or a refusal of the database, that reaches a page becomes a page with its status."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DomainError):
            return _page(request, status_of(error), error.message)
        refusal = refusal_of(error) if isinstance(error, DatabaseError) else None
        if refusal is None:
            return None
        status, _code, message = refusal
        return _page(request, status, message)


def _page(request: HttpRequest, status: int, message: str) -> HttpResponse:
    context = {"status": status, "title": TITLES.get(status, ""), "message": message}
    return render(request, "error.html", context, status=status)
