"""A report's own bytes with the secrets in it masked, for organisations that keep no others.

First what formats found to be secrets (`masking.noting`): string by string of JSON, elsewhere wherever it stands as
it is or as XML has it; then credentials of well-known shape, whatever the notation. What is base64 inside the report
stays as it is.
"""

import mmap
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import IO
from xml.sax.saxutils import escape

import msgspec

from apps.scans.formats import masking

# Possessive: nothing is tried twice, however long a string is or how it ends.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_HIDDEN = b'"[masked]"'


def write(data: memoryview, noted: Mapping[str, str], target: IO[bytes]) -> None:
    """Write the masked copy. noted: see `masking.noting`. Memory does not grow with the file."""
    if not noted:
        _write_shapes(data, target)
        return
    with tempfile.TemporaryFile() as between:
        is_json = bytes(data[:64]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
        for piece in (_strings_masked if is_json else _texts_masked)(data, noted):
            between.write(piece)
        between.flush()
        with mmap.mmap(between.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                _write_shapes(view, target)
            finally:
                view.release()


def _strings_masked(data: memoryview, noted: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    at = 0
    for match in _STRING.finditer(data):
        masked = _masked(match[0], noted)
        if masked is not None:
            yield data[at : match.start()]
            yield masked
            at = match.end()
    yield data[at:]


def _texts_masked(data: memoryview, noted: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    known = {each.encode("utf-8", "replace") for text in noted for each in (text, escape(text))}
    longest_first = sorted((each for each in known if each), key=len, reverse=True)
    at = 0
    for match in re.finditer(b"|".join(map(re.escape, longest_first)), data):
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


def _write_shapes(data: memoryview, target: IO[bytes]) -> None:
    at = 0
    for start, end, masked in sorted(masking.shapes(data)):
        if start >= at:
            target.write(data[at:start])
            target.write(masked)
            at = end
    target.write(data[at:])
