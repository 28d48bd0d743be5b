"""A notice in words: one line, and one below it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice


@dataclass(frozen=True)
class Words:
    title: str
    text: str


def words_of(notice: Notice) -> Words:
    facts = {"who": "", "on": "", "text": "", "stage": "", "since": "", **notice.facts}
    facts["who"] = facts["who"] or _("Somebody")
    is_over = bool(facts.get("is_over"))
    match NoticeKind(notice.kind):
        case NoticeKind.QUESTION:
            title = _("%(who)s asks on %(on)s")
        case NoticeKind.ANSWER:
            title = _("%(who)s answered your question on %(on)s")
        case NoticeKind.DECISION:
            title = _("%(who)s decided on %(on)s")
        case NoticeKind.EXPIRED:
            title = _("Your decision on %(on)s has run out")
        case NoticeKind.REPORT:
            title = _("The report %(on)s could not be read")
        case NoticeKind.SOURCE:
            title = (
                _("The source %(on)s works again") if is_over else _("The source %(on)s is broken")
            )
        case NoticeKind.WEBHOOK:
            title = _("The webhook %(on)s was switched off, since nothing got through")
        case NoticeKind.SILENCE if is_over:
            title = _("%(on)s reports again")
        case NoticeKind.SILENCE:
            title = _("%(on)s has been silent since %(since)s")
    text = facts["stage"] or facts["text"]
    return Words(title % facts, "" if is_over else str(text))
