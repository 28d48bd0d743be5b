"""Who outside is told of what, and how each telling went."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.common.models import Versioned
from apps.outbound.kinds import EventName, MessageKind

PERSON = settings.AUTH_USER_MODEL


class Webhook(Versioned):
    """An address of the organisation that is told of events as they happen.

    SECURITY: it belongs to the organisation also where it hears of one system only; `system` bounds
    what is told, not who manages it.
    """

    name = models.CharField(max_length=120, unique=True)
    url = models.CharField(max_length=2000)
    kind = models.CharField(
        max_length=10, choices=MessageKind.choices, default=MessageKind.STANDARD
    )
    events = ArrayField(models.CharField(max_length=60, choices=EventName.choices))
    system = models.ForeignKey(
        "catalog.System", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # sealed along
    sealed = models.BinaryField(editable=False)  # the signing key, apps/common/sealing.py
    # The one before, which signs along for a while, so that the receiver can change over.
    previous_sealed = models.BinaryField(null=True, editable=False)
    previous_until = models.DateTimeField(null=True)
    is_paused = models.BooleanField(default=False)
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    last_success_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # since when nothing got through
    disabled_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_url(self) -> str:
        """SECURITY: the path of a chat's address is all that its makers ask for; it is not shown."""
        scheme, _sep, rest = self.url.partition("://")
        host = rest.partition("/")[0]
        return self.url if self.kind == MessageKind.STANDARD else f"{scheme}://{host}/…"

    @property
    def health(self) -> str:
        """One word for lists: paused, disabled, failing, good or new."""
        if self.disabled_at is not None:
            return "disabled"
        if self.is_paused:
            return "paused"
        if self.failing_since is not None:
            return "failing"
        return "good" if self.last_success_at else "new"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Given up")


class WebhookDelivery(models.Model):
    """One message to one webhook. The row is the queue's truth; its number is the message's id."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.BigIntegerField(null=True)  # of the outbox; null: a ping
    event = models.CharField(max_length=60)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    tried_at = models.DateTimeField(null=True)
    took_ms = models.PositiveIntegerField(null=True)
    status = models.PositiveIntegerField(null=True)  # HTTP, of the last attempt
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A second delivery by the outbox makes no second message.
            models.UniqueConstraint(fields=["webhook", "event_id"], name="delivery_once_an_event")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="queued"), name="delivery_due"
            ),
            models.Index(fields=["webhook", "-id"], name="delivery_of_webhook"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"

    @property
    def message_id(self) -> str:
        """The same at each attempt and redelivery, so that a receiver knows a repeat."""
        return f"msg_{self.uid.hex}"
