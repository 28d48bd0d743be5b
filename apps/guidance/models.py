"""The library: reusable, versioned pieces of advice."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.catalog.stages import Stage
from apps.common.alike import LANGUAGE
from apps.common.models import Versioned

PERSON = settings.AUTH_USER_MODEL


class GuidanceState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class GuidanceText(Versioned):
    """The fields that a piece of guidance and each of its published versions share."""

    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=500, blank=True, default="")
    body = models.TextField(blank=True, default="")  # Markdown
    stages = ArrayField(
        models.CharField(max_length=10, choices=Stage.choices), default=list, blank=True
    )
    technologies = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    cwes = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    references = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    condition = models.TextField(blank=True, default="")  # "If you ..."
    consequence = models.TextField(blank=True, default="")  # "then ..."
    controls = models.JSONField(default=list, blank=True)  # [{"title", "effect"}], recommended
    frequency_low = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    frequency_high = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    magnitude_low = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    magnitude_high = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    rationale = models.TextField(blank=True, default="")

    class Meta:
        abstract = True


class GuidanceQuerySet(models.QuerySet["Guidance"]):
    def visible_to(self, actor: Actor) -> "GuidanceQuerySet":
        """Published guidance for everyone who signs in; drafts for those who write."""
        grant = actor.organisation_grant
        if Permission.GUIDANCE_EDIT in grant:
            return self.all()
        if Permission.GUIDANCE_VIEW in grant:
            return self.exclude(state=GuidanceState.DRAFT)
        return self.none()


class Guidance(GuidanceText):
    """The working text. What readers see of a published one is its newest version."""

    state = models.CharField(
        max_length=10, choices=GuidanceState.choices, default=GuidanceState.DRAFT
    )
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    current = models.ForeignKey(
        "GuidanceVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=LANGUAGE)
        + SearchVector("summary", "condition", "consequence", weight="B", config=LANGUAGE)
        + SearchVector("body", weight="C", config=LANGUAGE),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = GuidanceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "guidance"
        ordering = ["title"]
        indexes = [
            GinIndex(fields=["search"], name="guidance_search"),
            GinIndex(fields=["title"], name="guidance_title_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(fields=["cwes"], name="guidance_cwes"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(current__isnull=False),
                name="guidance_published_has_a_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return f"G-{self.pk}"

    @property
    def access_system_id(self) -> None:
        return None


class GuidanceVersion(GuidanceText):
    """What was published, never changed again (a trigger refuses it)."""

    guidance = models.ForeignKey(Guidance, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True, default="")  # what changed
    published_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["guidance", "number"], name="guidance_version_once")
        ]

    def __str__(self) -> str:
        return f"G-{self.guidance_id} version {self.number}"


class GuidanceWord(models.Model):
    """A word of a piece, for searches that mistype it; kept as the piece is written and published.

    Readers may meet a word of what is published only, writers one of the working text, too.
    """

    guidance = models.ForeignKey(
        Guidance, on_delete=models.CASCADE, related_name="words", db_index=False
    )
    word = models.CharField(max_length=40)  # in lower case, as it is written
    is_working = models.BooleanField()
    is_published = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guidance", "word"], name="guidance_word_once")
        ]
        indexes = [GinIndex(fields=["word"], name="guidance_word_trgm", opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return self.word


class GuidanceIndex(models.Model):
    """What search and suggestions look at, kept as the piece is written and published.

    Two rows a piece: of the working text, for those who write, and of what is published. Weights: A the title,
    B technologies, CWEs (as cwe79) and the summary, C condition, consequence and controls, D the body.
    """

    guidance = models.ForeignKey(
        Guidance, on_delete=models.CASCADE, related_name="indexed", db_index=False
    )
    is_working = models.BooleanField()
    vector = SearchVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guidance", "is_working"], name="guidance_index_once")
        ]

    def __str__(self) -> str:
        return f"G-{self.guidance_id}, {'working text' if self.is_working else 'published'}"


class OwnVocabulary(Versioned):
    """The lines that the organisation adds to vocabulary.txt; one row at most."""

    lines = ArrayField(models.CharField(max_length=500), default=list, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="own_vocabulary_one_row")]

    def __str__(self) -> str:
        return "own vocabulary"


class GuidanceVoteQuerySet(models.QuerySet["GuidanceVote"]):
    def visible_to(self, actor: Actor) -> "GuidanceVoteQuerySet":
        """All for those who write guidance; one's own for everybody else."""
        grant = actor.organisation_grant
        if Permission.GUIDANCE_EDIT in grant:
            return self.all()
        if Permission.GUIDANCE_VIEW in grant and actor.user_id is not None:
            return self.filter(user=actor.user_id)
        return self.none()


class GuidanceVote(models.Model):
    """Whether a piece of guidance helped a person, and what was missing; one a person and piece."""

    guidance = models.ForeignKey(Guidance, on_delete=models.CASCADE, related_name="votes")
    text = models.ForeignKey(  # what the person had read
        GuidanceVersion, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    is_useful = models.BooleanField()
    missing = models.CharField(max_length=1000, blank=True, default="")  # in the reader's words
    given_at = models.DateTimeField(db_default=Now())

    objects = GuidanceVoteQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["guidance", "user"], name="guidance_vote_once")
        ]

    def __str__(self) -> str:
        return f"G-{self.guidance_id}: {'useful' if self.is_useful else 'not useful'}"
