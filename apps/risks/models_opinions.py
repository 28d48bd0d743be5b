"""What several people estimate of the same risk, each by themselves."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

PERSON = settings.AUTH_USER_MODEL


class StatementOpinion(models.Model):
    """One person's two 90 % ranges for a statement. Never changed: a newer one ends it."""

    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="opinions"
    )
    # Units and meaning as of a statement: loss events a year, and the loss of one in its currency.
    frequency_low = models.DecimalField(max_digits=16, decimal_places=6)
    frequency_high = models.DecimalField(max_digits=16, decimal_places=6)
    magnitude_low = models.DecimalField(max_digits=18, decimal_places=2)
    magnitude_high = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=500, blank=True, default="")
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)  # by a newer one, or taken back

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "made_by"],
                condition=Q(ended_at=None),
                name="opinion_one_a_person",
            ),
            models.CheckConstraint(
                condition=Q(
                    frequency_low__gt=0,
                    frequency_high__gte=F("frequency_low"),
                    magnitude_low__gt=0,
                    magnitude_high__gte=F("magnitude_low"),
                ),
                name="opinion_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"RS-{self.statement_id}: {self.frequency_low} to {self.frequency_high} a year"
