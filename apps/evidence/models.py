"""What findings mean for risk statements: links, and the rules that make them."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.catalog.models import SystemOwned
from apps.catalog.stages import Stage
from apps.evidence.models_incidents import Incident, IncidentEnd, IncidentKind
from apps.evidence.models_scores import OpinionScore
from apps.scans.models import FindingState

__all__ = ["Incident", "IncidentEnd", "IncidentKind", "OpinionScore"]

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


class TriageRuleTarget(models.Model):
    """The statement that a rule of findings links what it finds to.

    The rule is of scans, which know no statements; so its target is a row here.
    """

    rule = models.OneToOneField(
        "scans.TriageRule",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="evidence_target",
    )
    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="triage_rules"
    )

    objects = StatementOwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"rule {self.rule_id}: RS-{self.statement_id}"


class EvidenceLinkQuerySet(StatementOwnedQuerySet):
    def bearing(self) -> Self:
        """Those that count today: of an open finding, and not dismissed."""
        return self.filter(dismissed_at=None, finding__state=FindingState.OPEN)


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
    # A rule of findings that made it, and takes it along when it is switched off.
    triage_rule = models.ForeignKey(
        "scans.TriageRule", null=True, on_delete=models.SET_NULL, related_name="evidence_links"
    )
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    dismissed_at = models.DateTimeField(null=True)  # a person said that it does not bear on it

    objects = EvidenceLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "finding"], name="evidence_once")
        ]

    def __str__(self) -> str:
        return f"finding {self.finding_id} bears on RS-{self.statement_id}"


class Mode(models.TextChoices):
    """What the analyst wants evidence to do with the value of a statement."""

    APPLY = "apply", _("Apply it")
    PROPOSE = "propose", _("Propose it")
    FLAG = "flag", _("Only flag it")


class EvidencePolicy(models.Model):
    """How evidence may move one statement; a statement without a row has the defaults."""

    statement = models.OneToOneField(
        "risks.RiskStatement",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="evidence_policy",
    )
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.PROPOSE)
    # Published facts of linked findings speak for this system only where an attacker can reach them.
    is_exposed = models.BooleanField(default=False)
    uses_epss = models.BooleanField(default=True)
    uses_kev = models.BooleanField(default=True)
    uses_cvss = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"RS-{self.statement_id}: {self.mode}"


class UpdateKind(models.TextChoices):
    EVENTS = "events", _("Counted events")
    TESTS = "tests", _("Tests and experiments")
    SIGNALS = "signals", _("Published signals")


class UpdateState(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    FLAGGED = "flagged", _("Flagged")
    APPLIED = "applied", _("Applied")
    DISMISSED = "dismissed", _("Dismissed")
    UNDONE = "undone", _("Undone")


class ValueUpdate(models.Model):
    """One piece of evidence and what it does to the value of a statement: prior, data, posterior, why."""

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="value_updates"
    )
    kind = models.CharField(max_length=8, choices=UpdateKind.choices)
    state = models.CharField(max_length=9, choices=UpdateState.choices)
    key = models.CharField(max_length=120)  # the same evidence again is the same update
    source = models.CharField(max_length=300, blank=True, default="")
    data = models.JSONField()  # what was counted, or the factor of the signals
    prior = models.JSONField()
    posterior = models.JSONField()
    sentence = models.TextField()  # what moved, and why
    # Whose findings made it, where it was a report's.
    report = models.ForeignKey(
        "scans.Report", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    is_surprising = models.BooleanField(default=False)  # the prior gave such data under 5 %
    # Expected annual loss, in the statement's currency, with the estimate before and after.
    loss_before = models.DecimalField(max_digits=18, decimal_places=2)
    loss_after = models.DecimalField(max_digits=18, decimal_places=2)
    estimate_before = models.JSONField()
    estimate_after = models.JSONField()
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = StatementOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "key"], name="value_update_once")
        ]
        indexes = [
            models.Index(
                fields=["report"], condition=Q(report__isnull=False), name="value_update_of_report"
            )
        ]

    def __str__(self) -> str:
        return self.sentence[:80]


class ImportedThreat(SystemOwned):
    """A threat of a model that was imported, so that the same file again makes nothing twice."""

    source = models.CharField(max_length=64)  # SHA-256 of the tool's format and the model's title
    identity = models.CharField(max_length=64)  # SHA-256 of what tells the threat from others
    statement = models.OneToOneField(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="imported_threat"
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "source", "identity"], name="imported_threat_once"
            )
        ]

    def __str__(self) -> str:
        return f"RS-{self.statement_id}, imported"


class Outcome(models.Model):
    """What came of an estimate: how often it happened while the estimate stood, and what it cost."""

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(
        "risks.RiskStatement", on_delete=models.CASCADE, related_name="outcomes"
    )
    revision = models.OneToOneField(  # the first one that said so
        "risks.RiskRevision", on_delete=models.CASCADE, related_name="outcome"
    )
    estimator = models.ForeignKey(  # who stands for the estimate: who published it
        PERSON, null=True, on_delete=models.SET_NULL, related_name="outcomes"
    )
    years = models.FloatField()  # that the estimate stood, at most one
    events = models.PositiveIntegerField()
    losses = models.JSONField(default=list)  # of single events where known: Decimal as text
    # What the estimate had said (apps/risks/quant/calibration.py).
    chance = models.FloatField()  # of at least one event, 0 to 1
    count_low = models.PositiveIntegerField()  # nine times in ten the count lies between
    count_high = models.PositiveIntegerField()
    count_hit = models.BooleanField()
    log_score = models.FloatField()  # -ln of the probability given to the count
    loss_hits = models.PositiveIntegerField()  # losses within the range of one event
    note = models.CharField(max_length=500, blank=True, default="")
    told_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    told_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = StatementOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"RS-{self.statement_id}: {self.events} in {self.years:.2f} years"

    @property
    def happened(self) -> bool:
        return self.events > 0
