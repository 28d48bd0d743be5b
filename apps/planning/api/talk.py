"""Questions, answers and security's recommendation."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.common.errors import Missing
from apps.planning.api.options import option_named
from apps.planning.api.serializers import (
    AnswerOut,
    BodyIn,
    ItemOut,
    QuestionOut,
    QuestionQuery,
    RecommendationIn,
    RecommendationOut,
    RevisitIn,
)
from apps.planning.selectors import (
    answer_get,
    item_get,
    question_get,
    questions_visible,
    questions_waiting,
    recommendation_of,
)
from apps.planning.services.decisions import decision_revisit, recommendation_make
from apps.planning.services.questions import answer_accept, question_answer, question_ask

TAG = "Planning"


class Questions(PortalListView):
    serializer_class = QuestionOut

    @operation(
        "questions_list",
        "List questions, the oldest first",
        tag=TAG,
        query=QuestionQuery,
        gives=QuestionOut(many=True),
    )
    def get(self, request: Request) -> Response:
        waiting = read_query(QuestionQuery, request).get("waiting", False)
        rows = questions_waiting(self.actor) if waiting else questions_visible(self.actor)
        return self.page(QuestionOut, rows, "id")


class ItemQuestions(PortalListView):
    serializer_class = QuestionOut

    @operation(
        "item_questions_list", "List an item's questions", tag=TAG, gives=QuestionOut(many=True)
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        row = item_get(self.actor, item)
        return self.page(QuestionOut, questions_visible(self.actor).filter(item=row), "id")

    @operation(
        "item_questions_ask",
        "Ask on an item",
        tag=TAG,
        takes=BodyIn,
        gives=QuestionOut,
        status=201,
        repeatable=True,
        example={"body": "Do signed addresses show up in the proxy's log?"},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        return self.one(
            QuestionOut, question_ask(actor=self.actor, item=row, **read_body(BodyIn, request)), 201
        )


class Answers(PortalView):
    serializer_class = AnswerOut

    @operation(
        "questions_answer",
        "Answer a question",
        tag=TAG,
        takes=BodyIn,
        gives=AnswerOut,
        status=201,
        repeatable=True,
        example={"body": "Yes, with the signature; the log keeps them for 14 days."},
    )
    @idempotent
    def post(self, request: Request, question: int) -> Response:
        row = question_get(self.actor, question)
        answer = question_answer(actor=self.actor, question=row, **read_body(BodyIn, request))
        return self.one(AnswerOut, answer, 201)


class AcceptAnswer(PortalView):
    serializer_class = AnswerOut

    @operation(
        "answers_accept",
        "Say that this answer answers the question",
        tag=TAG,
        takes=None,
        gives=AnswerOut,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, answer: int) -> Response:
        read_body(Nothing, request)
        row = answer_get(self.actor, answer)
        return self.one(AnswerOut, answer_accept(actor=self.actor, answer=row))

    @operation(
        "answers_accept_undo",
        "Take back that this answer answers the question",
        tag=TAG,
        gives=AnswerOut,
    )
    def delete(self, request: Request, answer: int) -> Response:
        row = answer_get(self.actor, answer)
        done = answer_accept(actor=self.actor, answer=row, is_accepted=False)
        return self.one(AnswerOut, done)


class ItemRecommendation(PortalView):
    serializer_class = RecommendationOut

    @operation(
        "recommendation_read",
        "Read security's recommendation: the newest one holds",
        tag=TAG,
        gives=RecommendationOut,
    )
    def get(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        found = recommendation_of(self.actor, row.pk)
        if found is None:
            raise Missing(f"Nothing is recommended on {row.key} yet.")
        return self.one(RecommendationOut, found)

    @operation(
        "recommendation_make",
        "Recommend an option; it binds nobody",
        tag=TAG,
        takes=RecommendationIn,
        gives=RecommendationOut,
        status=201,
        repeatable=True,
        example={"option": 3, "reason": "A tenth of the risk for a week of work."},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        given = read_body(RecommendationIn, request)
        option = option_named(self.actor, given["option"]) if given["option"] else None
        made = recommendation_make(
            actor=self.actor, item=row, option=option, reason=given["reason"]
        )
        return self.one(RecommendationOut, made, 201)


class Revisit(PortalView):
    serializer_class = ItemOut

    @operation(
        "items_revisit",
        "Take a decided item up again",
        tag=TAG,
        takes=RevisitIn,
        gives=ItemOut,
        repeatable=True,
        versioned=True,
        example={"reason": "The provider changes its prices."},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        given = read_body(RevisitIn, request)
        row = item_get(self.actor, item)
        decision_revisit(actor=self.actor, item=row, reason=given["reason"])
        return self.one(ItemOut, item_get(self.actor, item))
