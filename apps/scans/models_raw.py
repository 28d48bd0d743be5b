"""What the organisation keeps of raw reports."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class RawCopies(models.Model):
    """Whether secrets are masked in the raw copies of reports, too. One row, once somebody has said so."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    are_masked = models.BooleanField(default=False)
    changed_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "raw copies"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="raw_copies_one_row")]

    def __str__(self) -> str:
        return "masked" if self.are_masked else "as sent"


class RawLeftover(models.Model):
    """A stored file in whose place a masked one is used, until it is deleted: a death between cannot keep it."""

    storage_name = models.CharField(max_length=200, primary_key=True)

    def __str__(self) -> str:
        return self.storage_name
