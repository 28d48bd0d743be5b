"""Who did what to what, when and from where. Append-only: a database trigger refuses change."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now


class AuditEntry(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.CharField(max_length=10)  # user, token, portal
    actor_label = models.CharField(
        max_length=200
    )  # kept as it was then, whatever becomes of the person
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False
    )
    token_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=80)  # entity.action, e.g. "statement.publish"
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=300)
    system_id = models.BigIntegerField(
        null=True
    )  # whose readers may see the entry; null: the organisation's
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)  # field: [before, after]
    request_id = models.CharField(max_length=64)
    # Where the request came from (apps/common/rates.py, address_of); empty: no request, such as a worker's.
    address = models.CharField(max_length=45, default="", db_default="", blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["system_id", "-id"], name="audit_of_system"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.action} {self.object_label}"


class AuditSeal(models.Model):
    """A digest over all entries up to one of them (apps/audit/seals.py); never changes either."""

    id = models.BigAutoField(primary_key=True)
    through_id = models.BigIntegerField(unique=True)  # the last entry that it covers
    entries = models.PositiveIntegerField()  # how many it covers, since the seal before
    # Unique, so that two sealers at once cannot make two chains.
    previous = models.BinaryField(max_length=32, unique=True)
    digest = models.BinaryField(max_length=32, unique=True)
    # False of the last release that knew no addresses, also while it still runs beside this one.
    has_addresses = models.BooleanField(default=True, db_default=False)
    sealed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"seal {self.pk} through entry {self.through_id}"

    @property
    def digest_hex(self) -> str:
        return bytes(self.digest).hex()


class AuditCut(models.Model):
    """The oldest entries went after they were exported (apps/audit/cutting.py); never changes either.

    The database takes a row only if it agrees with the seals and the entries that go, and deletes only
    entries that a row here covers.
    """

    id = models.BigAutoField(primary_key=True)
    first_id = models.BigIntegerField()
    through_id = models.BigIntegerField(unique=True)  # the last entry that went; a seal ends there
    entries = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    digest = models.BinaryField(max_length=32)  # of the last seal whose entries went
    export_name = models.CharField(max_length=200)
    export_sha256 = models.CharField(max_length=64)
    cut_by = models.CharField(max_length=200)
    cut_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"cut of {self.entries} entries through {self.through_id}"

    @property
    def digest_hex(self) -> str:
        return bytes(self.digest).hex()

    def told(self) -> dict[str, Any]:
        """What the trail's own entry says of it."""
        return {
            "first_id": self.first_id,
            "through_id": self.through_id,
            "entries": self.entries,
            "first_at": self.first_at.isoformat(),
            "last_at": self.last_at.isoformat(),
            "digest": self.digest_hex,
            "export_name": self.export_name,
            "export_sha256": self.export_sha256,
        }
