"""What can be told to the outside, and in which shape."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageKind(models.TextChoices):
    STANDARD = "standard", _("Signed JSON (Standard Webhooks)")
    SLACK = "slack", _("Message for Slack, Mattermost or Rocket.Chat")
    TEAMS = "teams", _("Message for Microsoft Teams (Workflows)")


class EventName(models.TextChoices):
    """Names of the outbox; those outside rely on them."""

    REPORT_PROCESSED = "report.processed", _("A report was processed")
    REPORT_FAILED = "report.failed", _("A report could not be read")
    STATEMENT_PUBLISHED = "statement.published", _("A risk was published")
    STATEMENT_ENDED = "statement.ended", _("A risk was withdrawn or superseded")
    STATEMENT_RESTORED = "statement.restored", _("That a risk ended was undone")
    RECOMMENDATION_MADE = "recommendation.made", _("Security made a recommendation")
    QUESTION_ASKED = "question.asked", _("A question was asked")
    QUESTION_ANSWERED = "question.answered", _("A question was answered")
    DECISION_RECORDED = "decision.recorded", _("A decision was recorded")
    DECISION_EXPIRED = "decision.expired", _("A decision ran out")
    DECISION_UNDONE = "decision.undone", _("A decision was undone")
    GUIDANCE_PUBLISHED = "guidance.published", _("Guidance was published")
    SOURCE_BROKEN = "source.broken", _("A source broke")
    SOURCE_RECOVERED = "source.recovered", _("A source works again")
    SERIES_SILENT = "series.silent", _("A tool fell silent")
    SERIES_SPOKE = "series.spoke", _("A silent tool reports again")
    SYSTEM_ARCHIVED = "system.archived", _("A system was archived")
    SYSTEM_RESTORED = "system.restored", _("An archived system is back")


TEST = "webhook.test"  # what a ping is called; nobody subscribes to it
