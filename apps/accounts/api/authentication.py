"""How the API learns who asks: a bearer token, or the browser's session."""

import copy
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from rest_framework import authentication, exceptions
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from apps.accounts.actors import ANONYMOUS, Actor
from apps.accounts.models import ApiToken, User
from apps.accounts.services.tokens import token_authenticate


class TokenPrincipal:
    """Stands where DRF wants a user, for a system's token: known, and no person."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    pk = None

    def __str__(self) -> str:
        return "a system's token"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer secops_...` (RFC 6750); `Token` is accepted as the scheme, too."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"}:
            return None
        token = token_authenticate(text.strip())
        if token is None:
            raise exceptions.AuthenticationFailed(
                "The token is unknown, expired or revoked. Make a new one on the system's page.",
                code="token-not-valid",
            )
        return (token.user or TokenPrincipal(), token)

    def authenticate_header(self, request: Request) -> str:  # DRF's signature
        return 'Bearer realm="SecOps Portal"'


def _no_view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view's signature
    """What the CSRF check believes to be the view: it asks it only whether it is exempt."""
    return HttpResponse()


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in browser, with CSRF protection by the header X-CSRFToken."""

    def enforce_csrf(self, request: Request) -> None:
        """Check the header alone.

        Django would look for the token in the body first, and so read all of an upload before
        anybody asked whether its sender may post it.
        """
        seen = copy.copy(request._request)  # noqa: SLF001  # what the CSRF check is made for
        seen._post = QueryDict()  # type: ignore[attr-defined]  # noqa: SLF001  # Django's own name
        check = CSRFCheck(_no_view)
        check.process_request(seen)
        reason = check.process_view(seen, _no_view, (), {})
        if reason:
            raise exceptions.PermissionDenied(f"CSRF: {reason}", code="csrf-failed")

    def authenticate_header(self, request: Request) -> str:  # DRF's signature
        return 'Bearer realm="SecOps Portal"'


def api_actor(request: Request) -> Actor:
    """The Actor of an API request."""
    token = request.auth if isinstance(request.auth, ApiToken) else None
    user = request.user if isinstance(request.user, User) else None
    return Actor(user=user, token=token) if (user or token) else ANONYMOUS
