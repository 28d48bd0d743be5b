"""Base models and the two tables that everything stands on: the outbox and idempotency keys."""

from django.db import models
from django.db.models.functions import Now


class Timestamped(models.Model):
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Edited(models.Model):
    """A row that people edit: `version` rises with each edit and is its ETag."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


class Versioned(Timestamped, Edited):
    class Meta:
        abstract = True


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that caused it."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["name", "-id"], name="outbox_event_name")]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class OutboxDelivery(models.Model):
    """One handler's share of an event; there is one row for each handler, so none waits for another."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=200)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "outbox deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="outbox_once_a_handler")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(delivered_at=None),
                name="outbox_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.handler}"


class IdempotencyRecord(models.Model):
    """The answer to a POST that carried an Idempotency-Key, kept so that a repeat gets it again."""

    id = models.BigAutoField(primary_key=True)
    actor_key = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)  # null: the first request is still running
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor_key", "key"], name="idempotency_once_an_actor")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.actor_key}: {self.key}"
