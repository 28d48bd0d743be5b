"""What the intervals of a finding tell: when it came, went and came back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from apps.scans.models import Presence, Report


@dataclass(frozen=True)
class Happening:
    """first, back: a report saw it; gone: a full report of the series did not see it any more."""

    kind: Literal["first", "back", "gone"]
    report: Report


def history(presences: Iterable[Presence]) -> list[Happening]:
    """The happenings of a finding, the newest first; `presences` oldest first."""
    told: list[Happening] = []
    for number, presence in enumerate(presences):
        told.append(Happening("back" if number else "first", presence.since))
        if presence.until is not None:
            told.append(Happening("gone", presence.until))
    return told[::-1]
