"""Which evidence is expected where, what a tool's reports count as, and which series fell silent."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.catalog.models import Criticality, SystemOwned
from apps.catalog.stages import Stage
from apps.common.models import Versioned
from apps.coverage.kinds import EvidenceKind
from apps.guidance.models import Guidance

PERSON = settings.AUTH_USER_MODEL


class Profile(Versioned):
    """What the organisation expects of systems of one criticality; without a row, defaults.py holds."""

    criticality = models.PositiveSmallIntegerField(choices=Criticality.choices, unique=True)

    class Meta:
        ordering = ["-criticality"]

    def __str__(self) -> str:
        return self.get_criticality_display()

    @property
    def access_system_id(self) -> None:
        return None


class Expectation(models.Model):
    """A line of a profile."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="expectations")
    stage = models.CharField(max_length=10, choices=Stage.choices)
    kind = models.CharField(max_length=20, choices=EvidenceKind.choices)
    max_age_days = models.PositiveSmallIntegerField()
    guidance = models.ForeignKey(
        Guidance, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "stage", "kind"], name="expectation_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}: {self.get_kind_display()}"


class SystemExpectation(SystemOwned):
    """Where one system differs from its profile, and why: more, less, or another age."""

    stage = models.CharField(max_length=10, choices=Stage.choices)
    kind = models.CharField(max_length=20, choices=EvidenceKind.choices)
    max_age_days = models.PositiveSmallIntegerField(null=True)  # null: not expected here
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "stage", "kind"], name="system_expectation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}: {self.get_kind_display()}"


class ToolKind(models.Model):
    """What a tool's reports count as, by the organisation's word."""

    name = models.CharField(max_length=120, unique=True)  # kinds.plain_name
    tool = models.CharField(max_length=120)  # as it was seen
    kind = models.CharField(max_length=20, choices=EvidenceKind.choices)

    class Meta:
        ordering = ["tool"]

    def __str__(self) -> str:
        return f"{self.tool}: {self.get_kind_display()}"


class SilenceAnswer(models.TextChoices):
    ENDED = "ended", _("It is not run any more")


class SilenceQuerySet(ScopedQuerySet):
    system_path = "series__system_id"


class Silence(models.Model):
    """A series whose next report is overdue by its own rhythm. Its next report ends the silence."""

    series = models.ForeignKey("scans.Series", on_delete=models.CASCADE, related_name="silences")
    since = models.DateTimeField()  # when its newest report was received
    rhythm = models.DurationField(null=True)  # the usual time between two reports, where known
    limit = models.DurationField()  # from when on it counts as silent
    noticed_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)
    # A person's word that there is nothing to wait for.
    answer = models.CharField(max_length=10, choices=SilenceAnswer.choices, blank=True, default="")
    answered_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(null=True)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["series"], condition=Q(ended_at=None), name="silence_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.series}, silent since {self.since:%Y-%m-%d}"

    @property
    def access_system_id(self) -> int:
        return self.series.system_id
