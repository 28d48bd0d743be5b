"""A newer version of the guidance that a statement was made from: what it says otherwise.

A statement goes its own way once it is written. What its author never touched may follow the guidance;
what was adapted stays, and is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from apps.common.ui.money import number_said
from apps.guidance.models import GuidanceVersion
from apps.risks.models import RiskStatement
from apps.risks.services.estimates import ENDS, RANGES

TEXTS = ("condition", "consequence", "rationale", "cwes")


@dataclass(frozen=True)
class Change:
    """One thing that the guidance says otherwise. `before` and `after` as lines for a reader.

    follows: the statement still says what the older version said, so it may be taken over.
    """

    fields: tuple[str, ...]
    before: str
    after: str
    follows: bool


@dataclass(frozen=True)
class Offer:
    """From the version that the statement was made from, or last followed, to the published one."""

    origin: GuidanceVersion
    newest: GuidanceVersion
    changes: tuple[Change, ...]

    @property
    def has_something_to_take(self) -> bool:
        return any(change.follows for change in self.changes)

    def taken(self) -> dict[str, Any]:
        """{field: what it says now} of everything that may follow."""
        return {
            name: getattr(self.newest, name)
            for change in self.changes
            if change.follows
            for name in change.fields
        }


def offer_of(statement: RiskStatement) -> Offer | None:
    """None where the statement comes from no guidance, or from its published version."""
    origin = statement.origin
    newest = origin.guidance.current if origin else None
    if origin is None or newest is None or newest.number <= origin.number:
        return None
    return Offer(origin, newest, tuple(_changes(statement, origin, newest)))


def _changes(
    statement: RiskStatement, origin: GuidanceVersion, newest: GuidanceVersion
) -> Iterator[Change]:
    for name in TEXTS:
        before, after, mine = (getattr(text, name) for text in (origin, newest, statement))
        if before != after:
            yield Change((name,), _line(before), _line(after), follows=mine == before)
    old, new, mine = (_ends(text) for text in (origin, newest, statement))
    if old != new and None not in new:
        is_ranges = statement.estimate.get("kind", RANGES) == RANGES
        yield Change(ENDS, _range(old), _range(new), follows=is_ranges and mine == old)


def _ends(text: GuidanceVersion | RiskStatement) -> tuple[Any, ...]:
    return tuple(getattr(text, name) for name in ENDS)


def _line(value: Any) -> str:
    return ", ".join(f"CWE-{each}" for each in value) if isinstance(value, list) else str(value)


def _range(ends: tuple[Any, ...]) -> str:
    if None in ends:
        return ""
    often = [number_said(end) for end in ends[:2]]
    dear = [number_format(end, 2, force_grouping=True) for end in ends[2:]]
    return _(
        "%(often_low)s to %(often_high)s loss events a year, %(dear_low)s to %(dear_high)s each"
    ) % {
        "often_low": often[0],
        "often_high": often[1],
        "dear_low": dear[0],
        "dear_high": dear[1],
    }
