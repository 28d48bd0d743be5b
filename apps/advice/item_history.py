"""What happened to a planning item: filed, options, risks, recommendations, decisions, questions; one line of time."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain, pairwise

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.actors import Actor
from apps.common.parts import Parts
from apps.common.ui.money import amount_told
from apps.planning.models import (
    Decision,
    DecisionEnd,
    Option,
    PlanningItem,
    Question,
    Recommendation,
)
from apps.planning.places import question_path
from apps.planning.selectors import (
    advice_given,
    decisions_of,
    item_get,
    options_of,
    questions_visible,
)
from apps.risks.models import RiskRevision, StatementEnd, StatementState
from apps.risks.selectors import ends_of_item, revisions_of_item

MOST = 200  # of each kind, the newest: a page is read, an audit trail is searched


@dataclass(frozen=True)
class Happening:
    """One moment of an item. `text` is people's Markdown, or plain words of the portal (is_plain)."""

    moment: dt.datetime
    title: str
    icon: str
    who: str = ""
    text: str = ""
    path: str = ""  # where what the title names stands; "#..." on the item's page
    tone: str = "neutral"
    is_plain: bool = True


@dataclass(frozen=True)
class ItemHistory:
    item: PlanningItem
    happened: list[Happening]  # the newest first


def item_history(viewer: Actor, pk: int) -> ItemHistory:
    """Raises: Missing, also for an item of a system that the viewer may not see."""
    item = item_get(viewer, pk)
    parts = Parts(
        options=options_of(viewer, pk),
        revisions=revisions_of_item(viewer, pk)[:MOST],
        ends=ends_of_item(viewer, pk)[:MOST],
        advice=advice_given(viewer, pk)[:MOST],
        decisions=decisions_of(viewer, pk)[:MOST],
        questions=questions_visible(viewer).filter(item_id=pk).order_by("-id")[:MOST],
    )
    happened = chain(
        [_filed(item)],
        map(_option, parts["options"]),
        _risks(parts["revisions"]),
        map(_ended, parts["ends"]),
        map(_advised, parts["advice"]),
        _decided(parts["decisions"]),
        chain.from_iterable(map(_asked, parts["questions"])),
    )
    page = reverse("item-detail", args=[pk])
    rows = [
        replace(each, path=f"{page}{each.path}") if each.path[:1] == "#" else each
        for each in happened
    ]
    return ItemHistory(item, sorted(rows, key=lambda each: each.moment, reverse=True))


def _filed(item: PlanningItem) -> Happening:
    return Happening(item.created_at, _("Filed"), "plus", who=str(item.created_by or ""))


def _option(option: Option) -> Happening:
    title = _("Option added: %(option)s") % {"option": option.title}
    return Happening(option.created_at, title, "split", path=f"#O-{option.pk}")


def _risks(revisions: Sequence[RiskRevision]) -> Iterator[Happening]:
    """Each publication, with what the risk was worth before where that is another value."""
    before = {(each.statement_id, each.number): each for each in revisions}
    for each in revisions:
        last = before.get((each.statement_id, each.number - 1))
        yield _risk(each, last.valuation.expected_annual_loss if last else None)


def _risk(revision: RiskRevision, before: Decimal | None) -> Happening:
    now = revision.valuation.expected_annual_loss
    facts = {
        "key": f"RS-{revision.statement_id}",
        "now": f"{revision.currency} {amount_told(now)}",
        "before": f"{revision.currency} {amount_told(before or 0)}",
    }
    tone, icon = "neutral", "file-text"
    if revision.number == 1:
        title = _("Risk %(key)s published, worth %(now)s a year") % facts
        icon = "shield-alert"
    elif before is None or facts["before"] == facts["now"]:
        title = _("Risk %(key)s revised, worth %(now)s a year") % facts
    else:
        title = _("Risk %(key)s moved from %(before)s to %(now)s a year") % facts
        tone, icon = ("caution" if now > before else "good"), "trending-up"
    return Happening(
        revision.published_at,
        title,
        icon,
        who=str(revision.published_by or ""),
        text=revision.note or revision.sentence,
        path=reverse("statement-detail", args=[revision.statement_id]),
        tone=tone,
    )


def _ended(end: StatementEnd) -> Happening:
    facts = {"key": f"RS-{end.statement_id}", "others": ", ".join(end.successor_keys)}
    if end.undoes_id is not None:
        title = _("Risk %(key)s restored") % facts
    elif end.after == StatementState.SUPERSEDED:
        title = _("Risk %(key)s superseded by %(others)s") % facts
    else:
        title = _("Risk %(key)s withdrawn") % facts
    return Happening(
        end.made_at,
        title,
        "history",
        who=str(end.made_by or ""),
        text=end.reason,
        path=reverse("statement-detail", args=[end.statement_id]),
    )


def _advised(advice: Recommendation) -> Happening:
    title = (
        _("Security recommended: %(option)s") % {"option": advice.option}
        if advice.option
        else _("Security advised on the item as a whole")
    )
    return Happening(
        advice.made_at,
        title,
        "thumbs-up",
        who=str(advice.made_by or ""),
        text=advice.reason,
        path="#recommendation",
        tone="good",
        is_plain=False,
    )


def _decided(decisions: Sequence[Decision]) -> Iterator[Happening]:
    """decisions: the newest first. What took the place of one for the same option confirmed it."""
    for decision, before in pairwise([*decisions, None]):
        if decision is not None:
            yield from _of_decision(decision, before)


def _of_decision(decision: Decision, before: Decision | None) -> Iterator[Happening]:
    facts = {"option": decision.option}
    is_confirmed = (
        before is not None
        and before.end == DecisionEnd.REPLACED
        and before.option_id == decision.option_id
    )
    if decision.restores_id is None:
        title = _("Confirmed: %(option)s") if is_confirmed else _("Decided: %(option)s")
        yield Happening(
            decision.decided_at,
            title % facts,
            "circle-check",
            who=str(decision.decided_by or ""),
            text=decision.reason,
            path="#decision" if decision.ended_at is None else "#history",
            tone="accent",
            is_plain=False,
        )
    if decision.ended_at is not None and decision.end in _ENDS:
        yield Happening(
            decision.ended_at,
            str(_ENDS[DecisionEnd(decision.end)]) % facts,
            "undo-2" if decision.end == DecisionEnd.UNDONE else "calendar-clock",
            text=decision.end_reason,
            path="#history",
        )


# A decision that was replaced ended with the one that took its place, which stands there.
_ENDS = {
    DecisionEnd.EXPIRED: lazy("The decision for %(option)s expired"),
    DecisionEnd.REVISITED: lazy("The decision for %(option)s was taken up again"),
    DecisionEnd.UNDONE: lazy("The decision for %(option)s was undone"),
}


def _asked(question: Question) -> Iterator[Happening]:
    path = question_path(question)
    yield Happening(
        question.asked_at,
        _("Question asked"),
        "message-circle-question",
        who=str(question.asked_by or ""),
        text=question.body,
        path=path,
        is_plain=False,
    )
    for answer in question.answers.all():
        yield Happening(
            answer.answered_at,
            _("Answered"),
            "message-circle",
            who=str(answer.answered_by or ""),
            text=answer.body,
            path=path,
            is_plain=False,
        )
