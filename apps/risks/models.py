"""Risk statements, their immutable revisions, and what simulation makes of them."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import SystemOwned
from apps.common.models import Versioned
from apps.common.ui.clauses import clauses
from apps.risks.models_opinions import StatementOpinion
from apps.risks.models_reviews import ReviewNote, ReviewWish, StatementReview

__all__ = ["ReviewNote", "ReviewWish", "StatementOpinion", "StatementReview"]

PERSON = settings.AUTH_USER_MODEL
SEARCHED = ("condition", "consequence", "asset", "threat_community", "effect")  # of a statement
LARGEST = 10**15  # of any amount; also refuses PostgreSQL's NaN, which is above every number


class Attribute(models.TextChoices):
    CONFIDENTIALITY = "confidentiality", _("Confidentiality")
    INTEGRITY = "integrity", _("Integrity")
    AVAILABILITY = "availability", _("Availability")
    PRIVACY = "privacy", _("Privacy")


class StatementState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# Kept as it was, and counts no longer.
ENDED = (StatementState.SUPERSEDED, StatementState.WITHDRAWN)


class Treatment(models.TextChoices):
    """ISO/IEC 27005:2022 section 8.2."""

    MITIGATE = "mitigate", _("Mitigate")
    ACCEPT = "accept", _("Accept")
    AVOID = "avoid", _("Avoid")
    TRANSFER = "transfer", _("Transfer")


class Valuation(models.Model):
    """What a simulation made of an estimate; repeatable to the digit from what is stored here."""

    engine = models.CharField(max_length=40)
    seed = models.BigIntegerField()
    trials = models.PositiveIntegerField()
    inputs = models.JSONField()  # the estimate as it was simulated
    expected_annual_loss = models.DecimalField(max_digits=18, decimal_places=2)  # currency a year
    standard_error = models.DecimalField(
        max_digits=18, decimal_places=2
    )  # of the simulated expected annual loss
    probability_of_loss = models.FloatField()  # of at least one loss event in a year, 0 to 1
    percentiles = models.JSONField()  # {"5": "0.00", ... "99": "..."}: annual loss, Decimal as text
    curve = models.JSONField()  # [[loss, probability of exceeding it in a year], ...]
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    expected_annual_loss__gte=0,
                    expected_annual_loss__lt=10**16,
                    probability_of_loss__gte=0,
                    probability_of_loss__lte=1,
                ),
                name="valuation_sane",
            )
        ]
        # What is carried is added up on every other page: from indexes alone, without the wide rows.
        indexes = [
            models.Index(fields=["id"], include=["expected_annual_loss"], name="valuation_loss")
        ]

    def __str__(self) -> str:
        return f"{self.expected_annual_loss} a year"


class OrdinalScale(models.Model):
    """What the levels of a 5x5 matrix mean here; the newest row holds. Six bounds for five levels."""

    likelihood = ArrayField(models.DecimalField(max_digits=16, decimal_places=6))  # events a year
    impact = ArrayField(models.DecimalField(max_digits=18, decimal_places=2))  # money an event
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__len=6, impact__len=6), name="scale_has_five_levels"
            )
        ]

    def __str__(self) -> str:
        return f"scale {self.pk}"


class Tolerance(models.Model):
    """How much the organisation is willing to lose: the newest row holds."""

    # [{"loss": "1000000.00", "allowed": 0.1}]: a year may cost more than this with this probability.
    points = models.JSONField()
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "tolerances"

    def __str__(self) -> str:
        return f"tolerance of {len(self.points)} points"


class PortfolioSnapshot(SystemOwned):
    """What a system carried on one day; money is the organisation's currency a year."""

    day = models.DateField()
    expected_annual_loss = models.DecimalField(max_digits=18, decimal_places=2)
    value_at_risk = models.DecimalField(max_digits=18, decimal_places=2)  # 19 years in 20 below
    statements = models.PositiveIntegerField()

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["system", "day"], name="portfolio_snapshot_once")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.expected_annual_loss} a year"


