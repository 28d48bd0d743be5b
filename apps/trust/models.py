"""Which pipelines are trusted by what their code host says of them, and which proofs were used."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.catalog.models import SystemOwned
from apps.catalog.stages import Stage
from apps.trust.hosts import host_name

PERSON = settings.AUTH_USER_MODEL


class TrustRule(SystemOwned):
    """Jobs of this repository, on these refs, get a short-lived upload token of the system."""

    name = models.CharField(max_length=120)
    issuer = models.CharField(max_length=300)  # as in the proof's `iss`
    repository = models.CharField(max_length=300)  # owner/name, or a GitLab project's path
    ref = models.CharField(max_length=300, blank=True, default="")  # * stands for anything
    environment = models.CharField(max_length=120, blank=True, default="")
    workflow = models.CharField(
        max_length=300, blank=True, default=""
    )  # file, where the host says it
    stages = ArrayField(
        models.CharField(max_length=10, choices=Stage.choices), default=list, blank=True
    )
    # The host's own number of the repository, taken down at the first use: another repository that
    # gets the same name later is another one.
    repository_id = models.CharField(max_length=60, blank=True, default="", editable=False)
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)
    last_subject = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["issuer", "repository"], name="trust_rule_found")]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        return host_name(self.issuer)


class UsedProof(models.Model):
    """A proof that was exchanged; the same one again is a replay."""

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(max_length=32, unique=True)  # of issuer and number
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="used_proof_age")]

    def __str__(self) -> str:
        return f"a proof until {self.expires_at:%Y-%m-%d %H:%M}"
