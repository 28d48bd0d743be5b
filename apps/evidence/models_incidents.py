"""What happened: the register of incidents, near misses and quiet times."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.catalog.models import SystemOwned
from apps.risks.models import LARGEST

PERSON = settings.AUTH_USER_MODEL


class IncidentKind(models.TextChoices):
    INCIDENT = "incident", _("Incident")
    NEAR_MISS = "near_miss", _("Near miss")
    QUIET = "quiet", _("Nothing happened")


class IncidentEnd(models.TextChoices):
    """Why an entry counts no longer."""

    CORRECTED = "corrected", pgettext_lazy("incident", "Corrected")
    UNDONE = "undone", pgettext_lazy("incident", "Taken back")


class Incident(SystemOwned):
    """An entry of the register. Never changed: a correction is an entry of its own that takes its place."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=9, choices=IncidentKind.choices)
    began_on = models.DateField()
    ended_on = models.DateField()  # the same day, as a rule; totals count it in this day's year
    times = models.PositiveIntegerField(default=1)  # that it happened; 0 of a quiet time
    summary = models.CharField(max_length=300)
    detail = models.TextField(blank=True, default="")  # Markdown
    # What it cost altogether, in the organisation's currency; None where nobody knows (yet).
    loss = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    # The risks that it is an event of: of the same system. None had foreseen it where there is none.
    statements = models.ManyToManyField("risks.RiskStatement", related_name="incidents", blank=True)
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="corrections"
    )
    recorded_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)  # None: it counts
    end = models.CharField(max_length=9, choices=IncidentEnd.choices, blank=True, default="")
    end_reason = models.CharField(max_length=500, blank=True, default="")
    ended_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-ended_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_on__gte=F("began_on")), name="incident_days"),
            models.CheckConstraint(
                condition=Q(kind="quiet", times=0) | (~Q(kind="quiet") & Q(times__gte=1)),
                name="incident_times",
            ),
            models.CheckConstraint(
                condition=Q(loss=None) | Q(kind="incident", loss__gte=0, loss__lte=LARGEST),
                name="incident_loss",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="incident_end_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["corrects"], condition=~Q(end="undone"), name="incident_corrected_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-ended_on", "-id"], condition=Q(ended_at=None), name="incident_register"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.summary[:80]}"

    @property
    def key(self) -> str:
        return f"IN-{self.pk}"

    @property
    def counts(self) -> bool:
        return self.ended_at is None

    @property
    def statement_keys(self) -> list[str]:
        return [each.key for each in self.statements.all()]
