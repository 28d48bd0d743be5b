"""`GET /systems/{key}/stages/{stage}/advice`: what a pipeline asks in one call."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.advice.stage_advice import Risk, Since, StageAdvice, stage_advice
from apps.advice.stage_texts import markdown, sarif
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, read_query
from apps.common.api.outputs import SystemRefOut, money
from apps.common.errors import Missing
from apps.coverage.api.serializers import SeriesSeenOut
from apps.guidance.models import Guidance
from apps.scans.api.serializers import SEVERITY_NAMES, SeverityField


class SinceField(serializers.RegexField):
    """A commit, or a day of UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^([0-9a-fA-F]{7,64}|\d{4}-\d{2}-\d{2})$", **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        text = str(super().to_internal_value(data))
        return Since(day=day_of(text)) if "-" in text else Since(commit=text)

    def run_validators(self, value: Any) -> None:
        super().run_validators(value.day.isoformat() if value.day else value.commit)


def day_of(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise serializers.ValidationError("This is no day of the calendar.") from None


class AdviceQuery(Input):
    since = SinceField(
        required=False,
        help_text=(
            "A commit that was reported, or a day (2026-11-21): what came after it is new. "
            "Without it, and without a branch: what came within a week."
        ),
    )
    branch = serializers.CharField(
        max_length=200,
        required=False,
        help_text="A branch whose reports are previews: what the default branch has not is new.",
    )
    format = serializers.ChoiceField(choices=["json", "sarif", "markdown"], default="json")


class AdviceOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="gap, stale, silent, new or risk.")
    text = serializers.CharField()
    url = serializers.CharField()


class RiskOut(serializers.Serializer[Any]):
    """A risk that is carried in this stage, as it was published."""

    key = serializers.CharField(source="statement.key")
    condition = serializers.CharField(source="statement.published.condition")
    consequence = serializers.CharField(source="statement.published.consequence")
    expected_annual_loss = money(source="statement.published.valuation.expected_annual_loss")
    probability_of_loss = serializers.FloatField(
        source="statement.published.valuation.probability_of_loss"
    )
    currency = serializers.CharField(source="statement.published.currency")
    open_evidence = serializers.IntegerField(help_text="Open findings that bear on it.")
    url = serializers.SerializerMethodField()

    def get_url(self, risk: Risk) -> str:
        return f"/risks/{risk.statement.key}/"


class NewFindingOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    severity = SeverityField()
    title = serializers.CharField()
    rule_id = serializers.CharField()
    place = serializers.CharField()
    tool = serializers.CharField(source="series.tool")
    url = serializers.SerializerMethodField()

    def get_url(self, finding: Any) -> str:
        return f"/findings/{finding.pk}/"


class ExpectedOut(serializers.Serializer[Any]):
    """A kind of evidence that is expected here, and whether it is."""

    kind = serializers.CharField(source="line.kind")
    max_age_days = serializers.IntegerField(source="line.max_age_days")
    newest_at = serializers.DateTimeField(allow_null=True)
    freshness = serializers.CharField(help_text="fresh, ageing, stale or none.")


class GuidanceRefOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField(source="current.title")
    url = serializers.SerializerMethodField()

    def get_url(self, guidance: Guidance) -> str:
        return f"/guidance/{guidance.key}/"


class StageAdviceOut(serializers.Serializer[Any]):
    """Advice, and no verdict: what follows from it is the caller's to decide."""

    system = SystemRefOut()
    stage = serializers.CharField()
    advice = AdviceOut(many=True)
    risks = RiskOut(many=True)
    expected_annual_loss = money(help_text="Of all risks carried in this stage, a year.")
    open = serializers.SerializerMethodField(help_text="Open findings by severity.")
    new_since = serializers.CharField(help_text='What "new" is measured from, in words.')
    new_count = serializers.IntegerField()
    new = NewFindingOut(many=True, help_text="The worst 50.")
    expected = ExpectedOut(source="coverage.expected", many=True)
    evidence = SeriesSeenOut(source="coverage.arrived", many=True)
    guidance = GuidanceRefOut(many=True)

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_open(self, told: StageAdvice) -> dict[str, int]:
        return {SEVERITY_NAMES[level]: count for level, count in enumerate(told.open_counts)}


class StageAdviceView(PortalView):
    serializer_class = StageAdviceOut
    open_to_pipelines = True

    @operation(
        "stage_advice",
        "Read the advice on one stage of a system",
        tag="Advice",
        query=AdviceQuery,
        gives=StageAdviceOut,
        media="application/json",
        also={
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "application/sarif+json"): OpenApiTypes.OBJECT,
        },
        description=(
            "For a pipeline, in one call: risks carried with their value, what is new since a commit "
            "or on a branch, gaps, guidance. `format=markdown` suits a job summary or a comment, "
            "`format=sarif` a code host. A system's token may read it. It is advice: nothing here "
            "says that a build has to fail."
        ),
    )
    def get(self, request: Request, system: str, stage: str) -> HttpResponseBase:
        wanted = read_query(AdviceQuery, request)
        if stage not in Stage.values:
            raise Missing(f"There is no stage {stage!r}; they are {', '.join(Stage.values)}.")
        since = replace(wanted.get("since", Since()), branch=wanted.get("branch", ""))
        told = stage_advice(self.actor, system, Stage(stage), since)
        if wanted["format"] == "markdown":
            return HttpResponse(markdown(told), content_type="text/markdown; charset=utf-8")
        if wanted["format"] == "sarif":
            return JsonResponse(sarif(told), content_type="application/sarif+json")
        return self.one(StageAdviceOut, told)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """`format` says what is wanted; a client may accept what it likes."""
        return super().perform_content_negotiation(request, force=True)
