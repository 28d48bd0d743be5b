"""What joins the library and the talk about it, which do not know each other."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.guidance.selectors import guidance_get
from apps.planning.api.serializers import BodyIn, QuestionOut
from apps.planning.selectors import questions_visible
from apps.planning.services.questions import question_ask_of_guidance


class GuidanceQuestions(PortalListView):
    serializer_class = QuestionOut

    @operation(
        "guidance_questions_list",
        "List the questions on a piece of guidance",
        tag="Guidance",
        gives=QuestionOut(many=True),
    )
    def get(self, request: Request, guidance: int) -> Response:
        read_query(Nothing, request)
        row = guidance_get(self.actor, guidance)
        return self.page(QuestionOut, questions_visible(self.actor).filter(guidance=row), "id")

    @operation(
        "guidance_questions_ask",
        "Ask on a piece of guidance",
        tag="Guidance",
        takes=BodyIn,
        gives=QuestionOut,
        status=201,
        repeatable=True,
        example={"body": "Does this hold for buckets behind the CDN?"},
    )
    @idempotent
    def post(self, request: Request, guidance: int) -> Response:
        row = guidance_get(self.actor, guidance)
        made = question_ask_of_guidance(
            actor=self.actor, guidance=row, **read_body(BodyIn, request)
        )
        return self.one(QuestionOut, made, 201)
