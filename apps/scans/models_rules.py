"""Rules that speak of findings as they arrive, who owns a finding, and its tags."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.scans.models_verdicts import Justification, Verdict

PERSON = settings.AUTH_USER_MODEL


class TriageRule(models.Model):
    """What is said of findings that a filter finds; of one system, or of all."""

    system = models.ForeignKey(
        "catalog.System", null=True, on_delete=models.CASCADE, related_name="triage_rules"
    )
    name = models.CharField(max_length=120)
    filter = models.JSONField(default=dict)  # fields of selectors.FindingFilter
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True, default="")
    justification = models.CharField(
        max_length=60, choices=Justification.choices, blank=True, default=""
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    team = models.ForeignKey(
        "accounts.Team", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    tags = ArrayField(models.CharField(max_length=40), default=list)
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def access_system_id(self) -> int | None:
        return self.system_id


class OwnerSource(models.IntegerChoices):
    """Who says so; the lower number has the last word."""

    PERSON = 0, _("a person")
    RULE = 1, _("a rule")
    MAP = 2, _("the list of owners")


class FindingOwner(models.Model):
    finding = models.OneToOneField(
        "scans.Finding", primary_key=True, on_delete=models.CASCADE, related_name="owner"
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    source = models.PositiveSmallIntegerField(choices=OwnerSource.choices)
    rule = models.ForeignKey(TriageRule, null=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"finding {self.finding_id}: team {self.team_id}"


class FindingTag(models.Model):
    id = models.BigAutoField(primary_key=True)
    finding = models.ForeignKey("scans.Finding", on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=40)
    rule = models.ForeignKey(TriageRule, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["finding", "tag"], name="finding_tag_once")]
        indexes = [models.Index(fields=["tag", "finding"], name="finding_tag_found")]

    def __str__(self) -> str:
        return self.tag


class OwnersMap(models.Model):
    """Which team owns what of a system, in the manner of a CODEOWNERS file: the last line that fits."""

    system = models.OneToOneField(
        "catalog.System", primary_key=True, on_delete=models.CASCADE, related_name="owners_map"
    )
    text = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"owners of {self.system_id}"
