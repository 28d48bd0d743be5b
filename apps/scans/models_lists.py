"""How people want their lists."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class FindingColumns(models.Model):
    """The columns that a person chose for the list of findings; no row: the standard ones."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    names = ArrayField(models.CharField(max_length=20))

    class Meta:
        verbose_name_plural = "finding columns"

    def __str__(self) -> str:
        return ", ".join(self.names)
