"""What people enter of an estimate, in any of its kinds, and what the engine takes.

Every number is exact text or Decimal until it goes into the engine, the only place of floats.

| kind | what `detail` holds besides |
| --- | --- |
| ranges | nothing: the two 90 % ranges are columns of their own |
| pert | `frequency` and `magnitude`: each `low`, `mode`, `high` and, if not 4, `confidence` |
| level | `likelihood` and `impact`, 1 to 5, on the organisation's scale |
| fair | `frequency` and `magnitude` as Open FAIR takes them apart (apps/risks/quant/spec.py) |

Any kind may have a `variance_ratio` above 1: events come in clusters (negative binomial).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from apps.common.errors import Invalid
from apps.risks.models import LARGEST, StatementText
from apps.risks.quant import (
    Clustered,
    Estimate,
    EstimateError,
    Interval90,
    estimate_from_dict,
)
from apps.risks.quant.ranges import loss_range, rate_range
from apps.risks.services.credits import credited
from apps.risks.services.scales import current_scale

RANGES, PERT, LEVEL, FAIR = KINDS = ("ranges", "pert", "level", "fair")
ENDS = ("frequency_low", "frequency_high", "magnitude_low", "magnitude_high")
DEEPEST = 10  # levels of `detail`; the engine's own forms need six
MAX_FREQUENCY = 1_000_000  # loss events a year; more than that is not a risk but a running cost
CENT, MICRO = Decimal("0.01"), Decimal("0.000001")
_KNOWN = {
    RANGES: {"kind", "variance_ratio"},
    PERT: {"kind", "variance_ratio", "frequency", "magnitude"},
    LEVEL: {"kind", "variance_ratio", "likelihood", "impact"},
    FAIR: {"kind", "variance_ratio", "frequency", "magnitude"},
}


@dataclass(frozen=True)
class Ranges:
    """Calibrated 90 % intervals: 1 in 20 that it is lower, 1 in 20 that it is higher.

    frequency: loss events a year; magnitude: loss of one event in the organisation's currency.
    """

    frequency_low: Decimal
    frequency_high: Decimal
    magnitude_low: Decimal
    magnitude_high: Decimal


@dataclass(frozen=True)
class Reading:
    """An estimate as it was understood. `detail` is what to store: numbers as text; {} for plain ranges.

    `ranges` are what was entered, or the 90 % ranges of what was entered in another kind.
    """

    estimate: Estimate
    ranges: Ranges
    detail: dict[str, Any] = field(default_factory=dict)


def read_estimate(
    ends: Mapping[str, Decimal | None], detail: Mapping[str, Any] | None = None
) -> Reading:
    """Understand what was entered. Raises: Invalid, naming each field and why."""
    given = dict(detail or {})
    kind = given.get("kind", RANGES)
    if kind not in KINDS:
        raise Invalid({"estimate.kind": f"Say one of: {', '.join(KINDS)}."})
    if unknown := sorted(set(given) - _KNOWN[kind]):
        known = ", ".join(sorted(_KNOWN[kind]))
        raise Invalid({f"estimate.{unknown[0]}": f"There is no such field here. Known: {known}."})
    if kind in {RANGES, LEVEL}:
        ranges = _level(given) if kind == LEVEL else _complete(ends)
        _check(ranges)
        spec: dict[str, Any] = {
            "frequency": _interval(ranges.frequency_low, ranges.frequency_high),
            "magnitude": _interval(ranges.magnitude_low, ranges.magnitude_high),
        }
        estimate = _engine(spec | _events(given), kind)
        return Reading(estimate, ranges, _kept(given, kind))
    spec = {
        name: _numbers(given.get(name), f"estimate.{name}") for name in ("frequency", "magnitude")
    }
    if kind == PERT:
        spec = {name: _pert(part, name) for name, part in spec.items()}
    estimate = _engine(spec | _events(given), kind)
    return Reading(estimate, _summary(estimate), _kept(given, kind))


def estimate_of(text: StatementText) -> Estimate:
    """The estimate of a stored text with what its controls in place leave of it."""
    return credited(stated_estimate(text), text.controls)


def stated_estimate(text: StatementText) -> Estimate:
    """The estimate as it was written, without controls."""
    return reading_of(text).estimate


def reading_of(text: StatementText) -> Reading:
    """A stored text read again: a level is what it was when it was written."""
    ends = {name: getattr(text, name) for name in ENDS}
    detail = text.estimate
    if detail.get("kind") == LEVEL:
        detail = {name: detail[name] for name in ("variance_ratio",) if name in detail}
    return read_estimate(ends, detail)


def _complete(ends: Mapping[str, Decimal | None]) -> Ranges:
    problems = {name: "Give both ends of the range." for name in ENDS if ends.get(name) is None}
    if problems:
        raise Invalid(problems)
    return Ranges(*(ends[name] for name in ENDS))  # type: ignore[arg-type]  # none is None


def _level(given: Mapping[str, Any]) -> Ranges:
    scale, problems = current_scale(), {}
    for name in ("likelihood", "impact"):
        level = given.get(name)
        if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= 5:
            problems[f"estimate.{name}"] = "Say a level, 1 to 5."
    if problems:
        raise Invalid(problems)
    likelihood, impact = (
        scale.likelihood[given["likelihood"] - 1],
        scale.impact[given["impact"] - 1],
    )
    return Ranges(*likelihood, *impact)


def _check(ranges: Ranges) -> None:
    """Raises: Invalid, naming each field and why."""
    problems = _problems("frequency", ranges.frequency_low, ranges.frequency_high, MAX_FREQUENCY)
    problems |= _problems("magnitude", ranges.magnitude_low, ranges.magnitude_high, LARGEST)
    if problems:
        raise Invalid(problems)


def _problems(name: str, low: Decimal, high: Decimal, most: int) -> dict[str, str]:
    low_field, high_field = f"{name}_low", f"{name}_high"
    if not low.is_finite():
        return {low_field: "Give a number."}
    if not high.is_finite():
        return {high_field: "Give a number."}
    if low <= 0:
        return {
            low_field: "The low end must be above 0: nothing that can happen has no chance at all."
        }
    if high < low:
        return {high_field: "The high end must not be below the low end."}
    if high > most:
        return {high_field: f"At most {most:,}."}
    return {}


def _interval(low: Decimal, high: Decimal) -> dict[str, Any]:
    return {"kind": Interval90.kind, "low": float(low), "high": float(high)}


def _pert(part: Any, name: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise Invalid({f"estimate.{name}": "Give low, mode and high."})
    if part.get("kind", "pert") != "pert":
        raise Invalid({f"estimate.{name}.kind": "It is pert here; fair takes other kinds."})
    return part | {"kind": "pert"}


def _events(given: Mapping[str, Any]) -> dict[str, Any]:
    ratio = given.get("variance_ratio")
    if ratio in (None, ""):
        return {}
    number = _numbers(ratio, "estimate.variance_ratio")
    return {"events": {"kind": Clustered.kind, "variance_ratio": number}}


def _engine(spec: dict[str, Any], kind: str) -> Estimate:
    try:
        return estimate_from_dict(spec)
    except EstimateError as error:
        raise Invalid({field_of(error.field, kind): f"{_capital(error.reason)}."}) from error


def field_of(path: str, kind: str = RANGES) -> str:
    """The name by which people know what the engine calls by a path."""
    if path.startswith("events"):
        return "estimate.variance_ratio"
    if kind in {PERT, FAIR}:
        return f"estimate.{path}"
    name, _, end = path.partition(".")
    return f"{name}_{end}" if end in {"low", "high"} else f"{name}_low"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _summary(estimate: Estimate) -> Ranges:
    """90 % ranges within what the columns hold: above nothing, and finite."""
    low, high = (_within(end, MICRO, Decimal(MAX_FREQUENCY)) for end in rate_range(estimate))
    least, most = (_within(end, CENT, Decimal(LARGEST)) for end in loss_range(estimate))
    return Ranges(low, high, least, most)


def _within(value: float, step: Decimal, most: Decimal) -> Decimal:
    number = Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_EVEN)
    return min(max(number, step), most)


def _numbers(given: Any, path: str, depth: int = 0) -> Any:
    """The same shape with numbers where there was exact text. Raises: Invalid with the path."""
    if depth > DEEPEST:
        raise Invalid({path[:200]: "This is nested too deeply."})
    if isinstance(given, Mapping):
        return {
            str(name): value
            if name == "kind"
            else _numbers(value, f"{path}.{name}"[:200], depth + 1)
            for name, value in given.items()
        }
    if isinstance(given, list):
        return [_numbers(each, f"{path}.{n}", depth + 1) for n, each in enumerate(given)]
    if given is None:
        raise Invalid({path: "This is missing."})
    if isinstance(given, str | Decimal):
        return _number(given, path)
    return given


def _number(text: str | Decimal, path: str) -> float:
    try:
        number = Decimal(text.strip() if isinstance(text, str) else text)
    except InvalidOperation:
        raise Invalid({path: "Give a number."}) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise Invalid({path: "Give a number."})
    return float(number)


def _kept(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What to store: every number as exact text, levels as they are."""
    plain = {name: value for name, value in given.items() if value not in (None, "")}
    if kind == RANGES and set(plain) <= {"kind"}:
        return {}
    levels = {name: plain[name] for name in ("likelihood", "impact") if name in plain}
    kept: dict[str, Any] = _texts(plain)
    return kept | levels | {"kind": kind}


def _texts(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {str(name): _texts(value) for name, value in given.items()}
    if isinstance(given, list):
        return [_texts(each) for each in given]
    if isinstance(given, bool):
        return given
    try:
        return f"{Decimal(str(given).strip()).normalize():f}"
    except InvalidOperation:
        return str(given)  # a kind
