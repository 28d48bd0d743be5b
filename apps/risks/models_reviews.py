"""Peer review as a wish: who wishes it, and what a second person said of a text."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class ReviewNote(models.TextChoices):
    """What a revision says of its review. Neutral: publishing without one is no fault."""

    NOT_WISHED = "", _("Review was not wished")
    REVIEWED = "reviewed", _("Reviewed")
    WITHOUT = "without", _("Published without review")


class ReviewWish(models.Model):
    """A team wishes that a second person looks at the risks of its systems; no team: everyone does."""

    team = models.ForeignKey(
        "accounts.Team", null=True, on_delete=models.CASCADE, related_name="review_wishes"
    )
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team"], nulls_distinct=False, name="review_wish_once_a_team"
            )
        ]

    def __str__(self) -> str:
        return f"review wished by {self.team or 'everyone'}"


class StatementReview(models.Model):
    """What a second person said of a version of a working text; binds nobody."""

    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="reviews"
    )
    version = models.PositiveIntegerField()  # of the statement, as it was read
    approves = models.BooleanField()
    body = models.TextField(blank=True, default="")
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"RS-{self.statement_id}: {'approved' if self.approves else self.body[:60]}"
