"""What people are told of, and how each is shown."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class NoticeKind(models.TextChoices):
    QUESTION = "question", _("A question that I can answer")
    ANSWER = "answer", _("An answer to my question")
    MENTION = "mention", _("A question or an answer that mentions me (@)")
    DECISION = "decision", _("A decision on what I took part in")
    ADVICE = "advice", _("Security recommends on my item")
    VALUE = "value", _("A risk of my item has a value, or it moved")
    RISK = "risk", _("A risk that I took part in was withdrawn, replaced or restored")
    EXPIRED = "expired", _("My decision has run out, or its risks are worth something else now")
    REPORT = "report", _("A report of my system could not be read")
    SOURCE = "source", _("A source of my system broke, or works again")
    WEBHOOK = "webhook", _("A webhook of mine was switched off")
    TRACKER = "tracker", _("An issue tracker has not answered for a day")
    SILENCE = "silence", _("A tool of my system fell silent, or reports again")
    OVERDUE = "overdue", _("Automation of my system is overdue, such as an experiment")
    ARCHIVED = "archived", _("A system of mine was archived, or is back")


ICONS = {
    NoticeKind.QUESTION: "message-circle-question",
    NoticeKind.ANSWER: "message-circle",
    NoticeKind.MENTION: "at-sign",
    NoticeKind.DECISION: "scale",
    NoticeKind.ADVICE: "thumbs-up",
    NoticeKind.VALUE: "wallet",
    NoticeKind.RISK: "shield-alert",
    NoticeKind.EXPIRED: "calendar-clock",
    NoticeKind.REPORT: "file-up",
    NoticeKind.SOURCE: "plug",
    NoticeKind.WEBHOOK: "send",
    NoticeKind.TRACKER: "clipboard-list",
    NoticeKind.SILENCE: "volume-x",
    NoticeKind.OVERDUE: "calendar-clock",
    NoticeKind.ARCHIVED: "archive",
}
