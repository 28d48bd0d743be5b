"""The portfolio, and the line that it is held against."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.advice.portfolio import Portfolio, Scope, over_time, portfolio
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import money
from apps.common.api.views import idempotent
from apps.common.errors import Missing
from apps.risks.api.serializers import CurvePointOut
from apps.risks.services.tolerance import Point, current_tolerance, tolerance_set

TAG = "Risks"


class PortfolioQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    correlation = serializers.FloatField(
        min_value=0,
        max_value=0.9,
        default=0.0,
        help_text="Of a cause that all share: bad years then come together.",
    )


class ToleranceIn(Input):
    points = serializers.ListField(child=serializers.DictField(), max_length=10)


class TolerancePointIn(Input):
    loss = money()
    allowed = serializers.FloatField(min_value=0, max_value=1)


class TolerancePointOut(serializers.Serializer[Any]):
    """A year may cost more than `loss` with the probability `allowed`."""

    loss = money()
    allowed = serializers.FloatField()


class HeldAgainstOut(serializers.Serializer[Any]):
    """A point of the line, and how likely a year is to cost more."""

    loss = money(source="point.loss")
    allowed = serializers.FloatField(source="point.allowed")
    actual = serializers.FloatField()
    within = serializers.BooleanField(source="is_within")


class ContributorOut(serializers.Serializer[Any]):
    statement = serializers.CharField(source="statement.key")
    expected_annual_loss = money()
    in_bad_years = money(help_text="On average in the worst twentieth of the years.")


class GroupOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    expected_annual_loss = money()
    statements = serializers.IntegerField()


class DayOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    expected_annual_loss = money()
    statements = serializers.IntegerField()


class PortfolioOut(serializers.Serializer[Any]):
    """All risks carried, simulated together; expected losses add up, percentiles do not."""

    currency = serializers.SerializerMethodField()
    statements = serializers.IntegerField()
    trials = serializers.IntegerField()
    expected_annual_loss = money()
    standard_error = money(
        source="outcome.standard_error", help_text="Of the simulated expected annual loss."
    )
    probability_of_loss = serializers.FloatField(source="outcome.probability_of_loss")
    percentiles = serializers.DictField(source="outcome.percentiles", child=money())
    expected_shortfall = money(
        source="outcome.expected_shortfall",
        help_text="The average of the worst twentieth of the years.",
    )
    curve = serializers.SerializerMethodField()
    tolerance = HeldAgainstOut(source="outcome.tolerance", many=True)
    contributors = ContributorOut(source="outcome.contributors", many=True)
    systems = GroupOut(many=True)
    stages = GroupOut(many=True)
    over_time = serializers.SerializerMethodField()

    def get_currency(self, _told: Portfolio) -> str:
        return str(settings.SECOPS_CURRENCY)

    @extend_schema_field(CurvePointOut(many=True))
    def get_curve(self, told: Portfolio) -> list[dict[str, Any]]:
        points = [
            {"loss": Decimal(str(loss)).quantize(Decimal("0.01")), "probability": chance}
            for loss, chance in told.outcome.curve  # type: ignore[union-attr]  # simulated, or 202
        ]
        return list(CurvePointOut(points, many=True).data)

    @extend_schema_field(DayOut(many=True))
    def get_over_time(self, told: Portfolio) -> list[dict[str, Any]]:
        days = over_time(self.context["view"].actor, told.scope)
        return list(DayOut(days, many=True).data)


class PortfolioAwaitedOut(serializers.Serializer[Any]):
    """What is known while the years are being simulated: what adds up."""

    statements = serializers.IntegerField()
    trials = serializers.IntegerField(help_text="Years that are being simulated.")
    expected_annual_loss = money()
    systems = GroupOut(many=True)
    stages = GroupOut(many=True)


class PortfolioView(PortalView):
    serializer_class = PortfolioOut

    @operation(
        "portfolio_read",
        "Read what a year may cost, over all risks carried",
        tag=TAG,
        query=PortfolioQuery,
        gives=PortfolioOut,
        also={202: PortfolioAwaitedOut},
        description="Of everything that you see, of a system, or of a stage. 404 where nothing is carried. Many "
        "risks are simulated by a worker: until it is done the answer is 202 with what is known already; ask again "
        "after the seconds of `Retry-After`.",
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(PortfolioQuery, request)
        if "system" in wanted:
            system_get(self.actor, wanted["system"])
        told = portfolio(self.actor, Scope(**wanted))
        if told is None:
            raise Missing("No risk is carried there that you may see.")
        if told.outcome is None:
            return Response(PortfolioAwaitedOut(told).data, 202, headers={"Retry-After": "2"})
        return Response(PortfolioOut(told, context={"view": self}).data)


class ToleranceView(PortalView):
    serializer_class = TolerancePointOut

    @operation(
        "tolerance_read",
        "Read the organisation's tolerance line",
        tag=TAG,
        gives=TolerancePointOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(TolerancePointOut(current_tolerance(), many=True).data)

    @operation(
        "tolerance_set",
        "Draw the organisation's tolerance line",
        tag=TAG,
        takes=ToleranceIn,
        gives=TolerancePointOut(many=True),
        repeatable=True,
        description="For security and admins of the organisation. No point takes it away.",
        example={"points": [{"loss": "1000000.00", "allowed": 0.1}]},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(ToleranceIn, request)["points"]
        read = TolerancePointIn(data=given, many=True)
        read.is_valid(raise_exception=True)
        tolerance_set(actor=self.actor, points=[Point(**each) for each in read.validated_data])
        return Response(TolerancePointOut(current_tolerance(), many=True).data)
