"""Planning items, the options being weighed, questions, recommendations and decisions."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import ScopedQuerySet, in_use
from apps.accounts.roles import Permission
from apps.catalog.models import System, SystemOwned
from apps.catalog.stages import Stage
from apps.common.alike import LANGUAGE
from apps.common.models import Versioned

PERSON = settings.AUTH_USER_MODEL

ADDRESS = 254  # characters of the longest e-mail address


class ItemKind(models.TextChoices):
    EPIC = "epic", _("Epic")
    STORY = "story", _("Story")
    CHANGE = "change", _("Change")
    SPIKE = "spike", _("Spike")
    DECISION = "decision", _("Architecture decision")


class ItemStatus(models.TextChoices):
    IDEA = "idea", _("Idea")
    OPEN = "open", _("Weighing options")
    DECIDED = "decided", _("Decided")
    DONE = "done", _("Done")


class ItemOrigin(models.TextChoices):
    """Where an item comes from; the app of the trackers keeps which issue it is."""

    TRACKER = "tracker", _("From a tracker")
    PORTAL = "portal", _("Written here")


def moves_from(status: str, *, bound: bool) -> tuple[ItemStatus, ...]:
    """Where an item may be put by hand. bound: a decision is in force.

    Only a decision makes an item decided, and only looking at it again reopens what is decided.
    """
    reach = (
        (ItemStatus.DECIDED, ItemStatus.DONE)
        if bound
        else (ItemStatus.IDEA, ItemStatus.OPEN, ItemStatus.DONE)
    )
    return tuple(each for each in reach if each != status)


class PlanningItem(SystemOwned, Versioned):
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ItemKind.choices, default=ItemKind.STORY)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PLAN)
    status = models.CharField(max_length=10, choices=ItemStatus.choices, default=ItemStatus.OPEN)
    question = models.TextField(
        blank=True, default=""
    )  # Markdown: what is being decided, and why now
    tracker_key = models.CharField(max_length=80, blank=True, default="")
    tracker_url = models.URLField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["system", "status", "-id"], name="item_of_system"),
            models.Index(fields=["stage", "-id"], name="item_of_stage"),
            # The columns of the board, and what waits for a decision: what moved last on top.
            models.Index(fields=["status", "-updated_at", "-id"], name="item_moved_last"),
            # What is alike while another one is typed: selectors_alike.
            GinIndex(SearchVector("title", "question", config=LANGUAGE), name="item_words"),
            GinIndex(fields=["title"], name="item_title_trgm", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    def has_decision_in_force(self) -> bool:
        return Decision.objects.filter(item=self, ended_at=None).exists()

    @property
    def key(self) -> str:
        return f"PI-{self.pk}"


class ItemOwnedQuerySet(ScopedQuerySet):
    system_path = "item__system_id"


class ItemOwned(models.Model):
    item = models.ForeignKey(PlanningItem, on_delete=models.CASCADE, related_name="%(class)ss")
    objects = ItemOwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def access_system_id(self) -> int | None:
        return self.item.system_id


class Option(ItemOwned, Versioned):
    """One way to do the item. "Do nothing" is a legitimate one."""

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    cost_once = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    cost_yearly = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    is_baseline = models.BooleanField(default=False)  # what the others are compared with
    is_do_nothing = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(is_baseline=True), name="option_one_baseline"
            ),
            models.UniqueConstraint(fields=["item", "title"], name="option_title_once"),
            # PostgreSQL's NaN is greater than every number, so an upper bound refuses it, too.
            models.CheckConstraint(
                condition=Q(cost_once=None) | Q(cost_once__gte=0, cost_once__lt=10**16),
                name="option_cost_once_sane",
            ),
            models.CheckConstraint(
                condition=Q(cost_yearly=None) | Q(cost_yearly__gte=0, cost_yearly__lt=10**16),
                name="option_cost_yearly_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def first_year_cost(self) -> Decimal | None:
        """What it costs in its first year; one of the two said alone is all of it. None where neither is: unknown
        is not zero."""
        said = [each for each in (self.cost_once, self.cost_yearly) if each is not None]
        return sum(said, Decimal(0)) if said else None


class ItemGuidance(ItemOwned):
    """A piece of guidance that belongs to an item: to be read before its options are chosen from."""

    guidance = models.ForeignKey(
        "guidance.Guidance", on_delete=models.CASCADE, related_name="on_items"
    )
    linked_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    linked_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "guidance"], name="item_guidance_once")
        ]

    def __str__(self) -> str:
        return f"PI-{self.item_id}: G-{self.guidance_id}"


class QuestionQuerySet(ScopedQuerySet):
    system_paths = ("system_id", "item__system_id")

    def visible_to(self, actor: Actor, permission: Permission | None = None) -> "QuestionQuerySet":
        of_systems = self._of(actor, permission or Permission.SYSTEM_VIEW)
        if Permission.GUIDANCE_VIEW not in actor.organisation_grant:
            return self.filter(of_systems)
        return self.filter(of_systems | Q(item__isnull=True, system__isnull=True))

    def answerable_by(self, actor: Actor) -> "QuestionQuerySet":
        """Those that the actor may answer; of the library only by whoever answers everywhere."""
        if actor.systems_with(Permission.QUESTION_ANSWER) is None:
            return in_use(self, actor)
        return self.filter(self._of(actor, Permission.QUESTION_ANSWER))

    @staticmethod
    def _of(actor: Actor, permission: Permission) -> Q:
        systems = actor.systems_with(permission)
        if systems is None:
            return Q(item__isnull=False) | Q(system__isnull=False)
        return Q(item__system_id__in=systems) | Q(system_id__in=systems)


class Question(models.Model):
    """Asked on an item, on a piece of guidance or on a system; on none of them, it is the organisation's."""

    item = models.ForeignKey(
        PlanningItem, null=True, blank=True, on_delete=models.CASCADE, related_name="questions"
    )
    guidance = models.ForeignKey(
        "guidance.Guidance",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="questions",
    )
    system = models.ForeignKey(
        System,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="questions",
        db_index=False,
    )
    # The key of the thing of that item or system which it was asked about: RS-12, F-812, C-3, O-4 (an option).
    about = models.CharField(max_length=24, blank=True, default="", db_default="")
    body = models.TextField()
    # Whom the body calls by an @, as accounts/mentions.py found them when it was written.
    names = ArrayField(models.CharField(max_length=ADDRESS), default=list, db_default=[])
    asked_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(item=None, guidance=None)
                | Q(item=None, system=None)
                | Q(guidance=None, system=None),
                name="question_on_one_at_most",
            )
        ]
        indexes = [
            models.Index(fields=["system"], name="question_of_system"),
            GinIndex(SearchVector("body", config=LANGUAGE), name="question_words"),
        ]

    def __str__(self) -> str:
        return self.body[:80]

    @property
    def access_system_id(self) -> int | None:
        return self.item.system_id if self.item else self.system_id

    @property
    def of_system(self) -> System | None:
        """The system whose people read it; None in the library, which everybody reads."""
        return self.item.system if self.item else self.system

    @property
    def reading_right(self) -> Permission:
        """What whoever reads it needs, on its system or in the organisation."""
        if self.item_id or self.system_id:
            return Permission.SYSTEM_VIEW
        return Permission.GUIDANCE_VIEW


