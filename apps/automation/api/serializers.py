from typing import Any

from rest_framework import serializers

from apps.automation.kinds import AutomationKind, Drift, Outcome, SignalOf
from apps.automation.models import Automation
from apps.automation.services.register import LONGEST_INTERVAL, MOST_GUARDED
from apps.automation.words import drift_sentence
from apps.catalog.stages import Stage
from apps.common.api.inputs import Input, KeyField
from apps.common.api.outputs import SystemRefOut


def _one_of(values: list[str]) -> str:
    return f"One of: {', '.join(values)}."


class AutomationQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    kind = serializers.CharField(
        max_length=12, required=False, help_text=_one_of(AutomationKind.values)
    )
    drift = serializers.CharField(
        max_length=10, required=False, help_text=f"{_one_of(Drift.values)[:-1]}, trouble."
    )
    statement = KeyField("RS", required=False, help_text="What guards this risk.")


class AutomationRunOut(serializers.Serializer[Any]):
    """A run: from a posted report, from a pipeline, or as a person told it."""

    id = serializers.IntegerField()
    outcome = serializers.CharField(help_text=_one_of(Outcome.values))
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    revision = serializers.CharField(help_text="That ran.")
    ran_at = serializers.DateTimeField()
    report = serializers.UUIDField(source="report.uid", default=None, allow_null=True)
    note = serializers.CharField()
    url = serializers.CharField()
    told_by = serializers.CharField()


class AutomationOut(serializers.Serializer[Any]):
    """What is declared, what it guards, and how it stands against that."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    system = SystemRefOut()
    kind = serializers.CharField(help_text=_one_of(AutomationKind.values))
    name = serializers.CharField()
    description = serializers.CharField()
    stage = serializers.CharField()
    repository = serializers.CharField()
    path = serializers.CharField()
    revision = serializers.CharField(help_text="Declared: a commit, tag or branch.")
    owner = serializers.CharField(source="owner.key", default=None, allow_null=True)
    tool = serializers.CharField()
    category = serializers.CharField()
    environment = serializers.CharField()
    pattern = serializers.CharField()
    interval_days = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    hypothesis = serializers.CharField()
    method = serializers.CharField()
    threshold = serializers.CharField()
    signal_of = serializers.CharField()
    moves_value = serializers.BooleanField()
    is_retired = serializers.BooleanField()
    statements = serializers.SerializerMethodField()
    guidance = serializers.SerializerMethodField()
    drift = serializers.CharField(help_text=_one_of(Drift.values))
    drift_text = serializers.SerializerMethodField()
    last_run = AutomationRunOut(allow_null=True)

    def get_statements(self, row: Automation) -> list[str]:
        return [each.key for each in row.statements.all()]

    def get_guidance(self, row: Automation) -> list[str]:
        return [each.key for each in row.guidance.all()]

    def get_drift_text(self, row: Automation) -> str:
        return drift_sentence(row)


def _text(length: int, **kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=length, default="", allow_blank=True, **kwargs)


class AutomationChange(Input):
    """Everything but the system, which stays."""

    kind = serializers.CharField(max_length=12, help_text=_one_of(AutomationKind.values))
    name = serializers.CharField(max_length=160)
    stage = serializers.ChoiceField(choices=Stage.choices)
    description = _text(5000)
    repository = _text(300, help_text="https:// address.")
    path = _text(300)
    revision = _text(100)
    owner = serializers.CharField(
        max_length=60, default=None, allow_null=True, help_text="A team's key."
    )
    tool = _text(120, help_text="Whose reports are its runs.")
    category = _text(120)
    environment = _text(60)
    pattern = _text(200, help_text="Of a rule or title in those reports; * stands for anything.")
    interval_days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_INTERVAL, default=None, allow_null=True
    )
    due_on = serializers.DateField(default=None, allow_null=True)
    hypothesis = _text(2000)
    method = _text(5000)
    threshold = _text(200)
    signal_of = _text(10, help_text=_one_of(SignalOf.values))
    moves_value = serializers.BooleanField(default=False)
    statements = serializers.ListField(child=KeyField("RS"), max_length=MOST_GUARDED, default=list)
    guidance = serializers.ListField(child=KeyField("G"), max_length=MOST_GUARDED, default=list)


class AutomationIn(AutomationChange):
    system = serializers.CharField(max_length=60, help_text="A system's key.")


class RunIn(Input):
    outcome = serializers.CharField(max_length=8, help_text=_one_of(Outcome.values))
    ran_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Now, unless given."
    )
    revision = _text(100, help_text="That ran.")
    passed = serializers.IntegerField(min_value=0, max_value=2_000_000_000, default=0)
    failed = serializers.IntegerField(min_value=0, max_value=2_000_000_000, default=0)
    note = _text(2000)
    url = _text(500, help_text="Of the job.")
    key = _text(100, help_text="The same run sent again is the same run, such as a job's id.")


class RetireIn(Input):
    is_retired = serializers.BooleanField(default=True)
