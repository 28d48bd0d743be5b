"""A notice in words: one line, and one below it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.catalog.stages import Stage
from apps.common.markdown import glance
from apps.common.ui.money import amount_told
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice

LONGEST = 300  # characters of what stands below


@dataclass(frozen=True)
class Words:
    title: str
    text: str


_TITLES = {
    NoticeKind.QUESTION: lazy("%(who)s asks on %(on)s"),
    NoticeKind.ANSWER: lazy("%(who)s answered your question on %(on)s"),
    NoticeKind.MENTION: lazy("%(who)s mentions you on %(on)s"),
    NoticeKind.DECISION: lazy("%(who)s decided on %(on)s"),
    NoticeKind.ADVICE: lazy("%(who)s recommends on %(on)s"),
    NoticeKind.VALUE: lazy("%(who)s valued risks of %(on)s"),
    NoticeKind.RISK: lazy("%(who)s changed the risk %(on)s"),
    NoticeKind.EXPIRED: lazy("Your decision on %(on)s has run out"),
    NoticeKind.REPORT: lazy("The report %(on)s could not be read"),
    NoticeKind.SOURCE: lazy("The source %(on)s is broken"),
    NoticeKind.WEBHOOK: lazy("The webhook %(on)s was switched off, since nothing got through"),
    NoticeKind.TRACKER: lazy("The issue tracker %(on)s has not answered for a day"),
    NoticeKind.SILENCE: lazy("%(on)s has been silent since %(since)s"),
    NoticeKind.OVERDUE: lazy("%(on)s was due on %(since)s and has not run"),
    NoticeKind.ARCHIVED: lazy("%(who)s archived the system %(on)s"),
}
_OVER = {  # what was told before is over
    NoticeKind.SOURCE: lazy("The source %(on)s works again"),
    NoticeKind.SILENCE: lazy("%(on)s reports again"),
    NoticeKind.ARCHIVED: lazy("The system %(on)s is back"),
}
_NOWHERE = {  # of a question on no single thing
    NoticeKind.QUESTION: lazy("%(who)s asks everybody"),
    NoticeKind.ANSWER: lazy("%(who)s answered your question"),
    NoticeKind.MENTION: lazy("%(who)s mentions you in a question to everybody"),
}
_NOBODY = {  # by no person: evidence moves values, too
    NoticeKind.VALUE: lazy("Risks of %(on)s have new values"),
}
_TURNS = {  # of a decision or a risk that had been settled
    "moved": lazy("What your decision on %(on)s was made on has changed"),
    "undone": lazy("%(who)s undid the decision on %(on)s"),
    "superseded": lazy("%(who)s replaced the risk %(on)s"),
    "withdrawn": lazy("%(who)s withdrew the risk %(on)s"),
    "approved": lazy("%(who)s approved your text of the risk %(on)s"),
    "commented": lazy("%(who)s commented on your text of the risk %(on)s"),
    "restored": lazy("%(who)s restored the risk %(on)s"),
}


def words_of(notice: Notice) -> Words:
    facts = {"who": "", "on": "", "text": "", "stage": "", "since": "", **notice.facts}
    title = str(_title_of(NoticeKind(notice.kind), facts))
    facts["who"] = facts["who"] or _("Somebody")
    facts["since"] = _day(str(facts["since"]))
    return Words(title % facts, "" if facts.get("is_over") else _text_of(facts))


def _title_of(kind: NoticeKind, facts: dict[str, Any]) -> str | Promise:
    if facts.get("turn"):
        return _TURNS[str(facts["turn"])]
    if facts.get("is_over"):
        return _OVER[kind]
    if not facts["on"] and kind in _NOWHERE:
        return _NOWHERE[kind]
    if not facts["who"] and kind in _NOBODY:
        return _NOBODY[kind]
    return _TITLES[kind]


def _text_of(facts: dict[str, Any]) -> str:
    """What stands below: values, a stage (by its slug, so that each reads it in their language), or words."""
    if values := facts.get("values"):
        return " · ".join(_value(key, value) for key, value in values.items())
    stage = str(facts["stage"])
    text = dict(Stage.choices).get(stage, stage) or facts["text"]
    return Truncator(glance(str(text))).chars(LONGEST)


def _value(key: str, value: dict[str, str]) -> str:
    words = {"key": key, "now": _money(value["now"], value["currency"])}
    if not value["before"]:
        return _("%(key)s %(now)s a year") % words
    words["before"] = _money(value["before"], value["currency"])
    return _("%(key)s %(before)s → %(now)s a year") % words


def _money(amount: str, currency: str) -> str:
    return f"{currency}\u00a0{amount_told(Decimal(amount))}"


def _day(text: str) -> str:
    """A day of the calendar as the reader writes days."""
    try:
        return date_format(dt.date.fromisoformat(text))
    except ValueError:
        return text
