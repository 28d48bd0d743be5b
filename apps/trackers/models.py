"""Issue trackers of the organisation, and the tickets that were filed there for what is known here."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.catalog.stages import Stage
from apps.common.models import Versioned
from apps.planning.models import ItemKind

PERSON = settings.AUTH_USER_MODEL


class TrackerKind(models.TextChoices):
    GITHUB = "github", _("GitHub issues")
    GITLAB = "gitlab", _("GitLab issues")
    JIRA_CLOUD = "jira-cloud", _("Jira Cloud")
    JIRA_SERVER = "jira-server", _("Jira Server or Data Center")


class Tracker(Versioned):
    """One project of an issue tracker.

    SECURITY: it belongs to the organisation also where it serves one system only; `system` bounds
    what may be filed there, not who manages it.
    """

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=TrackerKind.choices)
    url = models.CharField(max_length=500)  # of the API at GitHub, of the server elsewhere
    project = models.CharField(max_length=200)  # owner/repository, group/project, or a key
    system = models.ForeignKey(
        "catalog.System", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    labels = ArrayField(models.CharField(max_length=50), default=list)
    issue_type = models.CharField(max_length=60, blank=True, default="")  # Jira alone has them
    username = models.CharField(
        max_length=200, blank=True, default=""
    )  # Jira Cloud: the mail address
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # sealed along
    sealed = models.BinaryField(editable=False)  # the token, apps/common/sealing.py
    # Whether a ticket is closed there once its finding is fixed here; db_default for the release before.
    closes_fixed = models.BooleanField(default=False, db_default=False)
    is_paused = models.BooleanField(default=False)
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    last_success_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    next_attempt_at = models.DateTimeField(db_default=Now())  # before then nothing is asked of it
    last_error = models.TextField(blank=True, default="")
    follow_at = models.DateTimeField(db_default=Now())  # when its tickets are looked at next
    hook_sealed = models.BinaryField(null=True, editable=False)  # what its messages are signed with
    hook_at = models.DateTimeField(null=True)  # when a message last brought a look forward
    told_at = models.DateTimeField(null=True)  # when admins were told that it fails for long
    followed_until = models.DateTimeField(null=True)  # changes up to here, by its clock, are known

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def health(self) -> str:
        """One word for lists: paused, failing, good or new."""
        if self.is_paused:
            return "paused"
        if self.failing_since is not None:
            return "failing"
        return "good" if self.last_success_at else "new"


class TicketState(models.TextChoices):
    QUEUED = "queued", _("Being filed")
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    FAILED = "failed", _("Not filed")
    GONE = "gone", _("No longer there")


class Ticket(models.Model):
    """An issue for one finding or one risk statement. The row is the queue's truth.

    More findings of the same system may hang on it (TicketFinding): the sightings of one weakness, or
    those that somebody chose.

    It is written before anything leaves, so its `marker` finds what was created by an attempt whose
    answer got lost.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tracker = models.ForeignKey(Tracker, on_delete=models.CASCADE, related_name="tickets")
    system = models.ForeignKey("catalog.System", on_delete=models.CASCADE, related_name="+")
    finding = models.ForeignKey(
        "scans.Finding", null=True, on_delete=models.CASCADE, related_name="tickets"
    )
    statement = models.ForeignKey(
        "risks.RiskStatement", null=True, on_delete=models.CASCADE, related_name="tickets"
    )
    title = models.CharField(max_length=250)
    body = models.TextField()  # what leaves, as it was shown to whoever filed it
    state = models.CharField(max_length=10, choices=TicketState.choices, default=TicketState.QUEUED)
    key = models.CharField(max_length=60, blank=True, default="")  # the tracker's: 17, PAY-4
    url = models.CharField(max_length=1000, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, default="")
    made_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    filed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)  # when its state was last seen to change
    checked_at = models.DateTimeField(null=True)  # when it was last asked whether it is there
    closed_for_fix_at = models.DateTimeField(null=True)  # when the portal closed it, if it did

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finding=None) ^ Q(statement=None), name="ticket_of_one_thing"
            ),
            models.UniqueConstraint(fields=["tracker", "finding"], name="ticket_once_a_finding"),
            models.UniqueConstraint(
                fields=["tracker", "statement"], name="ticket_once_a_statement"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="queued"), name="ticket_due"
            ),
            models.Index(fields=["tracker", "key"], name="ticket_of_tracker"),
        ]

    def __str__(self) -> str:
        return self.key or self.marker

    @property
    def access_system_id(self) -> int:
        return self.system_id

    @property
    def name(self) -> str:
        """The ticket for people: "PAY-4" says its project, a bare number does not."""
        if not self.key.isdigit():
            return self.key
        return gettext("#%(number)s in %(project)s") % {
            "number": self.key,
            "project": self.tracker.project,
        }

    @property
    def finding_ids(self) -> list[int]:
        """All findings that it is for; none of a risk statement."""
        first = [self.finding_id] if self.finding_id else []
        return [*first, *(each.finding_id for each in self.more.all())]

    @property
    def web_url(self) -> str:
        """SECURITY: the tracker says where its page is; only a web address becomes a link."""
        return self.url if self.url.startswith(("https://", "http://")) else ""

    @property
    def marker(self) -> str:
        """A word that stands in the issue and nowhere else."""
        return f"secops-{self.uid.hex}"


