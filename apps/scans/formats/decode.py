"""JSON from strangers: one pass over the file, records left undecoded until their turn, types
lenient.

The outline of a report is decoded with its long arrays as `msgspec.Raw`; each record is then
decoded on its own into a typed struct (`Shape.read`). Where a field has the wrong type only that
field is lost.

Known and accepted: of duplicate keys the last one counts, as in every JSON library tried.
"""

import codecs
import functools
import json
import re
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Raw

from apps.scans.formats.headway import passed
from apps.scans.formats.masking import scrub
from apps.scans.formats.types import FormatError

T = TypeVar("T")
Source = bytes | bytearray | memoryview | Raw

CHUNK_BYTES = 1024 * 1024
MAX_REPAIR_BYTES = 64 * 1024 * 1024  # a repair copies the file
_MISSING = object()
_BYTE = re.compile(r"\(byte (\d+)\)")
_UTF8_MARK = b"\xef\xbb\xbf"
# Two backslashes (an escaped one), or a high half with its low half, or a half alone (group 1).
_LONE_HALF = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def body(data: bytes | memoryview) -> memoryview:
    """The text without a byte order mark, checked to be UTF-8 without NUL bytes.

    UTF-16 with its mark, which `>` of Windows PowerShell writes, is converted; offsets are those of
    the converted text. Raises FormatError: empty, encoding (with the byte offset).
    """
    view = _as_utf8(memoryview(data))
    if bytes(view[:3]) == _UTF8_MARK:
        view = view[3:]
    _check_utf8(view)
    if not bytes(view[:CHUNK_BYTES]).strip():
        raise FormatError("empty", "The file is empty.", "byte 0")
    return view


UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def _as_utf8(view: memoryview) -> memoryview:
    if bytes(view[:2]) not in UTF16_MARKS:
        return view
    if len(view) > MAX_REPAIR_BYTES:
        raise FormatError(
            "encoding",
            f"The file is UTF-16, and larger than the {MAX_REPAIR_BYTES >> 20} MiB that are "
            "converted. In PowerShell, write it with `-Encoding utf8`.",
            "byte 0",
        )
    try:
        return memoryview(codecs.decode(view, "utf-16").encode())
    except UnicodeError as error:  # a half of a character, or of a surrogate pair
        at = getattr(error, "start", 0)
        raise FormatError(
            "encoding", f"The file is not valid UTF-16 at byte {at}.", f"byte {at}"
        ) from None


def _check_utf8(view: memoryview) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(view), CHUNK_BYTES):
        chunk = bytes(view[start : start + CHUNK_BYTES])
        try:
            decoder.decode(chunk, final=start + CHUNK_BYTES >= len(view))
        except UnicodeDecodeError as error:
            # The decoder may have held up to three bytes of the chunk before this one.
            at = start + error.start - (len(error.object) - len(chunk))
            raise FormatError(
                "encoding",
                f"The file is not valid UTF-8 at byte {at}: {error.reason}.",
                f"byte {at}",
            ) from None
        if (nul := chunk.find(b"\0")) >= 0:
            raise FormatError(
                "malformed", f"There is a NUL byte at byte {start + nul}.", f"byte {start + nul}"
            )


def decode(source: Source, decoder: msgspec.json.Decoder[T], where: str = "") -> T:
    """Decode, with every way in which it can fail as a FormatError.

    Halves of surrogate pairs (a text cut inside an emoji) are replaced by U+FFFD.
    where: JSON pointer of `source` in the file, for the error's location.
    Raises FormatError: truncated, malformed, too-deep, wrong-type.
    """
    try:
        return decoder.decode(source)
    except msgspec.ValidationError as error:
        raise FormatError("wrong-type", f"{error}.", where) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if repaired := _repaired(memoryview(source)):
            return decode(repaired, decoder, where)
        raise _syntax_error(str(error), where, len(source)) from None
    except RecursionError:
        raise FormatError("too-deep", "The JSON is nested too deeply.", where) from None


def _syntax_error(message: str, where: str, size: int) -> FormatError:
    if "truncated" in message:
        end = " ".join(filter(None, [where, f"byte {size}"]))
        return FormatError("truncated", "The JSON ends in the middle of a value.", end)
    byte = _BYTE.search(message)  # counted from 1
    place = f"byte {int(byte[1]) - 1}" if byte else ""
    text = _BYTE.sub("", message).rstrip()
    return FormatError("malformed", f"{text}.", " ".join(filter(None, [where, place])))


