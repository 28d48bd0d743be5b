"""What people took away lately, kept so that it can be put back as it was."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

KEPT = dt.timedelta(days=7)  # as decisions and statements are undone


class Removal(models.Model):
    """One act of taking away.

    SECURITY: it is shown, put back and forgotten only by who may take such a thing away
    (apps/catalog/removed.py); `system_id` is whose it was, null: the organisation's, or a person's own.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)  # of settings.SECOPS_REMOVALS
    object_id = models.BigIntegerField()
    label = models.CharField(max_length=300)  # what it was called
    system_id = models.BigIntegerField(null=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    removed_at = models.DateTimeField(db_default=Now(), editable=False)
    restored_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["removed_at"], name="removal_age")]

    def __str__(self) -> str:
        return self.label

    @property
    def access_system_id(self) -> int | None:
        return self.system_id

    @property
    def ends_at(self) -> dt.datetime:
        """From then on it is gone for good."""
        return self.removed_at + KEPT


class RemovedRow(models.Model):
    """A row that went along, as PostgreSQL's to_jsonb says it; what was sealed in it stays sealed.

    Rows stand in the order in which they can be put back: what others hang on first, and last those
    that stayed and only pointed at one that went.
    """

    id = models.BigAutoField(primary_key=True)
    removal = models.ForeignKey(Removal, on_delete=models.CASCADE, related_name="rows")
    model = models.CharField(max_length=80)  # app.Model
    # The column by which it pointed; "": the whole row went.
    pointer = models.CharField(max_length=63, blank=True, default="")
    content = models.JSONField()  # column: value; of a pointer its row's "key", and "to"

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["removal", "model", "id"], name="removed_row_of_model")]

    def __str__(self) -> str:
        return f"{self.model} of removal {self.removal_id}"
