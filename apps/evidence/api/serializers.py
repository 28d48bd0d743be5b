from typing import Any

from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut
from apps.scans.api.serializers import (
    FindingDetailOut,
    FindingOut,
    FindingRatedOut,
    PresenceOut,
)

HIGHEST_CWE = 99_999


class LinkIn(Input):
    finding = serializers.IntegerField(min_value=1, max_value=10**18)


class RuleIn(Input):
    """Findings of the statement's system that match every criterion given are evidence for it."""

    stage = serializers.ChoiceField(choices=Stage.choices, allow_blank=True, default="")
    cwes = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=HIGHEST_CWE),
        max_length=50,
        default=list,
        help_text="Any of them.",
    )
    rule_pattern = serializers.CharField(
        max_length=200,
        allow_blank=True,
        default="",
        help_text="Of the tool's rule; * stands for anything.",
    )
    path_prefix = serializers.CharField(max_length=500, allow_blank=True, default="")
    component = serializers.CharField(
        max_length=300, allow_blank=True, default="", help_text="A package URL without version."
    )


class RuleOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    statement = serializers.CharField(source="statement.key")
    stage = serializers.CharField()
    cwes = serializers.ListField(child=serializers.IntegerField())
    rule_pattern = serializers.CharField()
    path_prefix = serializers.CharField()
    component = serializers.CharField()
    created_at = serializers.DateTimeField()


class LinkOut(serializers.Serializer[Any]):
    """A finding bears on a statement."""

    id = serializers.IntegerField()
    statement = serializers.CharField(source="statement.key")
    finding = FindingOut()
    rule = serializers.IntegerField(
        source="rule_id", allow_null=True, help_text="The statement's rule that made it."
    )
    triage_rule = serializers.IntegerField(
        source="triage_rule_id",
        allow_null=True,
        help_text="The rule of findings that made it; neither: made by hand.",
    )
    made_at = serializers.DateTimeField()


class StatementLinkOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    statement = serializers.CharField(source="statement.key")
    condition = serializers.CharField(source="statement.condition")
    rule = serializers.IntegerField(source="rule_id", allow_null=True)
    triage_rule = serializers.IntegerField(source="triage_rule_id", allow_null=True)
    made_by = PersonOut(allow_null=True)
    made_at = serializers.DateTimeField()


class FindingFullOut(FindingRatedOut):
    """A finding with its text, when it was seen, and what it is evidence for."""

    detail = FindingDetailOut(allow_null=True)
    presences = PresenceOut(many=True)
    evidence = StatementLinkOut(many=True)
