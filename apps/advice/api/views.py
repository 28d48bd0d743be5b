"""What joins the library and the talk about it, which do not know each other."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView
from apps.advice.asking import ask, subject_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.guidance.selectors import guidance_get
from apps.planning.api.serializers import AskIn, BodyIn, QuestionOut
from apps.planning.api.talk import TAG, Questions
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


class AnyQuestions(Questions):
    @operation(
        "questions_ask",
        "Ask about anything, or everybody",
        tag=TAG,
        takes=AskIn,
        gives=QuestionOut,
        status=201,
        repeatable=True,
        example={"about": "RS-12", "body": "Does this include what the CDN keeps?"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(AskIn, request)
        about = given["about"]
        subject = subject_named(self.actor, about) if about else None
        return self.one(
            QuestionOut, ask(actor=self.actor, subject=subject, body=given["body"]), 201
        )
