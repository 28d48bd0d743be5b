"""The part of a report's file that an error is about, as text that people can read.

An error says where it is: `byte 120`, `line 7`, a JSON pointer such as `/runs/0/results`, or `line 7 byte 12`, the
byte then being counted from the start of the line. To find that in the file may take reading all of it, so the
worker does it once, when the error happens (`place`); what is around a place is read anew each time (`excerpt`).
"""

import re
from dataclasses import dataclass

import msgspec
import numpy as np

from apps.scans.formats.masking import scrub

AROUND = 2  # lines before and after
BEFORE, AFTER = 80, 160  # bytes of the line itself, around the place
WIDTH = 160  # bytes of a line beside it
WINDOW = 32 * 1024  # bytes that are read before a place, and behind it
CHUNK = 1024 * 1024
_END = ord("\n")
_LINE, _BYTE = re.compile(r"\bline (\d{1,12})"), re.compile(r"\bbyte (\d{1,15})")
_POINTER = re.compile(r"(?:^|\s)(/\S*)")
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Line:
    """number: from 1. is_it: whether the error is in it. text: without what looks like a credential."""

    number: int
    text: str
    is_it: bool = False


@dataclass(frozen=True)
class Excerpt:
    """line, column: from 1, the column in bytes."""

    line: int
    column: int
    lines: list[Line]


@dataclass(frozen=True)
class Place:
    """offset: of a byte in the file, from 0. line, column: from 1, the column in bytes."""

    offset: int
    line: int
    column: int

    @property
    def window(self) -> tuple[int, int]:
        """What `excerpt` wants to have of the file: from where, and how many bytes."""
        start = max(0, self.offset - WINDOW)
        return start, self.offset - start + WINDOW


def place(data: memoryview, location: str) -> Place | None:
    """Where in the file that is; None where the location names no place that is in the data."""
    at = _offset(data, location)
    if at is None or not len(data):
        return None
    at = min(at, len(data) - 1)
    start, _end = _line_around(data, at)
    return Place(at, 1 + _count(data, start), at - start + 1)


def excerpt(window: bytes, where: Place) -> Excerpt | None:
    """The lines around the place, as far as they are in its window; None if it is not in the file any more.

    SECURITY: what stands there may hold secrets; those of well-known shape are masked, others are not.
    """
    data, at = memoryview(window), where.offset - where.window[0]
    if at >= len(data):
        return None
    start, end = _line_around(data, at)
    return Excerpt(where.line, where.column, _lines(data, where, start, end, at))


def _offset(data: memoryview, location: str) -> int | None:
    line, byte, pointer = (found.search(location) for found in (_LINE, _BYTE, _POINTER))
    start: int | None = 0
    if line:
        start = _start_of(data, int(line[1]))
    elif pointer:
        start = _pointed(data, pointer[1])
    elif not byte:
        return None
    return None if start is None else start + (int(byte[1]) if byte else 0)


def _start_of(data: memoryview, number: int) -> int | None:
    """The offset of a line's first byte."""
    before, at = 1, 0
    while before < number:
        chunk = bytes(data[at : at + CHUNK])
        if not chunk:
            return None
        ends = chunk.count(b"\n")
        if before + ends < number:
            before, at = before + ends, at + len(chunk)
            continue
        place = -1
        for _line in range(number - before):
            place = chunk.index(b"\n", place + 1)
        return at + place + 1
    return at


def _pointed(data: memoryview, pointer: str) -> int | None:
    """The offset of the value that a JSON pointer names (RFC 6901), or of the last one on its way."""
    base, found = _address(data), data
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            if key.isdecimal() and bytes(found[:64]).lstrip()[:1] == b"[":
                inner = _ELEMENTS.decode(found)[int(key)]
            else:
                inner = _MEMBERS.decode(found)[key]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, IndexError):
            break
        found = memoryview(inner)
    offset = _address(found) - base
    return offset if 0 <= offset < len(data) else None


def _address(data: memoryview) -> int:
    """Where the bytes lie in memory: undecoded JSON is a view into the whole."""
    place: int = np.frombuffer(data, dtype=np.uint8).__array_interface__["data"][0]
    return place


def _count(data: memoryview, end: int) -> int:
    """How many lines end before."""
    return sum(bytes(data[at : min(at + CHUNK, end)]).count(b"\n") for at in range(0, end, CHUNK))


def _line_around(data: memoryview, at: int) -> tuple[int, int]:
    """Where the line of this byte starts, and where it ends or a megabyte of it is over."""
    start, found = at, -1
    while start and found < 0:
        first = max(0, start - CHUNK)
        found = bytes(data[first:start]).rfind(b"\n")
        start = first + found + 1 if found >= 0 else first
    after = bytes(data[at : at + CHUNK])
    end = after.find(b"\n")
    return start, at + (end if end >= 0 else len(after))


def _lines(data: memoryview, where: Place, start: int, end: int, at: int) -> list[Line]:
    number = where.line
    it = Line(
        number, _cut(data, max(start, at - BEFORE), min(end, at + AFTER), start, end), is_it=True
    )
    above, below = [], []
    edge = start - 1  # of the line before
    for step in range(1, AROUND + 1):
        if edge < 0:
            break
        first, _end = _line_around(data, edge) if edge else (0, 0)
        if not first and where.window[0]:
            break  # it began before the window
        above.append(Line(number - step, _cut(data, first, min(edge, first + WIDTH), first, edge)))
        edge = first - 1
    edge = end + 1
    for step in range(1, AROUND + 1):
        if edge >= len(data) or data[edge - 1] != _END:
            break
        _first, last = _line_around(data, edge)
        below.append(Line(number + step, _cut(data, edge, min(last, edge + WIDTH), edge, last)))
        edge = last + 1
    return [*reversed(above), it, *below]


def _cut(data: memoryview, first: int, last: int, start: int, end: int) -> str:
    """Bytes of a line as text; marked where it goes on."""
    text = scrub(bytes(data[first:last])).decode("utf-8", "replace")
    shown = "".join(
        each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}"
        for each in text.rstrip("\r")
    )
    return f"{'…' if first > start else ''}{shown}{'…' if last < end else ''}"
