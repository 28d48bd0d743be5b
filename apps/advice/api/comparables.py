"""What risks like one were valued at, over HTTP."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.advice.comparables import GUIDANCE, PLACE, WEAKNESS, comparables, likeness_of
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_query
from apps.common.api.outputs import frequency, money
from apps.risks.selectors import statement_get

TAG = "Risks"
WAYS = {GUIDANCE: "guidance", WEAKNESS: "weakness", PLACE: "place"}


class ComparableOut(serializers.Serializer[Any]):
    """A published risk of the same kind, its ranges, and what was recorded of it since."""

    statement = serializers.CharField(source="statement.key")
    system = serializers.CharField(source="statement.system.key")
    condition = serializers.CharField(source="told.condition")
    alike_by = serializers.SerializerMethodField(
        help_text="guidance: made from the same; weakness: a CWE of it; place: its stage, of a system as critical."
    )
    frequency_low = frequency(source="told.frequency_low")
    frequency_high = frequency(source="told.frequency_high")
    magnitude_low = money(source="told.magnitude_low")
    magnitude_high = money(source="told.magnitude_high")
    currency = serializers.CharField(source="told.currency")
    times = serializers.IntegerField(help_text="How often it was recorded to have happened.")
    loss = money(allow_null=True, help_text="Of those times together; null where nobody said.")
    events = serializers.IntegerField(
        allow_null=True, help_text="Told as outcome of its estimates; null where nothing was."
    )
    years = serializers.FloatField(help_text="In which the events were told.")

    def get_alike_by(self, row: Any) -> str:
        return WAYS[row.closeness]


class ComparablesOut(serializers.Serializer[Any]):
    risks = ComparableOut(many=True, source="rows")


class ComparablesView(PortalView):
    serializer_class = ComparablesOut

    @operation(
        "statement_comparables",
        "Read what risks like it were valued at",
        tag=TAG,
        gives=ComparablesOut,
        description="Of published risks that you see, the closest first. Write your own ranges before you read them: "
        "who sees a number first drifts towards it.",
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        row = statement_get(self.actor, statement)
        found = comparables(self.actor, likeness_of(row))
        return Response(ComparablesOut(found).data)
