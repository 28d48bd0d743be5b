"""Whether guidance was useful to those who read it."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.guidance.api.serializers import GuidanceVoteIn, GuidanceVoteOut
from apps.guidance.selectors import guidance_get, votes_on
from apps.guidance.services import vote_give, vote_take_back

TAG = "Guidance"


class Votes(PortalListView):
    serializer_class = GuidanceVoteOut

    @operation(
        "guidance_votes_list",
        "List what readers said of a piece, the newest first",
        tag=TAG,
        gives=GuidanceVoteOut(many=True),
        description="All for those who write guidance; for others, what they said themselves.",
    )
    def get(self, request: Request, guidance: int) -> Response:
        read_query(Nothing, request)
        return self.page(GuidanceVoteOut, votes_on(self.actor, guidance), "-given_at", "-pk")

    @operation(
        "guidance_vote",
        "Say whether a piece was useful",
        tag=TAG,
        takes=GuidanceVoteIn,
        gives=GuidanceVoteOut,
        repeatable=True,
        description="One vote a person: said again, it takes the place of the one before.",
        example={"useful": False, "missing": "What to do about links that were sent by mail."},
    )
    @idempotent
    def post(self, request: Request, guidance: int) -> Response:
        row = guidance_get(self.actor, guidance)
        vote = vote_give(actor=self.actor, guidance=row, **read_body(GuidanceVoteIn, request))
        return self.one(GuidanceVoteOut, vote)


class OwnVote(PortalView):
    serializer_class = GuidanceVoteOut

    @operation("guidance_vote_take_back", "Take one's own vote back", tag=TAG, status=204)
    def delete(self, request: Request, guidance: int) -> Response:
        vote_take_back(actor=self.actor, guidance=guidance_get(self.actor, guidance))
        return Response(status=204)
