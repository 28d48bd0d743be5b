"""A notice in words: one line, and one below it."""

import datetime as dt
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.catalog.stages import Stage
from apps.common.markdown import glance
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice


@dataclass(frozen=True)
class Words:
    title: str
    text: str


_TITLES = {
    NoticeKind.QUESTION: lazy("%(who)s asks on %(on)s"),
    NoticeKind.ANSWER: lazy("%(who)s answered your question on %(on)s"),
    NoticeKind.MENTION: lazy("%(who)s mentions you on %(on)s"),
    NoticeKind.DECISION: lazy("%(who)s decided on %(on)s"),
    NoticeKind.RISK: lazy("%(who)s changed the risk %(on)s"),
    NoticeKind.EXPIRED: lazy("Your decision on %(on)s has run out"),
    NoticeKind.REPORT: lazy("The report %(on)s could not be read"),
    NoticeKind.SOURCE: lazy("The source %(on)s is broken"),
    NoticeKind.WEBHOOK: lazy("The webhook %(on)s was switched off, since nothing got through"),
    NoticeKind.TRACKER: lazy("The issue tracker %(on)s has not answered for a day"),
    NoticeKind.SILENCE: lazy("%(on)s has been silent since %(since)s"),
    NoticeKind.OVERDUE: lazy("%(on)s was due on %(since)s and has not run"),
}
_OVER = {  # what was told before is over
    NoticeKind.SOURCE: lazy("The source %(on)s works again"),
    NoticeKind.SILENCE: lazy("%(on)s reports again"),
}
_NOWHERE = {  # of a question on no single thing
    NoticeKind.QUESTION: lazy("%(who)s asks everybody"),
    NoticeKind.ANSWER: lazy("%(who)s answered your question"),
    NoticeKind.MENTION: lazy("%(who)s mentions you in a question to everybody"),
}
_TURNS = {  # of a decision or a risk that had been settled
    "undone": lazy("%(who)s undid the decision on %(on)s"),
    "superseded": lazy("%(who)s replaced the risk %(on)s"),
    "withdrawn": lazy("%(who)s withdrew the risk %(on)s"),
    "approved": lazy("%(who)s approved your text of the risk %(on)s"),
    "commented": lazy("%(who)s commented on your text of the risk %(on)s"),
    "restored": lazy("%(who)s restored the risk %(on)s"),
}


def words_of(notice: Notice) -> Words:
    facts = {"who": "", "on": "", "text": "", "stage": "", "since": "", **notice.facts}
    facts["who"] = facts["who"] or _("Somebody")
    facts["since"] = _day(str(facts["since"]))
    kind, is_over = NoticeKind(notice.kind), bool(facts.get("is_over"))
    titles = _OVER if is_over else _TITLES if facts["on"] else _TITLES | _NOWHERE
    title = _TURNS.get(str(facts.get("turn"))) or titles[kind]
    stage = str(facts["stage"])  # by its slug: it is said in the language of whoever reads
    text = dict(Stage.choices).get(stage, stage) or facts["text"]
    return Words(str(title) % facts, "" if is_over else glance(str(text)))


def _day(text: str) -> str:
    """A day of the calendar as the reader writes days."""
    try:
        return date_format(dt.date.fromisoformat(text))
    except ValueError:
        return text
