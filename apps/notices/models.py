"""What one person was told, and how each wants to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.notices.kinds import ICONS, NoticeKind

PERSON = settings.AUTH_USER_MODEL


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, actor: Actor) -> "NoticeQuerySet":
        """One's own, as far as they speak of systems that one still sees."""
        rows = self.filter(user=actor.user_id) if actor.user_id else self.none()
        systems = actor.systems_with(Permission.SYSTEM_VIEW)
        return rows if systems is None else rows.filter(Q(system=None) | Q(system__in=systems))


class Notice(models.Model):
    """Something that happened, told to one person. Its words are made when it is read (words.py)."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="notices")
    system = models.ForeignKey(
        "catalog.System", null=True, on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    event_id = models.BigIntegerField()  # of the outbox; a second delivery makes no second notice
    facts = models.JSONField(default=dict)  # names and titles, as they were
    path = models.CharField(max_length=300)  # where to read on; of this portal
    is_shown = models.BooleanField(default=True)  # false: by mail only
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True)
    is_due = models.BooleanField(default=False)  # goes out with the next mail
    mailed_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]  # of what happened: the outbox may have told it late
        constraints = [
            models.UniqueConstraint(fields=["event_id", "user"], name="notice_once_an_event")
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user", "-created_at", "-id"], name="notice_newest"),
            models.Index(
                fields=["user"], condition=Q(read_at=None, is_shown=True), name="notice_unread"
            ),
            models.Index(fields=["user"], condition=Q(is_due=True), name="notice_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"

    @property
    def icon(self) -> str:
        return ICONS[NoticeKind(self.kind)]


class MailEvery(models.TextChoices):
    DAY = "day", _("Once a day, what came together")
    ONCE = "once", _("As it comes")
    NEVER = "never", _("Never")


class NoticeWish(models.Model):
    """How a person wants to be told; without a row, everything in the portal and by a daily mail."""

    user = models.OneToOneField(
        PERSON, primary_key=True, on_delete=models.CASCADE, related_name="notice_wish"
    )
    hidden = models.JSONField(default=list)  # kinds
    unmailed = models.JSONField(default=list)  # kinds
    mail_every = models.CharField(max_length=5, choices=MailEvery.choices, default=MailEvery.DAY)
    last_mail_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"wishes of {self.user_id}"
