"""What is told of a finding: when it came, went and came back; what people said of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from apps.scans.models import OwnerChange, Presence, Report, Triage, TriageChange


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


@dataclass(frozen=True)
class Word:
    """What an act of triage said of a finding: its state, or its owner (None: nobody by hand)."""

    change: TriageChange | OwnerChange
    is_last: bool  # of its kind, so that it can be taken back

    @property
    def is_of_owner(self) -> bool:
        return isinstance(self.change, OwnerChange)

    @property
    def triage(self) -> Triage:
        return self.change.triage


def words(states: Iterable[TriageChange], owners: Iterable[OwnerChange]) -> list[Word]:
    """Both kinds together, the newest first; each given so."""
    told = [Word(each, is_last=number == 0) for number, each in enumerate(states)]
    told += [Word(each, is_last=number == 0) for number, each in enumerate(owners)]
    return sorted(told, key=lambda word: word.triage.pk, reverse=True)
