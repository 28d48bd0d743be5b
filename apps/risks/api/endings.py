"""How statements and decisions end, and undoing it."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.common.errors import Invalid, Missing
from apps.planning.selectors import decision_get, decisions_of
from apps.risks.api.serializers import (
    DecisionOut,
    StatementEndOut,
    StatementOut,
    SupersedeIn,
    UndoIn,
    WithdrawIn,
)
from apps.risks.models import RiskStatement
from apps.risks.selectors import ends_of, statement_get
from apps.risks.services.decisions import decision_undo_with_treatments
from apps.risks.services.endings import (
    statement_restore,
    statement_supersede,
    statement_withdraw,
)

TAG = "Risks"


class WithdrawStatement(PortalView):
    serializer_class = StatementOut

    @operation(
        "statements_withdraw",
        "Take a statement back: it no longer counts and stays readable",
        tag=TAG,
        takes=WithdrawIn,
        gives=StatementOut,
        repeatable=True,
        versioned=True,
        example={"reason": "The bucket is gone."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        statement_withdraw(actor=self.actor, statement=row, **read_body(WithdrawIn, request))
        return self.one(StatementOut, statement_get(self.actor, statement))


class SupersedeStatement(PortalView):
    serializer_class = StatementOut

    @operation(
        "statements_supersede",
        "Let other statements take this one's place",
        tag=TAG,
        takes=SupersedeIn,
        gives=StatementOut,
        repeatable=True,
        versioned=True,
        description="They count from now on; this one stays readable and names them.",
        example={"by": ["RS-7", "RS-9"], "reason": "Two causes, two statements."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        given = read_body(SupersedeIn, request)
        statement_supersede(
            actor=self.actor,
            statement=row,
            successors=[self._named(number) for number in given["by"]],
            reason=given["reason"],
        )
        return self.one(StatementOut, statement_get(self.actor, statement))

    def _named(self, number: int) -> RiskStatement:
        try:
            return statement_get(self.actor, number)
        except Missing as error:
            raise Invalid({"by": error.message}) from error


class RestoreStatement(PortalView):
    serializer_class = StatementOut

    @operation(
        "statements_restore",
        "Undo that a statement was withdrawn or superseded",
        tag=TAG,
        takes=UndoIn,
        gives=StatementOut,
        repeatable=True,
        versioned=True,
        description="Within seven days. It is as it was before; both stay on record.",
        example={"reason": "The bucket is not gone after all."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        statement_restore(actor=self.actor, statement=row, **read_body(UndoIn, request))
        return self.one(StatementOut, statement_get(self.actor, statement))


class StatementEnds(PortalListView):
    serializer_class = StatementEndOut

    @operation(
        "statement_ends_list",
        "List how a statement ended and was restored, the newest first",
        tag=TAG,
        gives=StatementEndOut(many=True),
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return self.page(StatementEndOut, ends_of(statement_get(self.actor, statement)), "-id")


class UndoDecision(PortalView):
    serializer_class = DecisionOut

    @operation(
        "decision_undo",
        "Undo a decision that was made by mistake",
        tag="Planning",
        takes=UndoIn,
        gives=DecisionOut,
        repeatable=True,
        description="Within seven days, of the one in force. What it had replaced holds again through "
        "a new decision that names it (`restores`). Nothing is rewritten.",
        example={"reason": "It was meant for another item."},
    )
    @idempotent
    def post(self, request: Request, decision: int) -> Response:
        row = decision_get(self.actor, decision)
        undone, _restored = decision_undo_with_treatments(
            actor=self.actor, decision=row, **read_body(UndoIn, request)
        )
        return self.one(DecisionOut, decisions_of(self.actor, row.item_id).get(pk=undone.pk))
