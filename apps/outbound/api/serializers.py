from typing import Any

from rest_framework import serializers

from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut, SystemRefOut
from apps.outbound.kinds import EventName, MessageKind

EVENTS = ", ".join(EventName.values)


class WebhookIn(Input):
    name = serializers.CharField(max_length=120)
    url = serializers.CharField(max_length=2000)
    kind = serializers.CharField(
        max_length=10,
        default=MessageKind.STANDARD.value,
        help_text=f"One of {', '.join(MessageKind.values)}.",
    )
    events = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=50, help_text=f"Of {EVENTS}."
    )
    system = serializers.CharField(
        max_length=60, allow_null=True, default=None, help_text="Only of this one; null: of all."
    )


class WebhookPauseIn(Input):
    paused = serializers.BooleanField()


class WebhookOut(serializers.Serializer[Any]):
    """Who is told of what. The key that signs is shown when it is made, and never again."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField(source="shown_url", help_text="Of a chat only its host.")
    kind = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    system = SystemRefOut(allow_null=True)
    health = serializers.CharField(help_text="new, good, failing, paused or disabled.")
    last_success_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    disabled_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    made_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class MadeWebhookOut(serializers.Serializer[Any]):
    webhook = WebhookOut()
    secret = serializers.CharField(help_text="whsec_..., shown this once.")


class WebhookDeliveryOut(serializers.Serializer[Any]):
    """One message and how its last attempt went."""

    uid = serializers.UUIDField()
    message_id = serializers.CharField(help_text="The header webhook-id, the same at each attempt.")
    event = serializers.CharField()
    state = serializers.CharField(help_text="queued, delivered or failed.")
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    took_ms = serializers.IntegerField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="HTTP; null: no answer.")
    error = serializers.CharField()
    body = serializers.CharField()
