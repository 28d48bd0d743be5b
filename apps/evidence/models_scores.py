"""How good the estimates were that people gave beside the one that a risk carried."""

from django.conf import settings
from django.db import models
from django.db.models import Q

PERSON = settings.AUTH_USER_MODEL


class OpinionScore(models.Model):
    """One person's own estimate (risks.StatementOpinion), scored by what came of the same years.

    It is read with its outcome only, and goes with it when that is taken back.
    """

    id = models.BigAutoField(primary_key=True)
    outcome = models.ForeignKey(
        "evidence.Outcome", on_delete=models.CASCADE, related_name="opinion_scores"
    )
    opinion = models.ForeignKey(
        "risks.StatementOpinion", on_delete=models.CASCADE, related_name="scores"
    )
    estimator = models.ForeignKey(
        PERSON, null=True, on_delete=models.SET_NULL, related_name="opinion_scores"
    )
    # As of an Outcome: what had been said.
    chance = models.FloatField()
    count_low = models.PositiveIntegerField()
    count_high = models.PositiveIntegerField()
    count_hit = models.BooleanField()
    log_score = models.FloatField()
    loss_hits = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["outcome", "opinion"], name="opinion_score_once"),
            models.CheckConstraint(
                condition=Q(chance__gte=0, chance__lte=1), name="opinion_score_chance"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estimator}: {self.chance:.0%}"

    @property
    def happened(self) -> bool:
        return self.outcome.happened

    @property
    def losses(self) -> list[str]:
        """Of single events where known: Decimal as text."""
        return list(self.outcome.losses)
