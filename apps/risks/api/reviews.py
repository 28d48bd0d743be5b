"""Peer review as a wish: who wishes it, and what was said of a text."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import CHANGED_SINCE, operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.risks.reviews import reviews_of, wishing
from apps.risks.selectors import statement_get
from apps.risks.services.reviews import review_give, review_wish_set

TAG = "Risks"


class ReviewIn(Input):
    version = serializers.IntegerField(
        min_value=1, help_text="The statement's version that you have read."
    )
    approves = serializers.BooleanField(help_text="false: only a comment.")
    body = serializers.CharField(max_length=5000, allow_blank=True, default="")


class ReviewOut(serializers.Serializer[Any]):
    """What a second person said of a version of a statement's working text."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    approves = serializers.BooleanField()
    body = serializers.CharField()
    made_by = PersonOut(allow_null=True)
    made_at = serializers.DateTimeField()


class ReviewWishIn(Input):
    team = serializers.CharField(
        max_length=60, allow_null=True, default=None, help_text="A team's key; null: everyone."
    )
    wished = serializers.BooleanField()


class ReviewWishOut(serializers.Serializer[Any]):
    """Whether a team wishes that the risks of its systems are reviewed; team null: everyone."""

    team = serializers.CharField(allow_null=True)
    wished = serializers.BooleanField()


class StatementReviews(PortalListView):
    serializer_class = ReviewOut

    @operation(
        "statement_reviews_list",
        "List what was said of a statement's text, the newest first",
        tag=TAG,
        gives=ReviewOut(many=True),
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return self.page(ReviewOut, reviews_of(statement_get(self.actor, statement)), "-id")

    @operation(
        "statement_reviews_create",
        "Approve a statement's working text, or comment on it",
        tag=TAG,
        takes=ReviewIn,
        gives=ReviewOut,
        status=201,
        also=CHANGED_SINCE,
        repeatable=True,
        description="By another person than who wrote it. Nothing waits for it.",
        example={"version": 3, "approves": True, "body": "The range fits what we saw last year."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        made = review_give(actor=self.actor, statement=row, **read_body(ReviewIn, request))
        made.refresh_from_db()
        return self.one(ReviewOut, made, 201)


class ReviewWishes(PortalView):
    serializer_class = ReviewWishOut

    @operation(
        "review_wishes_read",
        "Read which teams wish reviews",
        tag=TAG,
        gives=ReviewWishOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self._shown()

    @operation(
        "review_wishes_set",
        "Wish reviews of a team's risks, or no longer",
        tag=TAG,
        takes=ReviewWishIn,
        gives=ReviewWishOut(many=True),
        repeatable=True,
        description="For those who write the risks of all of the team's systems.",
        example={"team": "payments", "wished": True},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(ReviewWishIn, request)
        teams = {team.key if team else None: team for team, _wished, _may in wishing(self.actor)}
        if given["team"] not in teams:
            raise Invalid({"team": "There is no such team that you may see."})
        review_wish_set(actor=self.actor, team=teams[given["team"]], is_wished=given["wished"])
        return self._shown()

    def _shown(self) -> Response:
        rows = [
            {"team": team.key if team else None, "wished": wished}
            for team, wished, _may in wishing(self.actor)
        ]
        return Response(ReviewWishOut(rows, many=True).data)
