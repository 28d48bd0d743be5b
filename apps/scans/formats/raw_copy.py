"""A report's own bytes with the secrets in it masked, for organisations that keep no others.

First what formats found to be secrets (`masking.noting`): string by string of JSON, elsewhere wherever it stands as
it is or as XML has it; then credentials of well-known shape, whatever the notation. What is base64 or base64url inside
the report, or inside what these hold, is decoded, masked in the same way and encoded again. A report in UTF-16 is
masked as UTF-8 and left in UTF-16.
"""

import base64
import codecs
import contextlib
import heapq
import mmap
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import IO
from xml.sax.saxutils import escape

import msgspec

from apps.scans.formats import masking
from apps.scans.formats.decode import UTF16_MARKS

# Possessive: nothing is tried twice, however long a string is or how it ends.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_HIDDEN = b'"[masked]"'
# Lines of base64 follow each other with a break, in JSON as an escape, which also writes / as \\/.
_BASE64 = re.compile(
    rb"(?:(?<![0-9A-Za-z+/\\])|(?<=\\[rnt]))"
    rb"[0-9A-Za-z+/]{24,}+(?:(?:\\[rn]|[\r\n]|\\(?=/))++[0-9A-Za-z+/]++)*+={0,2}"
)
# The alphabet of addresses (RFC 4648 section 5): what has neither - nor _ is found as base64.
_BASE64_URL = re.compile(
    rb"(?:(?<![0-9A-Za-z_\\-])|(?<=\\[rnt]))"
    rb"(?=[0-9A-Za-z_-]{24})[0-9A-Za-z]*+[_-][0-9A-Za-z_-]*+={0,2}"
)
_GAPS = re.compile(rb"\\[rn]|[\r\n]|\\(?=/)")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
CHUNK_BYTES = 1024 * 1024
MAX_INSIDE_BYTES = 16 * 1024 * 1024
MOST_LEVELS = 12  # of a pattern of many words
Piece = bytes | memoryview


@dataclass(frozen=True)
class _Noted:
    """What formats found to be secrets: each as the report has it, and what is left of it."""

    texts: Mapping[str, str]

    @cached_property
    def pattern(self) -> re.Pattern[bytes] | None:
        """Any of them, as it is or as XML has it, the longest that fits; made once for all base64 of a report."""
        spelled = {
            each.encode("utf-8", "replace") for text in self.texts for each in (text, escape(text))
        }
        words = sorted(filter(None, spelled), key=len, reverse=True)
        return re.compile(_any_of(words)) if words else None


def write(data: memoryview, noted: Mapping[str, str], target: IO[bytes]) -> None:
    """Write the masked copy. noted: see `masking.noting`. Memory does not grow with the file."""
    _copy(data, _Noted(noted), target)


