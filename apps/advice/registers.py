"""What people take elsewhere: a decision as MADR, the risks as a register.

Source: MADR 4.0.0, "Markdown Any Decision Records" (front matter, headings and their order).
"""

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.conf import settings

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.advice.carried import statements_carried
from apps.advice.item_page import ItemView, OptionView
from apps.common.markdown import absolute
from apps.common.tables import Echo, cell
from apps.common.ui.money import two_digits
from apps.planning.models import Decision
from apps.risks.models import RiskStatement, TreatmentChoice
from apps.risks.selectors import statements_visible

COLUMNS = (
    *("key", "state", "carried", "system", "item", "item_title", "stage", "option"),
    *("condition", "consequence", "attributes", "cwes"),
    *("frequency_low", "frequency_high", "magnitude_low", "magnitude_high"),
    *("currency", "expected_annual_loss", "p50", "p90", "p95", "probability_of_loss"),
    *("revision", "published_at", "treatment", "superseded_by"),
    *("decided_by", "decided_at", "valid_until", "treatment_note"),
)
CHUNK = 500


def madr(view: ItemView, decision: Decision) -> str:
    """A decision with everything that it was made on. Markdown that people wrote stays Markdown."""
    item = view.item
    lines = [
        "---",
        f"status: {_status(decision)}",
        f"date: {decision.decided_at:%Y-%m-%d}",
        f"decision-makers: {_line(str(decision.decided_by or 'unknown'))}",
        "---",
        "",
        f"# {_line(item.title)}",
        "",
        "## Context and Problem Statement",
        "",
        absolute(item.question.strip(), settings.BASE_URL)
        or "Nobody has written down the question.",
        "",
        f"{item.key}, {_line(item.system.name)}, stage {item.stage}. {settings.BASE_URL}/planning/{item.key}/",
        "",
        "## Considered Options",
        "",
        *(f"* {_line(each.option.title)}" for each in view.options),
        "",
        "## Decision Outcome",
        "",
        f'Chosen option: "{_line(decision.option.title)}", because',
        "",
        absolute(decision.reason.strip(), settings.BASE_URL),
        "",
    ]
    if decision.valid_until:
        lines += [f"Valid until {decision.valid_until:%Y-%m-%d}.", ""]
    if view.recommendation:
        chosen = view.recommendation.option
        what = f'"{_line(chosen.title)}"' if chosen else "advice on the item as a whole"
        lines += [f"Security recommended {what}:", "", view.recommendation.reason.strip(), ""]
    lines += _consequences(decision)
    lines += ["## Pros and Cons of the Options", ""]
    for option in view.options:
        lines += _option(option)
    return "\n".join(lines).rstrip() + "\n"


def _status(decision: Decision) -> str:
    if decision.ended_at is None:
        return "accepted"
    return {"replaced": "superseded", "undone": "rejected"}.get(decision.end, "deprecated")


def _consequences(decision: Decision) -> list[str]:
    """The risks that the decision was made on, what it does about each, and the value of the day."""
    choices = list(decision.treatments.all())
    if not choices:
        return []
    lines = ["### Consequences", ""]
    for choice in choices:
        value = _told(choice.valuation.expected_annual_loss, choice.revision.currency)
        lines.append(
            f"* {_treatment(choice)} {choice.statement.key} (revision "
            f"{choice.revision.number}): {choice.revision.sentence} Worth {value} a year on average then."
        )
    return [*lines, ""]


def _option(view: OptionView) -> list[str]:
    lines = [f"### {_line(view.option.title)}", ""]
    if view.option.description.strip():
        lines += [view.option.description.strip(), ""]
    costs = [
        f"{_money(amount, settings.SECOPS_CURRENCY)} {words}"
        for amount, words in (
            (view.option.cost_once, "once"),
            (view.option.cost_yearly, "a year"),
        )
        if amount is not None
    ]
    if costs:
        lines.append(f"* Neutral, because it costs {' and '.join(costs)}")
    else:
        lines.append("* Neutral, because nobody said what it costs")
    if view.loss is not None:
        expected = _told(Decimal(view.loss.expected_annual_loss), settings.SECOPS_CURRENCY)
        top = _told(Decimal(view.loss.p95), settings.SECOPS_CURRENCY)
        lines.append(
            f"* Bad, because its risks cost {expected} a year on average; 19 years in 20 stay below {top}"
        )
    else:
        lines.append("* Neutral, because nobody has valued what it risks")
    for each in view.statements:
        lines.append(f"* Bad, because {each.statement.key}: {each.statement.told.sentence}")
    return [*lines, ""]


def _line(text: str) -> str:
    return " ".join(text.split())


def _treatment(choice: TreatmentChoice) -> str:
    return str(choice.get_treatment_display()) or "No treatment was said of"


def _money(amount: Decimal, currency: str) -> str:
    """What people typed, to the cent where it has cents."""
    return f"{currency} {amount:,.2f}".removesuffix(".00")


def _told(amount: Decimal, currency: str) -> str:
    """What was simulated, in two digits."""
    return f"{currency} {two_digits(amount):,f}"


def register_lines(viewer: Actor) -> Iterator[str]:
    """Every statement that the viewer sees, as CSV, streamed; what it says to readers."""
    writer = csv.writer(Echo())
    for row in register_rows(viewer):
        yield writer.writerow([cell(value) for value in row])


def register_rows(viewer: Actor) -> Iterator[Sequence[object]]:
    """The heads of the columns, then a row for every statement that the viewer sees of systems in use."""
    yield COLUMNS
    carried = set(statements_carried(viewer).values_list("pk", flat=True))
    rows = (
        in_use(statements_visible(viewer), viewer)
        .prefetch_related("treatments__decision__decided_by", "successors")
        .order_by("pk")
    )
    for row in rows.iterator(chunk_size=CHUNK):
        yield _row(row, row.pk in carried)


def _row(row: RiskStatement, is_carried: bool) -> list[object]:  # noqa: FBT001
    shown = row.told
    valuation = shown.valuation
    percentiles = valuation.percentiles
    in_force = [each for each in row.treatments.all() if each.decision.ended_at is None]
    choice = in_force[-1] if in_force else None
    return [
        *(row.key, row.state, "yes" if is_carried else "no", row.system.key, row.item.key),
        *(row.item.title, row.item.stage, row.option.title if row.option else ""),
        *(shown.condition, shown.consequence, " ".join(shown.attributes)),
        " ".join(f"CWE-{cwe}" for cwe in shown.cwes),
        *(shown.frequency_low, shown.frequency_high, shown.magnitude_low, shown.magnitude_high),
        *(shown.currency, valuation.expected_annual_loss),
        *(Decimal(percentiles[each]) for each in ("50", "90", "95")),
        valuation.probability_of_loss,
        row.published.number if row.published else "",
        row.published.published_at.isoformat() if row.published else "",
        choice.treatment if choice else "",
        " ".join(row.superseded_by),
        *(_decided(choice) if choice else [""] * 4),
    ]


def _decided(choice: TreatmentChoice) -> list[object]:
    """Who said so, when, until when, and what was said of it."""
    decision = choice.decision
    return [
        str(decision.decided_by or ""),
        decision.decided_at.isoformat(),
        decision.valid_until.isoformat() if decision.valid_until else "",
        choice.note,
    ]
