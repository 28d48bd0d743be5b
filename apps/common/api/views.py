"""What API views share: ETags for edits, idempotent POST."""

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common import idempotency
from apps.common.errors import Invalid, PreconditionNeeded

V = TypeVar("V", bound=APIView)
P = ParamSpec("P")
Handler = Callable[Concatenate[V, Request, P], Response]
REPLAYED_HEADERS = ("Location", "ETag")


class Negotiation(DefaultContentNegotiation):
    """By Accept alone: `?format=` is a parameter of ours and never chooses a renderer."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]  # all it reads


def etag_of(version: int) -> str:
    return f'"{version}"'


def expected_version(request: Request) -> int:
    """The version that If-Match names.

    Raises: PreconditionNeeded when it is absent, so that two editors never overwrite each other
    silently; Invalid when it is not one of our ETags.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise PreconditionNeeded(
            "Send If-Match with the ETag that you read, so that no edit is lost."
        )
    value = given.removeprefix("W/").strip('"')
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise Invalid({"If-Match": "Give the ETag that the object was read with."})
    return int(value)


def idempotent(handler: Handler[V, P]) -> Handler[V, P]:
    """Make a POST handler honour Idempotency-Key: the work and its kept answer commit together."""

    @functools.wraps(handler)
    def wrapper(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        if "Idempotency-Key" not in request.headers:
            return handler(view, request, *args, **kwargs)
        body = request._request.body  # noqa: SLF001
        return once(view, request, body, lambda: handler(view, request, *args, **kwargs))

    return wrapper


def once(view: APIView, request: Request, body: bytes, work: Callable[[], Response]) -> Response:
    """Do the work, or give the answer that its Idempotency-Key has already. body: what was sent, or
    what stands for it."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    actor_key = _actor_key(request)
    route = f"{request.method} {request.get_full_path()}"
    kept = idempotency.begin(actor_key, key, route, body)
    if kept is not None:
        return Response(
            kept.body,
            status=kept.status,
            headers={**kept.headers, "Idempotency-Replayed": "true"},
        )
    try:
        with transaction.atomic():
            response = work()
            headers = {name: response[name] for name in REPLAYED_HEADERS if name in response}
            idempotency.finish(actor_key, key, response.status_code, _kept(view, response), headers)
    except Exception:
        idempotency.release(actor_key, key)
        raise
    return response


def _kept(view: APIView, response: Response) -> Any:
    """What a repeat is answered with. SECURITY: never a secret, such as a new token's text."""
    secret: frozenset[str] = getattr(view, "shown_once", frozenset())
    if not secret:
        return response.data
    return {name: value for name, value in response.data.items() if name not in secret}


def _actor_key(request: Request) -> str:
    """Whose key it is: two people may use the same word without meeting."""
    return f"{type(request.auth).__name__}:{getattr(request.auth, 'pk', '')}:{request.user.pk}"
