"""What findings mean for risk statements: links, and the rules that make them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.policy import ScopedQuerySet
from apps.catalog.stages import Stage

PERSON = settings.AUTH_USER_MODEL


class StatementOwnedQuerySet(ScopedQuerySet):
    system_path = "statement__system_id"


class EvidenceRule(models.Model):
    """Findings of the statement's system that match every criterion given are evidence for it."""

    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="evidence_rules"
    )
    stage = models.CharField(max_length=10, choices=Stage.choices, blank=True, default="")
    cwes = ArrayField(models.PositiveIntegerField(), default=list, blank=True)  # any of them
    rule_pattern = models.CharField(max_length=200, blank=True, default="")  # * stands for anything
    path_prefix = models.CharField(max_length=500, blank=True, default="")
    component = models.CharField(
        max_length=300, blank=True, default=""
    )  # package URL without version
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = StatementOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(cwes=[]) | ~Q(rule_pattern="") | ~Q(path_prefix="") | ~Q(component=""),
                name="evidence_rule_asks_for_something",
            )
        ]

    def __str__(self) -> str:
        parts = [f"CWE-{cwe}" for cwe in self.cwes]
        parts += [self.rule_pattern, self.path_prefix, self.component, self.stage]
        return ", ".join(part for part in parts if part)


class EvidenceLink(models.Model):
    """A finding bears on a statement."""

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="evidence_links"
    )
    finding = models.ForeignKey(
        "scans.Finding", on_delete=models.CASCADE, related_name="evidence_links"
    )
    rule = models.ForeignKey(
        EvidenceRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="links"
    )
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    dismissed_at = models.DateTimeField(null=True)  # a person said that it does not bear on it

    objects = StatementOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "finding"], name="evidence_once")
        ]

    def __str__(self) -> str:
        return f"finding {self.finding_id} bears on RS-{self.statement_id}"