class StatementText(Versioned):
    """What a statement and each of its revisions say."""

    condition = models.TextField()  # "If you ..."
    consequence = models.TextField()  # "then ..."
    attributes = ArrayField(
        models.CharField(max_length=20, choices=Attribute.choices), default=list, blank=True
    )
    threat_community = models.CharField(max_length=200, blank=True, default="")
    asset = models.CharField(max_length=200, blank=True, default="")
    effect = models.CharField(max_length=300, blank=True, default="")
    cwes = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    # Calibrated 90 % interval of loss events a year: 1 in 20 that it is lower, 1 in 20 that it is higher.
    frequency_low = models.DecimalField(max_digits=16, decimal_places=6)
    frequency_high = models.DecimalField(max_digits=16, decimal_places=6)
    # The same for the loss of one event, in the organisation's currency.
    magnitude_low = models.DecimalField(max_digits=18, decimal_places=2)
    magnitude_high = models.DecimalField(max_digits=18, decimal_places=2)
    # How it was entered, where it was not as these two ranges (services/estimates.py); they are then
    # the 90 % ranges of what was entered, for lists and words.
    estimate = models.JSONField(default=dict, blank=True)
    # Controls in place whose effect is taken off the estimate above (services/credits.py).
    controls = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), blank=True, editable=False
    )
    currency = models.CharField(max_length=3)
    rationale = models.TextField(blank=True, default="")  # Markdown: why these numbers
    valuation = models.ForeignKey(Valuation, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    frequency_low__gt=0,
                    frequency_high__gte=F("frequency_low"),
                    frequency_high__lte=1_000_000,
                    magnitude_low__gt=0,
                    magnitude_high__gte=F("magnitude_low"),
                    magnitude_high__lte=LARGEST,
                ),
                name="%(class)s_estimate_sane",
            )
        ]

    @property
    def if_clause(self) -> str:
        """What lists call it: "If you ...". Of the condition alone, so that they read no more."""
        return clauses(self.condition, "").if_clause

    @property
    def then_clause(self) -> str:
        """What stands below that: "then ..."."""
        return clauses(self.condition, self.consequence).then_clause

    @property
    def sentence(self) -> str:
        """The whole on one line: "If you ..., then ..."."""
        return clauses(self.condition, self.consequence).sentence


