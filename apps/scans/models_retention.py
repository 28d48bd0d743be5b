"""How long the raw bytes of reports are kept."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class RawRetention(models.Model):
    """Days after which the raw copy of a finished report goes: the newest row holds."""

    days = models.PositiveIntegerField(null=True)  # null: it is kept
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return (
            "raw copies are kept" if self.days is None else f"raw copies go after {self.days} days"
        )
