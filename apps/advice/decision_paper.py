"""A decision as a document to print, sign or file: the question, the options side by side with what they
risk, what security recommended, what the owner decided and why, and the risks that it was made on.

It says the same as the Markdown record (registers.py), for people who want paper.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from django.conf import settings
from django.utils import timezone
from reportlab.platypus import Flowable, KeepTogether, Table, TableStyle

from apps.advice.comparison import OptionLoss
from apps.advice.item_page import ItemView, OptionView
from apps.common.paper import (
    ACCENT,
    LINE,
    WIDTH,
    absent_note,
    document,
    gap,
    noting_absent,
    paragraph,
    prose,
    styles,
)
from apps.common.ui.money import two_digits
from apps.planning.models import Decision
from apps.risks.models import RiskStatement, StatementState

ABREAST = 4  # options beside each other; more begin another table below
LABEL = 0.22  # of the width, for what a row says
STATES = {"": "In force", "replaced": "Replaced by a new decision", "expired": "Expired"} | {
    "revisited": "Taken up again",
    "undone": "Undone",
}
Row = tuple[str, Callable[[OptionView], str]]


def decision_paper(view: ItemView, decision: Decision) -> bytes:
    """The PDF. Text of people is Markdown in prose and plain elsewhere; values are of today where it says so."""
    item = view.item
    address = f"{settings.BASE_URL}/planning/{item.key}/"
    styles()  # before the first word: what the typefaces have is looked up
    with noting_absent() as absent:
        story: list[Flowable] = [
            paragraph(f"Decision record · {item.key} · {item.system.name} · {item.stage}", "small"),
            paragraph(item.title, "title"),
            _facts(view, decision),
            paragraph("The question", "h2"),
            *(prose(item.question) or [paragraph("Nobody has written down the question.")]),
            *_options(view, decision),
            *_recommendation(view, decision),
            *_decision(decision),
            *_treatments(decision),
            *_risks(view),
        ]
    story += absent_note(absent)
    days = f"decision of {decision.decided_at:%Y-%m-%d}, printed {timezone.now():%Y-%m-%d}"
    return document(
        story,
        title=f"{item.key} {item.title}",
        author=str(decision.decided_by or ""),
        subject=f"Decision record of {item.system.name}",
        foot=f"{item.key}, {days} from {address}",
    )


def _facts(view: ItemView, decision: Decision) -> Table:
    """Who decided what until when."""
    owner = view.item.system.owner
    facts = [
        ("Decided", decision.option.title),
        ("State", _state(decision)),
        ("Decided by", f"{decision.decided_by or 'unknown'}, {decision.decided_at:%Y-%m-%d}"),
        ("Valid until", f"{decision.valid_until:%Y-%m-%d}" if decision.valid_until else "no end"),
        ("Owner of the system", str(owner or "nobody is named")),
    ]
    rows = [[paragraph(name, "small"), paragraph(value, "cell")] for name, value in facts]
    table = Table(rows, colWidths=[WIDTH * LABEL, WIDTH * (1 - LABEL)], spaceBefore=8)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 1.2, ACCENT),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
            ]
        )
    )
    return table


def _state(decision: Decision) -> str:
    ended = f", {decision.ended_at:%Y-%m-%d}" if decision.ended_at else ""
    reason = f": {decision.end_reason}" if decision.end_reason else ""
    return f"{STATES.get(decision.end, decision.end)}{ended}{reason}"


def _options(view: ItemView, decision: Decision) -> Iterable[Flowable]:
    yield paragraph("Options side by side", "h2")
    yield paragraph(
        f"Money in {settings.SECOPS_CURRENCY}. Losses are simulated with what is known on the day of "
        "printing; what each risk was worth when it was decided stands below.",
        "small",
    )
    for start in range(0, len(view.options), ABREAST):
        yield KeepTogether([_abreast(view, decision, view.options[start : start + ABREAST])])
        yield gap()
    for option in view.options:
        if text := option.option.description.strip():
            yield paragraph(option.option.title, "h3")
            yield from prose(text)


def _abreast(view: ItemView, decision: Decision, options: Sequence[OptionView]) -> Table:
    def stands(option: OptionView) -> str:
        marks = {
            "chosen": option.option.pk == decision.option_id,
            "recommended": bool(
                view.recommendation and view.recommendation.option_id == option.option.pk
            ),
            "baseline": option.option.is_baseline,
        }
        return ", ".join(word for word, holds in marks.items() if holds) or "considered"

    rows: list[Row] = [
        ("Stands as", stands),
        ("Cost once", lambda each: _cost(each, each.option.cost_once)),
        ("Cost a year", lambda each: _cost(each, each.option.cost_yearly)),
        ("Expected loss a year", _of_loss(lambda loss: _told(loss.expected_annual_loss))),
        ("19 years in 20 stay below", _of_loss(lambda loss: _told(loss.p95))),
        ("Chance of a loss in a year", _of_loss(lambda loss: f"{loss.probability_of_loss:.0%}")),
        ("Loss and first year's cost", _of_loss(_together)),
        ("Costs less than the baseline", _of_loss(_against_baseline)),
    ]
    cells = [[paragraph("", "cell"), *(paragraph(each.option.title, "head") for each in options)]]
    cells += [
        [paragraph(name, "small"), *(paragraph(tell(each), "cell") for each in options)]
        for name, tell in rows
    ]
    column = WIDTH * (1 - LABEL) / min(ABREAST, len(view.options))
    table = Table(cells, colWidths=[WIDTH * LABEL, *[column] * len(options)], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
            ]
        )
    )
    return table


def _of_loss(tell: Callable[[OptionLoss], str]) -> Callable[[OptionView], str]:
    return lambda option: "not valued" if option.loss is None else tell(option.loss)


def _cost(view: OptionView, amount: Decimal | None) -> str:
    """One of the two costs; where the other one is said, it is all."""
    return "none" if amount is None and view.first_year_cost is not None else _amount(amount)


def _together(loss: OptionLoss) -> str:
    if loss.yearly_total is None:
        return f"{_told(loss.expected_annual_loss)} + cost not said"
    return _told(loss.yearly_total)


def _against_baseline(loss: OptionLoss) -> str:
    chance = loss.costs_less_than_baseline
    return "" if chance is None else f"{chance:.0%} of simulated years"


def _recommendation(view: ItemView, decision: Decision) -> Iterable[Flowable]:
    yield paragraph("Security recommends", "h2")
    advice = view.recommendation
    if advice is None:
        yield paragraph("Nothing was recommended.")
        return
    yield paragraph(advice.option.title if advice.option else "Advice on the item as a whole", "h3")
    yield from prose(advice.reason)
    yield paragraph(f"{advice.made_by or 'unknown'}, {advice.made_at:%Y-%m-%d}", "small")
    if advice.option_id and advice.option_id != decision.option_id:
        yield paragraph("The owner chose another option. Both reasons are on record.", "small")


def _decision(decision: Decision) -> Iterable[Flowable]:
    yield paragraph("The owner decided", "h2")
    yield paragraph(decision.option.title, "h3")
    yield from prose(decision.reason)
    yield paragraph(f"{decision.decided_by or 'unknown'}, {decision.decided_at:%Y-%m-%d}", "small")


def _treatments(decision: Decision) -> Iterable[Flowable]:
    """The risks that the decision was made on, with revision and value of its day, and what it does about each."""
    choices = list(decision.treatments.all())
    if not choices:
        return
    yield paragraph("What becomes of each risk", "h2")
    for choice in choices:
        worth = _told(choice.valuation.expected_annual_loss)
        does = choice.get_treatment_display() or "Treatment not said"
        yield KeepTogether(
            [
                paragraph(f"{does}: {choice.statement.key}", "h3"),
                paragraph(choice.revision.sentence),
            ]
        )
        yield paragraph(
            f"Revision {choice.revision.number}, worth {choice.revision.currency} {worth} a year on "
            f"average when it was decided. {choice.note}".rstrip(),
            "small",
        )


def _risks(view: ItemView) -> Iterable[Flowable]:
    """The published risks of each option and of the item as a whole, as they stand today."""
    groups = [("Whatever is chosen", view.on_item)]
    groups += [(each.option.title, each.statements) for each in view.options]
    said = [
        (name, [row.statement for row in rows if _is_said(row.statement)]) for name, rows in groups
    ]
    if not any(rows for _name, rows in said):
        return
    yield paragraph("The risks as they stand today", "h2")
    for name, rows in said:
        if rows:
            yield paragraph(name, "h3")
        for row in rows:
            yield from _risk(row)


def _is_said(statement: RiskStatement) -> bool:
    return statement.state == StatementState.PUBLISHED and statement.published is not None


def _risk(statement: RiskStatement) -> Iterable[Flowable]:
    shown = statement.told
    yield paragraph(f"{statement.key}. {shown.sentence}")
    yield paragraph(
        f"{shown.frequency_low.normalize():f} to {shown.frequency_high.normalize():f} events a year, "
        f"{shown.currency} {_amount(shown.magnitude_low)} to {_amount(shown.magnitude_high)} an event "
        f"(90 % ranges); worth {_told(shown.valuation.expected_annual_loss)} a year on average.",
        "small",
    )


def _told(amount: Decimal | str) -> str:
    """What was simulated, in two digits."""
    return f"{two_digits(Decimal(amount)):,f}"


def _amount(amount: Decimal | str | None) -> str:
    return "not said" if amount is None else f"{Decimal(amount):,.0f}"