class Answer(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    body = models.TextField()
    names = ArrayField(models.CharField(max_length=ADDRESS), default=list, db_default=[])
    answered_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(db_default=Now(), editable=False)
    accepted_at = models.DateTimeField(null=True)
    guidance = models.ForeignKey(  # what was made of it
        "guidance.Guidance", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.body[:80]


class Recommendation(ItemOwned):
    """Security's advice on an item: kept apart from the owner's decision. The newest one holds."""

    option = models.ForeignKey(
        Option, null=True, blank=True, on_delete=models.CASCADE, related_name="recommendations"
    )
    reason = models.TextField()
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.option}: {self.reason[:60]}"


class DecisionEnd(models.TextChoices):
    REPLACED = "replaced", _("Replaced by a new decision")
    EXPIRED = "expired", _("Expired")
    REVISITED = "revisited", _("Taken up again")
    UNDONE = "undone", _("Undone")


class Decision(ItemOwned):
    """The owner's choice and why. Never changed: a new decision replaces it."""

    option = models.ForeignKey(Option, on_delete=models.PROTECT, related_name="decisions")
    reason = models.TextField()
    decided_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())
    valid_until = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=DecisionEnd.choices, blank=True, default="")
    end_reason = models.CharField(  # why it was undone, or taken up again
        max_length=500, blank=True, default="", db_default=""
    )
    # The decision that holds again through this one, since what had replaced it was undone.
    restores = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(ended_at=None), name="decision_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="decision_end_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["valid_until"], condition=Q(ended_at=None), name="decision_expiry")
        ]

    def __str__(self) -> str:
        return f"{self.option} ({self.decided_at:%Y-%m-%d})"


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, actor: Actor) -> "SavedFilterQuerySet":
        """One's own. Others get the address: it holds the whole filter."""
        return self.filter(user=actor.user_id) if actor.user_id else self.none()


class SavedFilter(models.Model):
    """A filter of the planning items that a person gave a name."""

    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=3000)  # of the list's address: "stage=code&view=board"

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_named_once")
        ]

    def __str__(self) -> str:
        return self.name
