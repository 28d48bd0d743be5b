"""What came of estimates, and how well calibrated they were."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut, money
from apps.common.api.views import idempotent
from apps.evidence.calibration import calibration_of
from apps.evidence.forecasts import forecast_get, forecasts_due
from apps.evidence.selectors import outcome_get, outcomes_list
from apps.evidence.services.outcomes import MOST_EVENTS, outcome_tell, outcome_undo

TAG = "Evidence"


class ForecastOut(serializers.Serializer[Any]):
    """An estimate whose time is over; nobody has said yet what came of it."""

    revision = serializers.IntegerField(source="revision.pk")
    statement = serializers.CharField(source="revision.statement.key")
    number = serializers.IntegerField(source="revision.number")
    began = serializers.DateTimeField()
    ended = serializers.DateTimeField()
    years = serializers.FloatField()


class ForecastsOut(serializers.Serializer[Any]):
    results = ForecastOut(many=True, help_text="The longest over first, at most 50.")


class OutcomeIn(Input):
    events = serializers.IntegerField(min_value=0, max_value=MOST_EVENTS)
    losses = serializers.ListField(
        child=money(), max_length=100, default=list, help_text="Of single events, where known."
    )
    note = serializers.CharField(max_length=500, default="", allow_blank=True)


class OutcomeOut(serializers.Serializer[Any]):
    """What came, and what the estimate had said."""

    statement = serializers.CharField(source="statement.key")
    years = serializers.FloatField()
    events = serializers.IntegerField()
    losses = serializers.ListField(child=serializers.CharField())
    chance = serializers.FloatField(help_text="That had been given to at least one event.")
    count_low = serializers.IntegerField(help_text="Nine times in ten the count lies between.")
    count_high = serializers.IntegerField()
    count_hit = serializers.BooleanField()
    log_score = serializers.FloatField()
    loss_hits = serializers.IntegerField()


class OutcomeToldOut(OutcomeOut):
    """An answer, with who gave it when."""

    id = serializers.IntegerField()
    number = serializers.IntegerField(source="revision.number")
    note = serializers.CharField()
    told_by = PersonOut(allow_null=True)
    told_at = serializers.DateTimeField()


class OutcomeUndoIn(Input):
    reason = serializers.CharField(max_length=500)


class HitRateOut(serializers.Serializer[Any]):
    """How many 90 % ranges held; low to high is where the true rate lies, 9 times in 10."""

    count = serializers.IntegerField()
    hits = serializers.IntegerField()
    rate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    verdict = serializers.CharField(
        help_text="too few, calibrated, overconfident (too narrow) or underconfident."
    )


class CalibrationRowOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text="all, team or person.")
    number = serializers.IntegerField(help_text="Of estimates.")
    counts = HitRateOut()
    losses = HitRateOut(allow_null=True)
    brier = serializers.FloatField()
    log_score = serializers.FloatField()
    stated = serializers.FloatField(help_text="Mean probability given to some event.")
    happened = serializers.FloatField(help_text="In what share of the periods there was one.")


class CalibrationOut(serializers.Serializer[Any]):
    results = CalibrationRowOut(many=True)


class Calibration(PortalView):
    serializer_class = CalibrationOut

    @operation(
        "calibration_read",
        "Read how well calibrated estimates were",
        tag=TAG,
        gives=CalibrationOut,
        description=(
            "All, teams of which three people or more were scored, and yourself; every team and everyone for "
            "those who write risk statements."
        ),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(CalibrationOut({"results": calibration_of(self.actor)}).data)


class Forecasts(PortalView):
    serializer_class = ForecastsOut

    @operation(
        "forecasts_due_list",
        "List estimates of which nobody has said what came",
        tag=TAG,
        gives=ForecastsOut,
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(ForecastsOut({"results": forecasts_due(self.actor)}).data)


class OutcomeOfForecast(PortalView):
    serializer_class = OutcomeOut

    @operation(
        "forecast_outcome_tell",
        "Say what came of an estimate",
        tag=TAG,
        takes=OutcomeIn,
        gives=OutcomeOut,
        status=201,
        repeatable=True,
        description="It is scored, and the statement learns from the same years.",
        example={"events": 1, "losses": ["42000.00"], "note": "The incident of May."},
    )
    @idempotent
    def post(self, request: Request, revision: int) -> Response:
        given = read_body(OutcomeIn, request)
        forecast = forecast_get(self.actor, revision)
        outcome = outcome_tell(actor=self.actor, forecast=forecast, **given)
        return Response(OutcomeOut(outcome).data, status=201)


class Outcomes(PortalListView):
    serializer_class = OutcomeToldOut

    @operation(
        "outcomes_list",
        "List what was said of estimates whose time is over",
        tag=TAG,
        gives=OutcomeToldOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(OutcomeToldOut, outcomes_list(self.actor), "-told_at", "-id")


class UndoOutcome(PortalView):
    serializer_class = OutcomeUndoIn

    @operation(
        "outcomes_undo",
        "Take back what was said of an estimate",
        tag=TAG,
        takes=OutcomeUndoIn,
        status=204,
        repeatable=True,
        description="The estimate waits for an answer again. 409 where the value has learnt from it.",
        example={"reason": "The incident was of another risk."},
    )
    @idempotent
    def post(self, request: Request, outcome: int) -> Response:
        row = outcome_get(self.actor, outcome)
        given = read_body(OutcomeUndoIn, request)
        outcome_undo(actor=self.actor, outcome=row, reason=given["reason"])
        return Response(status=204)