def _copy(data: memoryview, noted: _Noted, target: IO[bytes]) -> None:
    if (mark := bytes(data[:2])) in UTF16_MARKS:
        with _spooled(_recoded(data, "utf-16", "utf-8")) as plain, tempfile.TemporaryFile() as copy:
            _copy(plain, noted, copy)
            name = "utf-16-le" if mark == UTF16_MARKS[0] else "utf-16-be"
            target.write(mark)
            with _mapped(copy) as masked:
                _write(_recoded(masked, "utf-8", name), target)
        return
    steps = [_base64_masked]
    if noted.texts:
        is_json = bytes(data[:64]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
        steps.append(_strings_masked if is_json else _texts_masked)
    with contextlib.ExitStack() as stack:
        for step in steps:
            data = stack.enter_context(_spooled(step(data, noted)))
        _write(_shapes_masked(data, noted), target)


def _write(pieces: Iterator[Piece], target: IO[bytes]) -> None:
    """In a function of its own: no name of it may hold a piece when the buffer is closed."""
    for piece in pieces:
        target.write(piece)


@contextlib.contextmanager
def _spooled(pieces: Iterator[Piece]) -> Iterator[memoryview]:
    """These pieces as one buffer, on disk."""
    with tempfile.TemporaryFile() as file:
        _write(pieces, file)
        with _mapped(file) as view:
            yield view


@contextlib.contextmanager
def _mapped(file: IO[bytes]) -> Iterator[memoryview]:
    file.flush()
    if not file.tell():  # nothing cannot be mapped
        yield memoryview(b"")
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        try:
            yield view
        finally:
            view.release()


def _recoded(data: memoryview, before: str, after: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(before)(errors="replace")
    for start in range(0, len(data), CHUNK_BYTES):
        piece = bytes(data[start : start + CHUNK_BYTES])
        text = decoder.decode(piece, final=start + CHUNK_BYTES >= len(data))
        yield text.encode(after, "replace")


def _base64_masked(data: memoryview, noted: _Noted) -> Iterator[Piece]:
    """Recorded requests and answers lie as base64 in reports of Burp and others."""
    at = 0
    runs = (_BASE64.finditer(data), _BASE64_URL.finditer(data))
    for match in heapq.merge(*runs, key=lambda each: each.start()):
        if match.start() < at:
            continue
        masked = _inside_masked(bytes(match[0]), noted, is_url=match.re is _BASE64_URL)
        if masked is not None:
            yield data[at : match.start()]
            yield masked
            at = match.end()
    yield data[at:]


def _inside_masked(run: bytes, noted: _Noted, *, is_url: bool) -> bytes | None:
    """The base64 as it is left, None if there is no secret in it, or if it is no base64.

    There may be base64 in it again: each level is three quarters of the one around it, so all of them together take
    at most four times as long as the first.
    """
    if len(run) > MAX_INSIDE_BYTES:
        return b"[masked]"  # what cannot be compared in memory is not kept
    letters = _GAPS.sub(b"", run).rstrip(b"=")
    if is_url:
        letters = letters.translate(_TO_BASE64)
    start = letters[: min(32, len(letters) // 4 * 4)]
    if not _is_text(base64.b64decode(start)):  # hashes, which are many
        return None
    try:
        found = base64.b64decode(letters + b"=" * (-len(letters) % 4), validate=True)
    except ValueError:
        return None
    text = found
    for step in (_base64_masked, _texts_masked, _shapes_masked):
        text = b"".join(step(memoryview(text), noted))
    if text == found:
        return None
    if is_url:
        masked = base64.urlsafe_b64encode(text)
        return masked if run.endswith(b"=") else masked.rstrip(b"=")
    return base64.b64encode(text)


def _is_text(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _strings_masked(data: memoryview, noted: _Noted) -> Iterator[Piece]:
    at = 0
    for match in _STRING.finditer(data):
        masked = _masked(match[0], noted.texts)
        if masked is not None:
            yield data[at : match.start()]
            yield masked
            at = match.end()
    yield data[at:]


def _any_of(words: Sequence[bytes], level: int = 0) -> bytes:
    """A pattern of any of these words, parted by what they begin with.

    As plain alternatives all of them would be tried at each byte: a report with twice the secrets took four times
    as long. words: each once, longest first.
    """
    if level == MOST_LEVELS or len(words) == 1:
        return b"(?:" + b"|".join(map(re.escape, words)) + b")"
    first, last = min(words), max(words)  # what these two begin with, all do
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = first[: sum(1 for _ in same)]
    following = defaultdict[bytes, list[bytes]](list)
    for word in words:
        rest = word[len(common) :]
        following[rest[:1]].append(rest)
    is_word = bool(following.pop(b"", ()))
    parts = [_any_of(rests, level + 1) for rests in following.values()]
    return re.escape(common) + b"(?:" + b"|".join(parts) + (b"|)" if is_word else b")")


def _texts_masked(data: memoryview, noted: _Noted) -> Iterator[Piece]:
    at = 0
    for match in noted.pattern.finditer(data) if noted.pattern else ():
        yield data[at : match.start()]
        yield b"[masked]"
        at = match.end()
    yield data[at:]


def _masked(string: bytes, noted: Mapping[str, str]) -> bytes | None:
    """The JSON string as it is left, None if it holds no secret.

    Formats see some records after `scrub`, so a string is looked for in both states.
    """
    for spelling in dict.fromkeys((bytes(string), masking.scrub(bytes(string)))):
        try:
            text = msgspec.json.decode(spelling, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _HIDDEN  # what cannot be compared is not kept
        if text in noted:
            return msgspec.json.encode(noted[text])
    return None


def _shapes_masked(data: memoryview, _noted: _Noted) -> Iterator[Piece]:
    at = 0
    for start, end, masked in sorted(masking.shapes(data)):
        if start >= at:
            yield data[at:start]
            yield masked
            at = end
    yield data[at:]