class RiskStatement(SystemOwned, StatementText):
    """The working text of a statement on an item or on one of its options."""

    item = models.ForeignKey(
        "planning.PlanningItem", on_delete=models.CASCADE, related_name="statements"
    )
    option = models.ForeignKey(
        "planning.Option",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="statements",
    )
    state = models.CharField(
        max_length=10, choices=StatementState.choices, default=StatementState.DRAFT
    )
    origin = models.ForeignKey(  # the guidance that it was made from
        "guidance.GuidanceVersion",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    published = models.ForeignKey(
        "RiskRevision", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    # Whose words the working text is, and since which version: who reviews is somebody else.
    written_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    written_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    # What says it now, while it is superseded: of the same system.
    successors = models.ManyToManyField(
        "self", symmetrical=False, related_name="predecessors", blank=True
    )

    class Meta(StatementText.Meta):
        ordering = ["-id"]
        constraints = [
            *StatementText.Meta.constraints,
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="withdrawn") | Q(published__isnull=False),
                name="statement_published_has_a_revision",
            ),
        ]
        indexes = [
            models.Index(fields=["system", "state", "-id"], name="statement_of_system"),
            models.Index(fields=["item", "state"], name="statement_of_item"),
            models.Index(
                fields=["item"],
                include=["id", "option", "published", "system"],
                condition=Q(state="published"),
                name="statement_counting",
            ),
            GinIndex(  # what a search asks at once (selectors.statements_matching)
                *(OpClass(Upper(name), "gin_trgm_ops") for name in SEARCHED),
                "cwes",
                name="statement_says",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.condition[:80]}"

    @property
    def key(self) -> str:
        return f"RS-{self.pk}"

    @property
    def told(self) -> "RiskRevision | RiskStatement":
        """What readers are told: the words and numbers that were published, else the draft."""
        return self.published or self

    @property
    def superseded_by(self) -> list[str]:
        return [f"RS-{pk}" for pk in sorted(each.pk for each in self.successors.all())]

    @property
    def supersedes(self) -> list[str]:
        return [f"RS-{pk}" for pk in sorted(each.pk for each in self.predecessors.all())]

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_unpublished_changes(self) -> bool:
        return self.published is not None and self.published.source_version != self.version


class RiskRevision(StatementText):
    """What was published, never changed again (a trigger refuses it)."""

    statement = models.ForeignKey(RiskStatement, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    source_version = models.PositiveIntegerField()  # the statement's version that was published
    note = models.CharField(max_length=300, blank=True, default="")
    review = models.CharField(
        max_length=10, choices=ReviewNote.choices, blank=True, default="", db_default=""
    )
    reviewed_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    published_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(StatementText.Meta):
        ordering = ["-number"]
        constraints = [
            *StatementText.Meta.constraints,
            models.UniqueConstraint(fields=["statement", "number"], name="revision_once"),
        ]
        indexes = [
            models.Index(fields=["id"], include=["valuation"], name="revision_valuation"),
            GinIndex(  # what readers find by (selectors.statements_matching)
                *(OpClass(Upper(name), "gin_trgm_ops") for name in SEARCHED),
                "cwes",
                name="revision_says",
            ),
        ]

    def __str__(self) -> str:
        return f"RS-{self.statement_id} revision {self.number}"


class StatementEnd(models.Model):
    """That a statement was withdrawn or superseded, or that this was undone. Never changed again.

    An undoing is a row of its own that names what it undoes.
    """

    statement = models.ForeignKey(RiskStatement, on_delete=models.CASCADE, related_name="ends")
    before = models.CharField(max_length=10, choices=StatementState.choices)
    after = models.CharField(max_length=10, choices=StatementState.choices)
    reason = models.CharField(max_length=500)
    successors = ArrayField(models.BigIntegerField(), default=list)  # numbers of statements
    undoes = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="undone_by"
    )
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"RS-{self.statement_id}: {self.before} to {self.after}"

    @property
    def successor_keys(self) -> list[str]:
        return [f"RS-{pk}" for pk in self.successors]


class TreatmentChoiceQuerySet(models.QuerySet["TreatmentChoice"]):
    def in_force(self) -> Self:
        """What decisions that hold now do about risks, where it was said: at most one a risk."""
        return self.filter(decision__ended_at=None).exclude(treatment="")


class TreatmentChoice(models.Model):
    """One risk that a decision was made on: its revision and valuation, and what is done about it.

    Every published risk that the chosen option runs has one, whatever is said of its treatment; decisions
    from before 2026-11-28 have those alone of which something was said.
    """

    decision = models.ForeignKey(
        "planning.Decision", on_delete=models.CASCADE, related_name="treatments"
    )
    statement = models.ForeignKey(
        RiskStatement, on_delete=models.PROTECT, related_name="treatments"
    )
    revision = models.ForeignKey(RiskRevision, on_delete=models.PROTECT, related_name="+")
    valuation = models.ForeignKey(Valuation, on_delete=models.PROTECT, related_name="+")
    treatment = models.CharField(  # empty: not said
        max_length=10, choices=Treatment.choices, blank=True
    )
    note = models.CharField(max_length=500, blank=True, default="")

    objects = TreatmentChoiceQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "statement"], name="treatment_once")
        ]

    def __str__(self) -> str:
        return f"{self.treatment} {self.statement_id}"
