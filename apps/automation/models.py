"""The register of security automation: what is declared, what it guards, and how its runs went."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Team
from apps.accounts.policy import ScopedQuerySet
from apps.automation.kinds import AutomationKind, Outcome, SignalOf
from apps.catalog.models import SystemOwned
from apps.catalog.stages import Stage
from apps.common.models import Versioned
from apps.guidance.models import Guidance
from apps.risks.models import RiskStatement

PERSON = settings.AUTH_USER_MODEL


class Automation(SystemOwned, Versioned):
    """A script, policy, test, image, experiment, scripted change or signal, as it is declared."""

    kind = models.CharField(max_length=12, choices=AutomationKind.choices)
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=10, choices=Stage.choices)  # that runs it
    repository = models.URLField(max_length=300, blank=True, default="")
    path = models.CharField(max_length=300, blank=True, default="")
    revision = models.CharField(max_length=100, blank=True, default="")  # commit, tag or branch
    owner = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="automations"
    )
    statements = models.ManyToManyField(RiskStatement, related_name="automations", blank=True)
    guidance = models.ManyToManyField(Guidance, related_name="automations", blank=True)
    # Which posted reports are runs of it; without a tool none is, and runs are told by hand or API.
    tool = models.CharField(max_length=120, blank=True, default="")
    category = models.CharField(max_length=120, blank=True, default="")
    environment = models.CharField(max_length=60, blank=True, default="")
    pattern = models.CharField(
        max_length=200, blank=True, default=""
    )  # of a rule or title; * is any
    # When. Both: a run moves due_on to its day and the interval.
    interval_days = models.PositiveIntegerField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    # The day of which people were told that it passed without a run.
    told_due_on = models.DateField(null=True, editable=False)
    # Of experiments and signals.
    hypothesis = models.TextField(blank=True, default="")
    method = models.TextField(blank=True, default="")
    threshold = models.CharField(max_length=200, blank=True, default="")
    signal_of = models.CharField(max_length=10, choices=SignalOf.choices, blank=True, default="")
    # Each run is an attempt that the guarded statements' vulnerability learns from.
    moves_value = models.BooleanField(default=False)
    is_retired = models.BooleanField(default=False)
    last_run = models.ForeignKey(
        "AutomationRun", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            models.Index(
                fields=["system", "tool"],
                condition=Q(is_retired=False) & ~Q(tool=""),
                name="automation_of_tool",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"AU-{self.pk}"


class RunQuerySet(ScopedQuerySet):
    system_path = "automation__system_id"


class AutomationRun(models.Model):
    """One run, from a posted report, from a pipeline, or as a person tells it."""

    id = models.BigAutoField(primary_key=True)
    automation = models.ForeignKey(Automation, on_delete=models.CASCADE, related_name="runs")
    report = models.ForeignKey(
        "scans.Report", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    key = models.CharField(max_length=120)  # the same run again is the same row
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    revision = models.CharField(max_length=100, blank=True, default="")  # that ran
    ran_at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    url = models.URLField(max_length=500, blank=True, default="")  # of the pipeline's job
    told_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-ran_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["automation", "key"], name="automation_run_once")
        ]
        indexes = [models.Index(fields=["automation", "-ran_at"], name="automation_runs")]

    def __str__(self) -> str:
        return f"{self.automation}: {self.outcome} at {self.ran_at:%Y-%m-%d %H:%M}"

    @property
    def access_system_id(self) -> int:
        return self.automation.system_id
