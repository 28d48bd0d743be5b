"""Where workers pull results from, with what secret, and how each run went."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.catalog.models import SystemOwned
from apps.catalog.stages import Stage
from apps.common.models import Versioned

PERSON = settings.AUTH_USER_MODEL


class CredentialKind(models.TextChoices):
    BEARER = "bearer", _("Token (Authorization: Bearer)")
    BASIC = "basic", _("User name and password")
    HEADER = "header", _("Key in a header of its own")
    KEYS = "keys", _("Access key and secret key (S3)")


class Credential(SystemOwned, Versioned):
    """A secret that one origin may be told. Sealed when it is written; no page or API shows it again."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=CredentialKind.choices)
    # SECURITY: the secret goes nowhere else, whatever URL a source is given later.
    origin = models.CharField(max_length=300)  # scheme://host[:port]
    username = models.CharField(max_length=200, blank=True, default="")  # or header, or access key
    sealed = models.BinaryField(editable=False)  # apps/common/sealing.py
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # sealed along with it
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    secret_changed_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="credential_once_a_system")
        ]

    def __str__(self) -> str:
        return self.name


class Source(SystemOwned, Versioned):
    """One place that is asked for results on a schedule; what it gives becomes reports."""

    name = models.CharField(max_length=120)
    connector = models.CharField(max_length=40)
    config = models.JSONField(default=dict)  # the connector's fields
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="sources"
    )
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    # What its reports say of themselves, as with an upload. Empty: found out from the content.
    stage = models.CharField(max_length=10, choices=Stage.choices, blank=True, default="")
    tool = models.CharField(max_length=120, blank=True, default="")
    category = models.CharField(max_length=120, blank=True, default="")
    branch = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=60, blank=True, default="")
    format = models.CharField(max_length=60, blank=True, default="")
    # When. Neither of the two: only by hand.
    interval_minutes = models.PositiveIntegerField(null=True, blank=True)
    crontab = models.CharField(max_length=120, blank=True, default="")  # in UTC
    is_paused = models.BooleanField(default=False)
    next_run_at = models.DateTimeField(null=True)  # null: a run is under way, or none is planned
    # Where it goes on: moved in the transaction that notes what was received.
    cursor = models.JSONField(default=dict)
    position = models.PositiveBigIntegerField(default=0)  # how many reports it has given
    last_sha256 = models.CharField(max_length=64, blank=True, default="")
    last_received_at = models.DateTimeField(null=True)
    # How it is.
    last_success_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    broken_since = models.DateTimeField(null=True)  # the circuit breaker is open
    last_error_code = models.CharField(max_length=40, blank=True, default="")
    last_error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="source_once_a_system"),
            models.CheckConstraint(
                condition=Q(interval_minutes=None) | Q(crontab=""), name="source_one_schedule"
            ),
        ]
        indexes = [
            models.Index(fields=["next_run_at"], condition=Q(is_paused=False), name="source_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_scheduled(self) -> bool:
        return bool(self.interval_minutes or self.crontab)

    @property
    def health(self) -> str:
        """One word for lists: paused, broken, failing, good or new."""
        if self.is_paused:
            return "paused"
        if self.broken_since is not None:
            return "broken"
        if self.failures:
            return "failing"
        return "good" if self.last_success_at else "new"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", _("schedule")
    HAND = "hand", _("by hand")


UNFINISHED = (RunState.QUEUED, RunState.RUNNING)


class SourceRunQuerySet(ScopedQuerySet):
    system_path = "source__system_id"


class SourceRun(models.Model):
    """One run of a source. Its row is the queue's truth, as a report's is: the broker only carries its id."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    asked_by = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    due_at = models.DateTimeField(db_default=Now())
    next_send_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    received = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)  # objects that are no reports
    bytes = models.PositiveBigIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    retry_after = models.FloatField(null=True)  # seconds that the other side asked us to wait

    objects = SourceRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One run of a source at a time, whoever asks and however many workers there are.
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=UNFINISHED),
                name="run_one_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_send_at"], condition=Q(state__in=UNFINISHED), name="run_due"
            ),
            models.Index(fields=["source", "-id"], name="run_of_source"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of source {self.source_id}"

    @property
    def access_system_id(self) -> int:
        return self.source.system_id


class Pulled(models.Model):
    """What a run brought. With a key it also says that this object, in this version, was taken."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="pulled")
    run = models.ForeignKey(SourceRun, null=True, on_delete=models.SET_NULL, related_name="pulled")
    report = models.ForeignKey(
        "scans.Report", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=300, blank=True, default="")
    key_hash = models.BinaryField(
        max_length=32, null=True
    )  # of object and version; null: a snapshot
    refused = models.TextField(blank=True, default="")  # why it is no report
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["source", "key_hash"], name="pulled_once")]
        indexes = [models.Index(fields=["source", "-id"], name="pulled_of_source")]

    def __str__(self) -> str:
        return self.name or f"pulled {self.pk}"
