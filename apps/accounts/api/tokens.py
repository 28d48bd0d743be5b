"""One's own tokens."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.serializers import NewTokenOut, OwnTokenIn, TokenOut
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.roles import Scope
from apps.accounts.selectors import token_get, tokens_own
from apps.accounts.services.tokens import token_create_for_self, token_revoke
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent

TAG = "Me"


class OwnTokens(PortalListView):
    serializer_class = TokenOut
    shown_once = frozenset({"text"})

    @operation("tokens_list", "List my tokens", tag=TAG, gives=TokenOut(many=True))
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(TokenOut, tokens_own(self.actor), "-id")

    @operation(
        "tokens_create",
        "Make a token of my own",
        tag=TAG,
        takes=OwnTokenIn,
        gives=NewTokenOut,
        status=201,
        repeatable=True,
        description="Only in the signed-in browser: tokens do not make tokens.",
        example={"name": "notebook", "scope": "read", "days": 30},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(OwnTokenIn, request)
        made = token_create_for_self(
            actor=self.actor, name=given["name"], scope=Scope(given["scope"]), days=given["days"]
        )
        return self.one(NewTokenOut, made, 201)


class OneToken(PortalView):
    serializer_class = TokenOut
    also_sent_by = frozenset({Scope.READ, Scope.PEOPLE})  # whoever holds one that leaked ends it

    @operation("tokens_revoke", "Revoke a token at once", tag=TAG, status=204)
    def delete(self, request: Request, token: int) -> Response:
        token_revoke(actor=self.actor, token=token_get(self.actor, token))
        return Response(status=204)
