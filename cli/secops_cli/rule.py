"""`--exit-on`: the caller's own rule on the advice. The portal has none.

A rule is conditions joined by `and`: `COUNT OPERATOR NUMBER`, and at most one `severity OPERATOR NAME`, which
says which findings `new` and `open` count. `new>=1 and severity>=high` fits when there is a new finding of
severity high or critical.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from secops_cli.errors import WrongUse

SEVERITIES = ("none", "low", "medium", "high", "critical")
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
COUNTS = {
    "new": "new findings",
    "open": "open findings",
    "gaps": "evidence that is expected and missing, stale or silent",
    "risks": "risks carried in the stage",
    "loss": "their expected loss a year, in the organisation's currency",
}
CONDITION = re.compile(r"\s*([a-z]+)\s*(>=|<=|==|=|>|<)\s*([a-z]+|[0-9]+(?:\.[0-9]+)?)\s*")
GAPS = ("gap", "stale", "silent")


@dataclass(frozen=True)
class Condition:
    name: str
    sign: str
    number: float

    def fits(self, value: float) -> bool:
        return OPERATORS[self.sign](value, self.number)


@dataclass(frozen=True)
class Rule:
    text: str
    counts: tuple[Condition, ...]
    severity: Condition | None = None

    def fits(self, advice: Mapping[str, Any]) -> bool:
        return all(each.fits(self._count(each, advice)) for each in self.counts)

    def _count(self, condition: Condition, advice: Mapping[str, Any]) -> float:
        match condition.name:
            case "new":
                return self._new(condition, advice)
            case "open":
                return sum(int(n) for name, n in advice["open"].items() if self._meant(name))
            case "gaps":
                return sum(each["kind"] in GAPS for each in advice["advice"])
            case "risks":
                return len(advice["risks"])
            case _:
                return float(advice["expected_annual_loss"])

    def _new(self, condition: Condition, advice: Mapping[str, Any]) -> float:
        """Exact, or refused: the answer lists the worst ones and counts the others."""
        if self.severity is None:
            return int(advice["new_count"])
        listed = [each["severity"] for each in advice["new"]]
        meant = sum(self._meant(each) for each in listed)
        rest = int(advice["new_count"]) - len(listed)
        if rest <= 0 or not any(self._meant(name) for name in SEVERITIES[: _level(listed[-1]) + 1]):
            return meant
        if condition.sign in {">", ">="} and condition.fits(meant):
            return meant  # and more; it fits all the same
        raise WrongUse(
            f"{rest} of the new findings are not in the answer, so that {self.text!r} cannot be told. "
            "Use a smaller number, or no severity."
        )

    def _meant(self, name: str) -> bool:
        return self.severity is None or self.severity.fits(_level(name))


def rule_of(text: str) -> Rule:
    """Raises: WrongUse, saying what is not understood."""
    found = [_condition(part, text) for part in re.split(r"\s+and\s+", text.strip())]
    severities = [each for each in found if each.name == "severity"]
    counts = tuple(each for each in found if each.name != "severity")
    if len(severities) > 1 or not counts:
        raise WrongUse(
            f"{text!r} needs a count and at most one severity, such as: new>=1 and severity>=high."
        )
    if severities and not any(each.name in {"new", "open"} for each in counts):
        raise WrongUse(f"In {text!r} severity goes with new or open.")
    return Rule(text, counts, severities[0] if severities else None)


def _condition(part: str, text: str) -> Condition:
    found = CONDITION.fullmatch(part)
    if found is None:
        raise WrongUse(
            f"{part!r} in {text!r} is no condition, such as: new>=1, open<100 or severity>=high."
        )
    name, sign, value = found.groups()
    if name == "severity":
        if value not in SEVERITIES:
            raise WrongUse(f"{value!r} is no severity; they are {', '.join(SEVERITIES)}.")
        return Condition(name, sign, _level(value))
    if name not in COUNTS:
        raise WrongUse(f"{name!r} is not known; there are {', '.join(COUNTS)} and severity.")
    if value.isalpha():
        raise WrongUse(f"{name} is compared with a number, not with {value!r}.")
    return Condition(name, sign, float(value))


def _level(name: str) -> int:
    return SEVERITIES.index(name)
