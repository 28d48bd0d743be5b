"""VEX documents that were taken in: they speak of findings that are there and of those that come."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.catalog.models import SystemOwned
from apps.scans.models_verdicts import Justification, Verdict


class VexDocument(SystemOwned):
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=20)
    author = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    is_on = models.BooleanField(default=True)  # off: says nothing of findings that come
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "sha256"],
                condition=models.Q(is_on=True),
                name="vex_document_once",
            )
        ]

    def __str__(self) -> str:
        return self.name


class VexStatement(models.Model):
    """What a document says of a vulnerability; only what decides something is kept."""

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(VexDocument, on_delete=models.CASCADE, related_name="statements")
    position = models.PositiveIntegerField()  # a later one is the newer word
    vulnerabilities = ArrayField(models.CharField(max_length=100))
    # Package URLs without qualifiers; without a version: all of them. Empty: the whole system.
    purls = ArrayField(models.CharField(max_length=500), default=list)
    verdict = models.CharField(max_length=14, choices=Verdict.choices)
    justification = models.CharField(
        max_length=60, choices=Justification.choices, blank=True, default=""
    )
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="vex_statement_place")
        ]

    def __str__(self) -> str:
        return f"{', '.join(self.vulnerabilities)}: {self.verdict}"
