from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut, SystemRefOut
from apps.sources.models import RunState, Trigger
from apps.sources.services.sources import LONGEST, SHORTEST

HEALTH = ("good", "failing", "broken", "paused")


@extend_schema_field(OpenApiTypes.ANY)
class ConfigValue(serializers.Field[Any, Any, Any, Any]):
    """A text, a number or a flag; the connector says which."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str | bool) or (isinstance(data, int) and abs(data) < 10**12):
            return data
        raise serializers.ValidationError("Give a text, a whole number, true or false.")

    def to_representation(self, value: Any) -> Any:
        return value


class SourceChange(Input):
    name = serializers.CharField(max_length=120)
    config = serializers.DictField(
        child=ConfigValue(), required=False, help_text="The connector's fields; see /connectors."
    )
    credential = serializers.IntegerField(
        min_value=1, max_value=10**18, required=False, allow_null=True
    )
    stage = serializers.ChoiceField(choices=Stage.choices, allow_blank=True, required=False)
    tool = serializers.CharField(max_length=120, allow_blank=True, required=False)
    category = serializers.CharField(max_length=120, allow_blank=True, required=False)
    branch = serializers.CharField(max_length=200, allow_blank=True, required=False)
    environment = serializers.CharField(max_length=60, allow_blank=True, required=False)
    format = serializers.CharField(max_length=60, allow_blank=True, required=False)
    interval_minutes = serializers.IntegerField(
        min_value=SHORTEST, max_value=LONGEST, allow_null=True, required=False
    )
    crontab = serializers.CharField(
        max_length=120,
        allow_blank=True,
        required=False,
        help_text="Five fields, in UTC, such as 30 4 * * mon-fri. Instead of an interval.",
    )


class SourceIn(SourceChange):
    system = serializers.CharField(max_length=60)
    connector = serializers.CharField(max_length=40)


class SourceQuery(Input):
    system = serializers.CharField(max_length=60, required=False)
    health = serializers.ChoiceField(choices=HEALTH, required=False)


class SourceOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    system = SystemRefOut()
    name = serializers.CharField()
    connector = serializers.CharField()
    config = serializers.DictField(child=ConfigValue())
    credential = serializers.IntegerField(source="credential_id", allow_null=True)
    stage = serializers.CharField()
    tool = serializers.CharField()
    category = serializers.CharField()
    branch = serializers.CharField()
    environment = serializers.CharField()
    format = serializers.CharField()
    interval_minutes = serializers.IntegerField(allow_null=True)
    crontab = serializers.CharField()
    health = serializers.CharField(help_text="new, good, failing, broken or paused")
    is_paused = serializers.BooleanField()
    next_run_at = serializers.DateTimeField(
        allow_null=True, help_text="null while one is under way, and for runs by hand only"
    )
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_received_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="in a row")
    broken_since = serializers.DateTimeField(allow_null=True)
    last_error_code = serializers.CharField()
    last_error = serializers.CharField()
    version = serializers.IntegerField()


class RunOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uid")
    state = serializers.ChoiceField(choices=RunState.choices)
    trigger = serializers.ChoiceField(choices=Trigger.choices)
    asked_by = serializers.CharField()
    due_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    received = serializers.IntegerField(help_text="reports taken in")
    unchanged = serializers.IntegerField(help_text="asked for, and the same as before")
    refused = serializers.IntegerField(help_text="objects that are no reports")
    bytes = serializers.IntegerField()
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    retry_after = serializers.FloatField(allow_null=True, help_text="seconds we were asked to wait")


class StepOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_good = serializers.BooleanField()
    detail = serializers.CharField()
    advice = serializers.CharField(help_text="what to do where it failed")


class DiagnosisOut(serializers.Serializer[Any]):
    is_good = serializers.BooleanField()
    steps = StepOut(many=True)


class FieldOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # our own word, as are the two below
    kind = serializers.CharField(help_text="text, url, number, choice or flag")
    required = serializers.BooleanField()  # type: ignore[assignment]
    default = ConfigValue()
    help = serializers.CharField()
    choices = serializers.SerializerMethodField()

    def get_choices(self, field: Any) -> list[str]:
        return [value for value, _ in field.choices]


class ConnectorOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    credentials = serializers.SerializerMethodField()
    needs_credential = serializers.BooleanField()
    fields = FieldOut(many=True)  # type: ignore[assignment]  # the connector's own word for them

    def get_credentials(self, connector: Any) -> list[str]:
        return sorted(connector.credentials)


class CredentialIn(Input):
    system = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=120)
    kind = serializers.CharField(max_length=10, help_text="bearer, basic, header or keys")
    url = serializers.CharField(
        max_length=1000, help_text="Any address of the server that it is for; it goes nowhere else."
    )
    username = serializers.CharField(
        max_length=200,
        allow_blank=True,
        default="",
        help_text="The user name, the header's name, or the access key.",
    )
    secret = serializers.CharField(
        max_length=8000, trim_whitespace=False, help_text="Sealed at once and never shown again."
    )


class SecretIn(Input):
    secret = serializers.CharField(max_length=8000, trim_whitespace=False)


class CredentialOut(serializers.Serializer[Any]):
    """SECURITY: the secret is not among these, and neither is what it was sealed to."""

    id = serializers.IntegerField()
    system = SystemRefOut()
    name = serializers.CharField()
    kind = serializers.CharField()
    origin = serializers.CharField(help_text="the only server that is told the secret")
    username = serializers.CharField()
    made_by = PersonOut(allow_null=True)
    secret_changed_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    used_by = serializers.IntegerField(help_text="how many sources use it")
    version = serializers.IntegerField()
