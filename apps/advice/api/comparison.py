"""The options of an item side by side, as its page shows them."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.advice.information import Information
from apps.advice.item_page import ItemView, OptionView, item_view
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_query
from apps.common.api.outputs import money
from apps.risks.api.serializers import CurvePointOut


class ComparedOut(serializers.Serializer[Any]):
    """One option. Null where it has no published risk, and, of sums and comparisons with cost, where a cost is
    not said: unknown is not zero."""

    option = serializers.IntegerField(source="option.pk")
    title = serializers.CharField(source="option.title")
    is_baseline = serializers.BooleanField(source="option.is_baseline")
    is_recommended = serializers.BooleanField()
    is_chosen = serializers.BooleanField()
    first_year_cost = money(allow_null=True)
    expected_annual_loss = money(source="loss.expected_annual_loss", default=None, allow_null=True)
    probability_of_loss = serializers.FloatField(
        source="loss.probability_of_loss", default=None, allow_null=True
    )
    median = money(source="loss.median", default=None, allow_null=True)
    p5 = money(source="loss.p5", default=None, allow_null=True)
    p95 = money(
        source="loss.p95", default=None, allow_null=True, help_text="19 years in 20 stay below."
    )
    yearly_total = money(
        source="loss.yearly_total",
        default=None,
        allow_null=True,
        help_text="Expected loss and first year's cost.",
    )
    costs_less_than_baseline = serializers.FloatField(
        source="loss.costs_less_than_baseline",
        default=None,
        allow_null=True,
        help_text="Probability for one year, cost included.",
    )
    costs_more_than_baseline = serializers.FloatField(
        source="loss.costs_more_than_baseline",
        default=None,
        allow_null=True,
        help_text="The same; what is left of 1 is that both cost the same.",
    )
    difference = money(
        source="loss.difference",
        default=None,
        allow_null=True,
        help_text="Of the yearly total to the baseline's.",
    )
    loss_difference = money(
        source="loss.loss_difference",
        default=None,
        allow_null=True,
        help_text="Of the expected loss alone to the baseline's.",
    )
    cheapest = serializers.FloatField(
        source="loss.cheapest",
        default=None,
        allow_null=True,
        help_text="Share of years in which no other costs less.",
    )
    curve = serializers.SerializerMethodField()

    @extend_schema_field(CurvePointOut(many=True))
    def get_curve(self, view: OptionView) -> list[dict[str, Any]]:
        points = [
            {"loss": Decimal(str(loss)).quantize(Decimal("0.01")), "probability": chance}
            for loss, chance in (view.loss.curve if view.loss else [])
        ]
        return list(CurvePointOut(points, many=True).data)


class UnknownOut(serializers.Serializer[Any]):
    """An assumption, and what it would be worth to know it before choosing."""

    statement = serializers.CharField(source="statement.key")
    assumption = serializers.CharField(source="name")
    worth = money()


class InformationOut(serializers.Serializer[Any]):
    """An upper bound on what to spend on finding out, money a year."""

    best = serializers.IntegerField(help_text="The option with the lowest expected cost.")
    perfect = money(help_text="Of knowing everything first.")
    unknowns = UnknownOut(many=True)
    covers = serializers.SerializerMethodField(
        help_text="The options that it is the choice among; others have no value or no cost yet."
    )
    is_loss_alone = serializers.BooleanField(
        help_text="No option says what it costs: losses alone are weighed."
    )

    def get_covers(self, information: Information) -> list[int]:
        return [each.pk for each in information.covers]


class ComparisonOut(serializers.Serializer[Any]):
    """The options on the same simulated years, so that only the options differ."""

    item = serializers.CharField(source="item.key")
    currency = serializers.SerializerMethodField()
    options = ComparedOut(many=True)
    information = InformationOut(
        allow_null=True,
        help_text="What it is worth to find out first; null below two options that can be weighed.",
    )

    def get_currency(self, _view: ItemView) -> str:
        return str(settings.SECOPS_CURRENCY)


class ItemComparison(PortalView):
    serializer_class = ComparisonOut

    @operation(
        "item_comparison",
        "Compare the options of an item",
        tag="Planning",
        gives=ComparisonOut,
        description="The numbers of the item's page, to the digit.",
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        return Response(ComparisonOut(item_view(self.actor, item)).data)
