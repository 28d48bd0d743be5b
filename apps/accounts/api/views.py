"""The base of every view under /api/v1, and what an actor may know of itself: its tokens."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.accounts.actors import Actor
from apps.accounts.api import schema  # noqa: F401  # drf-spectacular finds its classes when they are loaded
from apps.accounts.api.authentication import api_actor
from apps.accounts.roles import Scope
from apps.common.api.pagination import KeysetPagination
from apps.common.api.views import Negotiation, etag_of
from apps.common.errors import NotPermitted
from apps.common.rates import Rate, address_of, look, take

_REFUSED = {
    Scope.READ: "This token reads and changes nothing: make one that may write.",
    Scope.PEOPLE: "This token is for who joins, moves and leaves, and for nothing else.",
}


class PortalView(GenericAPIView):  # type: ignore[type-arg]  # no model stands behind a view
    """Fails closed: nobody unknown gets in, and a pipeline's token only where a view says so.

    SECURITY: nor does a token that reads, or is for people, send anything but where a view says so. Services ask for
    permissions; what is a person's own (notices, filters, an act of triage) needs none.
    """

    pagination_class: Any = None
    filter_backends: Sequence[Any] = ()
    content_negotiation_class = Negotiation
    open_to_pipelines = False
    also_sent_by: frozenset[Scope] = frozenset()  # of READ and PEOPLE
    rate: Rate | None = None  # what is left for whoever asks
    ordering: Sequence[str] = ("-pk",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._count()
        if not self.actor.is_known:
            raise NotAuthenticated
        if self.actor.user is None and not self.open_to_pipelines:
            raise NotPermitted(
                "A system's token uploads reports, reads their status and the advice, nothing else."
            )
        token = self.actor.token
        if token and request.method not in SAFE_METHODS and token.scope not in self.also_sent_by:
            self._refuse(Scope(token.scope))

    def _refuse(self, scope: Scope) -> None:
        if scope in _REFUSED:
            raise NotPermitted(_REFUSED[scope])

    def perform_authentication(self, request: Request) -> None:
        """Strangers are counted by their address, so that tokens cannot be tried out at leisure."""
        stranger = address_of(request._request)  # noqa: SLF001  # the plain request
        self.rate = look(settings.SECOPS_RATE_STRANGERS, "stranger", stranger)
        if self.rate is not None and not self.rate.allowed:
            raise Throttled(wait=self.rate.reset)
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            take(settings.SECOPS_RATE_STRANGERS, "stranger", stranger)
            raise
        if request.auth is None and not request.user.is_authenticated:
            take(settings.SECOPS_RATE_STRANGERS, "stranger", stranger)

    def _count(self) -> None:
        """What one token, or one person, asks for."""
        actor = self.actor
        who = ("token", str(actor.token_id)) if actor.token else ("user", str(actor.user_id))
        if actor.is_known:
            self.rate = take(settings.SECOPS_RATE_API, *who)
        if self.rate is not None and not self.rate.allowed:
            raise Throttled(wait=self.rate.reset)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """What one may see is nobody else's: no cache on the way keeps it."""
        response = super().finalize_response(*args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        for name, text in (self.rate.headers("api") if self.rate else {}).items():
            response.headers.setdefault(name, text)
        return response

    @property
    def actor(self) -> Actor:
        if not hasattr(self, "_actor"):
            self._actor = api_actor(self.request)
        return self._actor

    def one(
        self, kind: type[BaseSerializer[Any]], row: Any, status: int = 200, **headers: str
    ) -> Response:
        """One object; its ETag where it has a version."""
        sent = {name.title(): value for name, value in headers.items()}
        if version := getattr(row, "version", None):
            sent["ETag"] = etag_of(version)
        return Response(
            kind(row, context={"request": self.request}).data, status=status, headers=sent
        )

    def page(
        self, kind: type[BaseSerializer[Any]], rows: QuerySet[Any], *ordering: str
    ) -> Response:
        """One page of rows, in an order whose last column is unique."""
        self.ordering = ordering or self.ordering
        found = self.paginate_queryset(rows)
        return self.get_paginated_response(
            kind(found, many=True, context={"request": self.request}).data
        )


class PortalListView(PortalView):
    """One that lists; its GET is documented with the paginator's parameters."""

    pagination_class = KeysetPagination