class TicketFindingQuerySet(ScopedQuerySet):
    system_path = "ticket__system_id"


class TicketFinding(models.Model):
    """Another finding that a ticket is for, besides the one that it was filed for."""

    id = models.BigAutoField(primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="more")
    tracker = models.ForeignKey(Tracker, on_delete=models.CASCADE, related_name="+")
    finding = models.ForeignKey(
        "scans.Finding", on_delete=models.CASCADE, related_name="ticket_links"
    )

    objects = TicketFindingQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tracker", "finding"], name="ticket_of_more_once_a_finding"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.finding_id}"

    @property
    def access_system_id(self) -> int:
        return self.ticket.system_id


class Mirror(Versioned):
    """Which issues of a tracker become planning items, and how reading them went last."""

    tracker = models.OneToOneField(Tracker, on_delete=models.CASCADE, related_name="mirror")
    is_on = models.BooleanField(default=False)
    # Labels that are all there, parted by commas; in Jira: JQL without its order.
    rule = models.CharField(max_length=1000, blank=True, default="")
    system = models.ForeignKey(  # where no route names one; none: such issues are left out
        "catalog.System", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=ItemKind.choices, default=ItemKind.STORY)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PLAN)
    # Whether decisions on these items are written as comments on their issues.
    tells_decisions = models.BooleanField(default=False, db_default=False)
    seen_until = models.DateTimeField(null=True)  # changes up to here, by its clock, are known
    next_run_at = models.DateTimeField(db_default=Now())
    last_run_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")
    # What the last run did.
    last_new = models.PositiveIntegerField(default=0)
    last_followed = models.PositiveIntegerField(default=0)
    last_left_out = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.tracker}: {self.rule}"

    @property
    def routes_said(self) -> "list[MirrorRoute]":
        """In their order; none of a mirror that was not saved yet."""
        return list(self.routes.all()) if self.pk else []


class MirrorRoute(models.Model):
    """Issues with this label (in Jira: or component) go to this system; the first route that fits holds."""

    mirror = models.ForeignKey(Mirror, on_delete=models.CASCADE, related_name="routes")
    label = models.CharField(max_length=100)
    system = models.ForeignKey("catalog.System", on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["mirror", "label"], name="mirror_route_once_a_label")
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.system}"


class MirroredIssueQuerySet(ScopedQuerySet):
    system_path = "item__system_id"


class MirroredIssue(models.Model):
    """The issue that a planning item comes from, as the tracker had it last.

    The item follows these words field by field for as long as it says the same; whoever writes
    something else in the portal is not overruled.
    """

    id = models.BigAutoField(primary_key=True)
    tracker = models.ForeignKey(Tracker, on_delete=models.CASCADE, related_name="mirrored")
    item = models.OneToOneField(
        "planning.PlanningItem", on_delete=models.CASCADE, related_name="mirrored"
    )
    external_id = models.CharField(max_length=64)  # stays when a project is renamed
    key = models.CharField(max_length=60)
    url = models.CharField(max_length=1000, blank=True, default="")
    title = models.CharField(max_length=200)  # cut to what an item holds, as the text
    text = models.TextField(blank=True, default="")
    is_closed = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True)  # when it was last seen to close or open again
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    checked_at = models.DateTimeField(null=True)  # when it was last asked whether it is there
    gone_at = models.DateTimeField(null=True)  # since when it is not: deleted, or moved away

    objects = MirroredIssueQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tracker", "external_id"], name="mirrored_once")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def access_system_id(self) -> int:
        return self.item.system_id

    @property
    def web_url(self) -> str:
        """SECURITY: the tracker says where its page is; only a web address becomes a link."""
        return self.url if self.url.startswith(("https://", "http://")) else ""


class Told(models.TextChoices):
    """What happened to a decision."""

    RECORDED = "recorded", _("Decided")
    UNDONE = "undone", _("Undone")
    EXPIRED = "expired", _("Expired")


class CommentState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")


class DecisionCommentQuerySet(ScopedQuerySet):
    system_path = "mirrored__item__system_id"


class DecisionComment(models.Model):
    """What is said on an issue of a decision on its item. The row is the queue's truth.

    A comment cannot be found again like an issue, so it is sent at most once: after an answer that got
    lost a person looks before it is tried again.
    """

    id = models.BigAutoField(primary_key=True)
    mirrored = models.ForeignKey(MirroredIssue, on_delete=models.CASCADE, related_name="comments")
    decision = models.ForeignKey("planning.Decision", on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=10, choices=Told.choices)
    body = models.TextField()  # what leaves
    state = models.CharField(
        max_length=10, choices=CommentState.choices, default=CommentState.QUEUED
    )
    next_attempt_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    objects = DecisionCommentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "what"], name="decision_told_once")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["queued", "sending"]),
                name="decision_comment_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mirrored}: {self.what}"

    @property
    def access_system_id(self) -> int:
        return self.mirrored.item.system_id