def document(data: bytes | memoryview, shape: "Shape[T]", warnings: list[str]) -> T:
    """The whole file as one value of `shape`, its long arrays being Raw inside.

    Raises FormatError as `body` and `decode` do; wrong-type only if the root itself is of another
    kind.
    """
    return shape.read(body(data), "", warnings)


def _repaired(view: memoryview) -> bytes:
    r"""The text with lone \uD8xx escapes (a string cut inside an emoji) as \ufffd; empty if there
    are none."""
    if len(view) > MAX_REPAIR_BYTES:
        return b""
    found = False

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal found
        found = found or match[1] is not None
        return rb"\ufffd" if match[1] else match[0]

    text = _LONE_HALF.sub(replace, view)
    return text if found else b""


_ELEMENTS = msgspec.json.Decoder(list[Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_ANY = msgspec.json.Decoder()


def elements(source: Source, where: str = "") -> list[Raw]:
    """The elements of an array, undecoded; nothing for null. Raises FormatError."""
    if is_null(source):
        return []
    return decode(source, _ELEMENTS, where)


def members(source: Source, where: str = "") -> dict[str, Raw]:
    """The members of an object, undecoded; nothing for null. Raises FormatError."""
    if is_null(source):
        return {}
    return decode(source, _MEMBERS, where)


def listing(
    data: bytes | memoryview, *keys: str, null: bool = False
) -> tuple[list[Raw], dict[str, Raw]]:
    """The records of a report whose root is an array, or an object that has them under a key.

    keys: tried in this order. null: whether null under a key stands for no record.
    Also gives the root's members (none for an array). Raises FormatError.
    """
    view = body(data)
    if first_char(view) != "{":
        return decode(view, _ELEMENTS), {}
    found = members(view)
    for key in keys:
        if key in found and (first_char(found[key]) == "[" or (null and is_null(found[key]))):
            return elements(found[key], f"/{key}"), found
    wanted = " or ".join(f"`{key}`" for key in keys)
    raise FormatError("wrong-type", f"The root is an object without an array {wanted}.", "")


def root_elements(data: bytes | memoryview) -> list[Raw]:
    """The elements of a report whose root must be an array. Raises FormatError."""
    return decode(body(data), _ELEMENTS)


def root_members(data: bytes | memoryview) -> dict[str, Raw]:
    """The members of a report whose root must be an object. Raises FormatError."""
    view = body(data)
    if is_null(view):
        raise FormatError("wrong-type", "The root is null.", "")
    return members(view)


def array(found: dict[str, Raw], name: str, where: str = "") -> list[Raw]:
    """The elements of a member that is an array; none if it is missing or something else."""
    raw = found.get(name)
    return elements(raw, f"{where}/{name}") if raw is not None and first_char(raw) == "[" else []


def only_array(found: dict[str, Raw], name: str) -> list[Raw]:
    """`array`, for the list that a report is about: null or missing is empty, another type is wrong.

    Raises FormatError (wrong-type): such a file would read as a report without findings.
    """
    raw = found.get(name)
    if raw is not None and not is_null(raw) and first_char(raw) != "[":
        raise FormatError("wrong-type", f"`{name}` is no array.", f"/{name}")
    return array(found, name)


def read_all(
    raws: Iterable[Raw], shape: "Shape[T]", warnings: list[str], where: str = ""
) -> Iterator[tuple[T, bytes]]:
    """Each record with its raw copy, both without credentials of well-known shape.

    What is no object is left out with a warning. Raises FormatError while iterating.
    """
    yield from read_values(((f"{where}/{i}", raw) for i, raw in enumerate(raws)), shape, warnings)


def read_values(
    found: Iterable[tuple[str, Raw]], shape: "Shape[T]", warnings: list[str]
) -> Iterator[tuple[T, bytes]]:
    """`read_all`, for records that know where they are (see `values`)."""
    for where, raw in found:
        record = scrub(bytes(raw))
        passed(len(record))
        try:
            yield shape.read(record, where, warnings), record
        except FormatError as error:
            if error.reason != "wrong-type":
                raise
            warn(warnings, f"{where} is no object and was left out.")


def first_char(source: Source) -> str:
    """The first character that is no white space: tells object, array, string and number apart."""
    view = memoryview(source)
    return bytes(view[:64]).lstrip()[:1].decode("latin-1") or (
        bytes(view[:CHUNK_BYTES]).lstrip()[:1].decode("latin-1")
    )


def is_null(source: Source) -> bool:
    view = memoryview(source)
    return len(view) < 64 and bytes(view).strip() in {b"null", b""}


def values(data: bytes | memoryview, *, flatten: bool = True) -> Iterator[tuple[str, Raw]]:
    """Each value of JSON lines, of concatenated JSON, or of one array, with where it is.

    flatten: an array's elements instead of the array. Raises FormatError, also while iterating.
    """
    view = body(data)
    if flatten and first_char(view) == "[":
        try:
            listed = elements(view)
        except FormatError:
            if not _has_several(view):
                raise
        else:
            for index, raw in enumerate(listed):
                yield f"/{index}", raw
            return
    for where, raw in _concatenated(view):
        if flatten and first_char(raw) == "[":
            yield from (
                (f"{where} /{i}", element) for i, element in enumerate(elements(raw, where))
            )
        else:
            yield where, raw


def _has_several(view: memoryview) -> bool:
    return len(list(zip(_lines(view), range(2), strict=False))) > 1


_LINE_END = re.compile(rb"\n")
_GAP = re.compile(r"\s*")
_RAW = msgspec.json.Decoder(Raw)


def _lines(view: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Non-blank lines with their 1-based number and the offset of their first byte."""
    number, start, size = 1, 0, len(view)
    while start < size:
        match = _LINE_END.search(view, start)
        end = match.start() if match else size
        line = view[start:end]
        if bytes(line[:256]).strip() or bytes(line).strip():
            yield number, start, line
        number, start = number + 1, end + 1


def _concatenated(view: memoryview) -> Iterator[tuple[str, Raw]]:
    """JSON lines as long as each line is a value; from the first other line on, value after
    value."""
    for number, start, line in _lines(view):
        try:
            raw = decode(line, _RAW, f"line {number}")
        except FormatError:
            yield from _run_together(bytes(view[start:]).decode(), number)
            return
        yield f"line {number}", raw


def _run_together(text: str, number: int) -> Iterator[tuple[str, Raw]]:
    """Values one after the other, over several lines or without a line break between them."""
    scanner, at = json.JSONDecoder(parse_int=_whole), _after_gap(text, 0)
    while at < len(text):
        where = f"line {number + text.count(chr(10), 0, at)}"
        try:
            _value, end = scanner.raw_decode(text, at)
        except json.JSONDecodeError as error:
            reason = "truncated" if error.pos >= len(text.rstrip()) - 1 else "malformed"
            raise FormatError(reason, f"{error.msg} at character {error.pos}.", where) from None
        except RecursionError:
            raise FormatError("too-deep", "The JSON is nested too deeply.", where) from None
        yield where, Raw(text[at:end].encode())
        at = _after_gap(text, end)


def _after_gap(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


class Shape(Generic[T]):
    """A typed struct to read records into, exact and fast where the types fit, lenient where
    not."""

    def __init__(self, wanted: type[T]) -> None:
        self.wanted = wanted
        self._decoder = msgspec.json.Decoder(wanted)

    def read(self, source: Source, where: str, warnings: list[str]) -> T:
        """The record. A field of a wrong type gets its default, and a warning says where.

        Raises FormatError: truncated, malformed, too-deep; wrong-type if the record is no object at
        all.
        """
        try:
            return self._decoder.decode(source)
        except msgspec.ValidationError as error:
            problem = str(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            readable = decode(source, _RAW, where)  # raises, unless it could be repaired
            return self.read(bytes(readable), where, warnings)
        result = salvage(self._loose(source, where), self.wanted)
        if result is _MISSING:
            raise FormatError("wrong-type", f"{problem}.", where)
        warn(warnings, f"{where or '/'}: {problem}; the field was left out or converted.")
        return result  # type: ignore[no-any-return]

    def _loose(self, source: Source, where: str) -> Any:
        if self._has_raw_members():
            return members(source, where) if first_char(source) == "{" else None
        return loose(source, where)

    def _has_raw_members(self) -> bool:
        """Whether to keep the members undecoded: a struct with Raw fields may hold the whole
        file."""
        if not (isinstance(self.wanted, type) and issubclass(self.wanted, msgspec.Struct)):
            return False
        hints = [field.type for field in msgspec.structs.fields(self.wanted)]
        return any(Raw in _parts(hint) for hint in hints)


@functools.cache
def _parts(hint: Any) -> frozenset[Any]:
    """A type with all the types inside it; a struct may hold itself."""
    found: set[Any] = set()
    waiting = [hint]
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting.extend(get_args(part))
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                waiting.extend(field.type for field in msgspec.structs.fields(part))
    return frozenset(found)


MAX_WARNINGS = 100


def warn(warnings: list[str], text: str) -> None:
    """Add a warning, up to a number that a person can read."""
    if len(warnings) < MAX_WARNINGS:
        warnings.append(text)
    elif len(warnings) == MAX_WARNINGS:
        warnings.append("More warnings of this report are left out.")


def loose(source: Source, where: str = "") -> Any:
    """Any JSON as plain Python. Numbers out of range become infinite. Raises FormatError."""
    try:
        return _ANY.decode(source)
    except msgspec.ValidationError:  # a number out of range
        readable = bytes(decode(source, _RAW, where))
        return json.loads(readable, parse_int=_whole)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode(source, _ANY, where)


def _whole(digits: str) -> int | float:
    """SECURITY: Python refuses to read integers of more than 4300 digits, and takes long below
    that."""
    return int(digits) if len(digits) <= 400 else float("inf")


def loose_document(data: bytes | memoryview) -> Any:
    """The whole file as plain Python, credentials of well-known shape masked; for small reports."""
    return loose(scrub(bytes(body(data))))


def salvage(value: Any, wanted: Any) -> Any:  # noqa: PLR0911  # one way out for each sort of type
    """`value` as `wanted`, leaving out what does not fit; _MISSING if nothing does."""
    if isinstance(value, Raw):
        if wanted is Raw:
            return value
        return salvage(_open_raw(value, wanted), wanted)
    try:
        return msgspec.convert(value, wanted)
    except (msgspec.ValidationError, OverflowError, TypeError):
        pass
    origin = get_origin(wanted)
    if origin in {Union, types.UnionType}:
        return _first_that_fits(value, get_args(wanted))
    if origin in {list, dict}:
        return _CONTAINERS[origin](value, get_args(wanted))
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return _struct(value, wanted)
    return _SCALARS[wanted](value) if wanted in _SCALARS else _MISSING


def _open_raw(value: Raw, wanted: Any) -> Any:
    """One level of a Raw value, if what is wanted has Raw parts; else all of it."""
    if Raw in _parts(wanted):
        mark = first_char(value)
        return members(value) if mark == "{" else elements(value) if mark == "[" else loose(value)
    return loose(value)


def _first_that_fits(value: Any, wanted: tuple[Any, ...]) -> Any:
    for part in wanted:
        if part is not type(None) and (found := salvage(value, part)) is not _MISSING:
            return found
    return None if type(None) in wanted else _MISSING


def _list(value: Any, wanted: tuple[Any, ...]) -> Any:
    items = value if isinstance(value, list) else [value]  # one thing where a list of them is due
    found = [salvage(item, wanted[0]) for item in items]
    kept = [item for item in found if item is not _MISSING]
    return kept if kept or isinstance(value, list) else _MISSING


def _dict(value: Any, wanted: tuple[Any, ...]) -> Any:
    if not isinstance(value, dict):
        return _MISSING
    found = {str(key): salvage(item, wanted[1]) for key, item in value.items()}
    return {key: item for key, item in found.items() if item is not _MISSING}


def _struct(value: Any, wanted: type[msgspec.Struct]) -> Any:
    if not isinstance(value, dict):
        return _MISSING
    found = {
        field.name: salvage(value[field.encode_name], field.type)
        for field in msgspec.structs.fields(wanted)
        if field.encode_name in value
    }
    try:
        return wanted(**{name: item for name, item in found.items() if item is not _MISSING})
    except TypeError:  # a required field is lost
        return _MISSING


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):  # {"text": ...}: a message where a string is due
        return next(
            (value[k] for k in ("text", "value", "name") if isinstance(value.get(k), str)), _MISSING
        )
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return _MISSING


def _integer(value: Any) -> Any:
    try:
        return int(value) if isinstance(value, str | float) else _MISSING
    except (ValueError, OverflowError):
        return _MISSING


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str | int) else _MISSING
    except (ValueError, OverflowError):
        return _MISSING


def _boolean(value: Any) -> Any:
    return {"true": True, "false": False}.get(str(value).lower(), _MISSING)


_CONTAINERS: dict[Any, Callable[[Any, tuple[Any, ...]], Any]] = {list: _list, dict: _dict}
_SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
}
