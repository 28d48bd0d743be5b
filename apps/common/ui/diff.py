"""Two texts as lines that stayed, came and went."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "added", "removed", "gap"]
_KINDS: dict[str, Kind] = {" ": "same", "+": "added", "-": "removed"}


@dataclass(frozen=True)
class DiffLine:
    kind: Kind
    text: str


def diff_lines(before: str, after: str, context: int = 3) -> tuple[DiffLine, ...]:
    """Lines of a unified diff without its headers; a "gap" stands for unchanged lines left out."""
    return tuple(_lines(before, after, context))


def _lines(before: str, after: str, context: int) -> Iterator[DiffLine]:
    raw = difflib.unified_diff(before.splitlines(), after.splitlines(), n=context, lineterm="")
    for number, line in enumerate(raw):
        if number < 2:  # the two file names
            continue
        if line.startswith("@@"):
            if number > 2:
                yield DiffLine("gap", "")
            continue
        yield DiffLine(_KINDS[line[0]], line[1:])
