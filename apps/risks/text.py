"""What a statement says, line by line, for comparing two texts of it; and its estimate in words."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.ui.money import amount_told, number_said
from apps.risks.models import RiskRevision, StatementText
from apps.risks.services.credits import Credit
from apps.risks.services.statements import StatementInput

_SIX_PLACES = Decimal("0.000001")
Words = tuple[str, str]  # what it is, and its number or range
NAMES: dict[str, str | Promise] = {
    "frequency": lazy("Loss events a year"),
    "magnitude": lazy("Loss of one event"),
    "likelihood": lazy("Likelihood level"),
    "impact": lazy("Impact level"),
    "threat_events": lazy("Threat events a year"),
    "contacts": lazy("Contacts a year"),
    "probability_of_action": lazy("Chance that a contact becomes an attack"),
    "vulnerability": lazy("Chance that a threat event becomes a loss"),
    "threat_capability": lazy("Capability of the threat"),
    "resistance_strength": lazy("Strength of the resistance"),
    "probability": lazy("Chance of a secondary loss"),
    "variance_ratio": lazy("Clustering of events, variance to mean"),
    "primary": lazy("Primary loss"),
    "secondary": lazy("Secondary loss"),
    "forms": lazy("Forms of loss"),
    "productivity": lazy("Productivity"),
    "response": lazy("Response"),
    "replacement": lazy("Replacement"),
    "competitive_advantage": lazy("Competitive advantage"),
    "fines_and_judgments": lazy("Fines and judgments"),
    "reputation": lazy("Reputation"),
    "kept_frequency": lazy("Share of the events left"),
    "kept_loss": lazy("Share of the loss left"),
}
LEFT_OUT = {"forms", "frequency", "magnitude"}  # levels that say nothing to a reader


def statement_lines(
    text: StatementText | StatementInput, controls: Sequence[Credit] | None = None
) -> str:
    """All content of a statement, a revision or what was typed; a line each, as on its page.

    controls: those in place, where a text was typed and so says nothing of them.
    """
    if isinstance(text, StatementText):
        controls = text.controls
    lines = [
        text.condition,
        text.consequence,
        *_estimate_lines(text),
        *(credit_words(credit) for credit in controls or ()),
        ", ".join(sorted(text.attributes)),
        ", ".join(f"CWE-{cwe}" for cwe in text.cwes),
        *(text.threat_community, text.asset, text.effect),
        *text.rationale.splitlines(),
    ]
    return "\n".join(line for line in lines if line)


def _estimate_lines(text: StatementText | StatementInput) -> Iterator[str]:
    if text.frequency_low is not None and text.estimate.get("kind", "ranges") == "ranges":
        ends = (text.frequency_low, text.frequency_high)
        often = [frequency_words(end) for end in ends if end is not None]
        yield _("%(low)s to %(high)s") % {"low": often[0], "high": often[-1]}
        losses = (text.magnitude_low, text.magnitude_high)
        dear = [number_format(end, 2, force_grouping=True) for end in losses if end is not None]
        yield _("%(low)s to %(high)s") % {"low": dear[0], "high": dear[-1]}
    for name, words in estimate_words(text.estimate):
        yield f"{name}: {words}"


def credit_words(credit: Credit) -> str:
    """A control in place and what it takes away, in a line."""
    parts = [
        said % {"share": share_words(credit[part])}
        for part, said in (
            ("frequency", _("%(share)s of the events")),
            ("loss", _("%(share)s of the loss")),
        )
        if float(credit[part][2])
    ]
    named = f"{credit['control']} {credit['name']}"
    taken = _(" and ").join(parts) or _("nothing")
    return _("In place: %(control)s takes away %(taken)s") % {"control": named, "taken": taken}


def share_words(ends: Sequence[Any]) -> str:
    """Least, likely and most of a share, as people say it: "50 to 90 %, most likely 80 %"."""
    low, mode, high = (number_said(Decimal(str(end)) * 100) for end in ends)
    if low == high:
        return f"{low}\u00a0%"
    return _("%(low)s to %(high)s\u00a0%%, most likely %(mode)s\u00a0%%") % {
        "low": low,
        "mode": mode,
        "high": high,
    }


def estimate_words(detail: Mapping[str, Any]) -> list[Words]:
    """An estimate that was not entered as two ranges, part by part; empty for one that was."""
    return list(_parts({name: part for name, part in detail.items() if name != "kind"}, ()))


def _parts(part: Any, path: tuple[str, ...]) -> Iterator[Words]:
    if isinstance(part, Mapping) and (said := _distribution(part)):
        yield _name(path), said
    elif isinstance(part, Mapping):
        for name, inner in part.items():
            if name != "kind":
                yield from _parts(inner, (*path, str(name)))
    elif isinstance(part, list):
        for inner in part:
            yield from _parts(inner, path)
    else:
        yield _name(path), _number(part)


def part_name(path: str) -> str:
    """The words for a part of an estimate that the engine names by a dotted path."""
    return _name(tuple(path.split(".")))


def _name(path: tuple[str, ...]) -> str:
    path = tuple(name for name in path if not name.isdigit())
    shown = [name for name in path if name not in LEFT_OUT] or list(path[-1:])
    return ", ".join(str(NAMES.get(name, name.replace("_", " "))) for name in shown)


def _distribution(part: Mapping[str, Any]) -> str:
    """A range, three points or one number in words; empty for what has parts of its own."""
    if part.get("kind") == "point" and "value" in part:
        return _number(part["value"])
    if {"low", "mode", "high"} <= set(part):
        words = {end: _number(part[end]) for end in ("low", "mode", "high")}
        return _("%(low)s to %(high)s, most likely %(mode)s") % words
    if {"low", "high"} <= set(part):
        return _("%(low)s to %(high)s") % {end: _number(part[end]) for end in ("low", "high")}
    return ""


def _number(text: Any) -> str:
    return number_said(Decimal(str(text)).quantize(_SIX_PLACES))


def frequency_words(rate: Decimal | float) -> str:
    """Events a year, above zero, as people say it: "3 per year", "once in 10 years"."""
    often = float(rate)
    if often >= 0.95:
        return _("%(count)s per year") % {"count": number_said(Decimal(f"{often:.2g}"))}
    return _("once in %(count)s years") % {"count": number_said(Decimal(f"{1 / often:.2g}"))}


def worth_words(before: RiskRevision | None, after: RiskRevision) -> str:
    """What a risk was worth, where that reads otherwise, and is worth now."""
    now = _worth(after)
    if before is None or _worth(before) == now:
        return _("Expected loss a year: %(now)s.") % {"now": now}
    amounts = {"before": _worth(before), "now": now}
    return _("Expected loss a year: %(before)s before, %(now)s now.") % amounts


def _worth(revision: RiskRevision) -> str:
    return f"{revision.currency} {amount_told(revision.valuation.expected_annual_loss)}"
