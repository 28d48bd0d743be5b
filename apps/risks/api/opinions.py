"""What several people estimate of one risk."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut, money
from apps.common.api.views import idempotent
from apps.risks.api.serializers import StatementOut
from apps.risks.opinions import panel_of
from apps.risks.selectors import statement_get
from apps.risks.services.opinions import opinion_give, opinion_take_back, opinions_take_over

TAG = "Risks"


class OpinionIn(Input):
    frequency_low = serializers.DecimalField(max_digits=16, decimal_places=6)
    frequency_high = serializers.DecimalField(max_digits=16, decimal_places=6)
    magnitude_low = money()
    magnitude_high = money()
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class OpinionRangesOut(serializers.Serializer[Any]):
    """Two 90 % ranges: loss events a year, and the loss of one; and the expected loss a year."""

    frequency_low = serializers.DecimalField(max_digits=16, decimal_places=6)
    frequency_high = serializers.DecimalField(max_digits=16, decimal_places=6)
    magnitude_low = money()
    magnitude_high = money()
    expected_annual_loss = money()


class OpinionOut(OpinionRangesOut):
    """One person's estimate that holds today."""

    made_by = PersonOut(source="row.made_by", allow_null=True)
    made_at = serializers.DateTimeField(source="row.made_at")
    reason = serializers.CharField(source="row.reason")
    frequency_low = serializers.DecimalField(16, 6, source="ranges.frequency_low")
    frequency_high = serializers.DecimalField(16, 6, source="ranges.frequency_high")
    magnitude_low = money(source="ranges.magnitude_low")
    magnitude_high = money(source="ranges.magnitude_high")
    expected_annual_loss = money(source="ranges.expected_annual_loss")


class PanelOut(serializers.Serializer[Any]):
    """number: of people; the rest is told to those who gave an estimate of their own (is_open)."""

    number = serializers.IntegerField()
    is_open = serializers.BooleanField()
    opinions = OpinionOut(many=True)
    pooled = OpinionRangesOut(allow_null=True)


class OpinionsTakenIn(Input):
    version = serializers.IntegerField(min_value=1, help_text="The statement's, as it was read.")


class StatementOpinions(PortalView):
    serializer_class = PanelOut

    @operation(
        "statement_opinions_read",
        "Read what several people estimate of a risk",
        tag=TAG,
        gives=PanelOut,
        description="Nobody sees the others' numbers before giving their own.",
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return self.one(PanelOut, panel_of(self.actor, statement_get(self.actor, statement)))

    @operation(
        "statement_opinions_give",
        "Give an estimate of one's own",
        tag=TAG,
        takes=OpinionIn,
        gives=PanelOut,
        status=201,
        repeatable=True,
        description="Two 90 % ranges, of the risk without the controls that are named against it. An earlier "
        "one of the same person ends; each holds for a year.",
        example={
            "frequency_low": "0.1",
            "frequency_high": "2",
            "magnitude_low": "20000.00",
            "magnitude_high": "900000.00",
            "reason": "Two in five years at my last employer.",
        },
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        given = read_body(OpinionIn, request)
        row = statement_get(self.actor, statement)
        reason = given.pop("reason")
        opinion_give(actor=self.actor, statement=row, ends=given, reason=reason)
        return self.one(PanelOut, panel_of(self.actor, row), 201)

    @operation("statement_opinions_take_back", "Take one's own estimate back", tag=TAG, status=204)
    def delete(self, request: Request, statement: int) -> Response:
        opinion_take_back(actor=self.actor, statement=statement_get(self.actor, statement))
        return Response(status=204)


class StatementOpinionsTaken(PortalView):
    serializer_class = StatementOut

    @operation(
        "statement_opinions_take_over",
        "Make what the estimates come to together the statement's estimate",
        tag=TAG,
        takes=OpinionsTakenIn,
        gives=StatementOut,
        repeatable=True,
        description="Of the working text; readers see it when it is published. 409 where fewer than two hold.",
        example={"version": 3},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        version = read_body(OpinionsTakenIn, request)["version"]
        opinions_take_over(actor=self.actor, statement=row, version=version)
        return self.one(StatementOut, statement_get(self.actor, statement))
