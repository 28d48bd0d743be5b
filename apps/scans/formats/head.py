"""What detection sees of a file: its first 64 KiB and the outline of its first value.

The cost is bounded by the prefix, whatever the size of the file; `read_outline` is the exception,
for files whose telling key lies behind a huge first one.
"""

import re
from collections.abc import Iterator

import msgspec
from lxml import etree

from apps.scans.formats.types import Head

PREFIX_BYTES = 64 * 1024
MAX_DEPTH = 4  # of a dotted path
MAX_PATHS = 4000
MAX_TEXT = 200  # characters kept of a scalar or a key

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TOKEN = re.compile(
    rb'[\s:]*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([{}\[\],])|([^\s{}\[\],:"]+))', re.DOTALL
)
_EMPTY = {b"", b"null", b"{}", b"[]"}
_SPACE = re.compile(rb"\s+")


def read_head(data: bytes | memoryview, filename: str = "") -> Head:
    """The outline of a file from its prefix. Never raises: what cannot be read gives no keys."""
    size, original = len(data), bytes(data[:PREFIX_BYTES])
    prefix = _as_utf8(original)
    start = prefix.lstrip()
    compact = _SPACE.sub(b"", start) if size < PREFIX_BYTES else start
    if compact in _EMPTY:
        return Head(prefix=prefix, size=size, filename=filename, root=_root(compact), empty=True)
    if start.startswith(b"<"):
        name, namespace = _xml_root(original.lstrip())
        return Head(
            prefix=prefix,
            size=size,
            filename=filename,
            root="<",
            xml_root=name,
            xml_namespace=namespace,
        )
    if start[:1] not in {b"{", b"["}:
        return Head(prefix=prefix, size=size, filename=filename)
    outline = _Outline(start)
    return Head(
        prefix=prefix,
        size=size,
        filename=filename,
        root=start[:1].decode(),
        keys=_top(outline.values),
        values=outline.values,
        many=outline.followed,
        complete=outline.closed or size <= PREFIX_BYTES,
    )


def read_outline(data: memoryview, head: Head) -> Head:
    """The head again with every key of the root, at the price of one pass over the file (about 1
    GB/s).

    Gives `head` back where nothing can be added (not JSON, or not well-formed).
    """
    values: dict[str, str] = {}
    try:
        for key, value in _members(data, head.root):
            start = bytes(memoryview(value)[:PREFIX_BYTES]).lstrip()
            is_scalar = start[:1] not in {b"{", b"["}
            values[key] = _plain(start.strip(b'"')) if is_scalar else ""
            _add_below(values, key, _Outline(start).values)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return head
    return Head(
        prefix=head.prefix,
        size=head.size,
        filename=head.filename,
        root=head.root,
        keys=_top(values),
        values=values,
        many=head.many,
    )


def _root(text: bytes) -> str:
    return text[:1].decode() if text[:1] in {b"{", b"["} else ""


def _members(data: memoryview, root: str) -> Iterator[tuple[str, msgspec.Raw]]:
    if bytes(data[:2]) in _UTF16_MARKS:
        return  # its keys are those of the prefix; converting all of it is for reading
    source: memoryview | msgspec.Raw = data[3:] if bytes(data[:3]) == _UTF8_MARK else data
    if root == "[":
        source = msgspec.json.decode(source, type=list[msgspec.Raw])[0]
    yield from msgspec.json.decode(source, type=dict[str, msgspec.Raw]).items()


def _add_below(values: dict[str, str], key: str, below: dict[str, str]) -> None:
    for path, text in below.items():
        joined = f"{key}.{path}" if path else key
        if len(values) < MAX_PATHS and joined.count(".") < MAX_DEPTH:
            values[joined] = values.get(joined) or text


def _top(values: dict[str, str]) -> frozenset[str]:
    return frozenset(path for path in values if "." not in path)


def _as_utf8(prefix: bytes) -> bytes:
    """Without a byte order mark; UTF-16 is converted, so that detection can name the format."""
    if prefix.startswith(_UTF8_MARK):
        return prefix[3:]
    if prefix[:2] in _UTF16_MARKS:
        return prefix.decode("utf-16", "replace").encode()
    return prefix


def _xml_root(prefix: bytes) -> tuple[str, str]:
    """Local name and namespace of the root element, or two empty strings."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        for at in range(0, len(prefix), 4096):
            parser.feed(prefix[at : at + 4096])
            for _event, element in parser.read_events():
                namespace, _, name = str(element.tag).rpartition("}")  # type: ignore[union-attr]
                return name, namespace.removeprefix("{")
    except etree.XMLSyntaxError:
        pass
    return "", ""


class _Outline:
    """Dotted paths of the first value of a JSON text that may be cut anywhere."""

    def __init__(self, text: bytes) -> None:
        self.values: dict[str, str] = {}
        self.closed = False  # the first value, or an array's first element, ended within the text
        self.followed = False
        self._open: list[tuple[bool, str]] = []  # (is an object, path of the container)
        self._key: str | None = None
        self._read(text)

    def _read(self, text: bytes) -> None:
        at = 0
        while match := _TOKEN.match(text, at):
            at = match.end()
            string, mark, scalar = match.groups()
            if mark is None:
                self._scalar(string if scalar is None else scalar, is_text=scalar is None)
            elif self._mark(mark):
                self.followed = text[at : at + 64].lstrip()[:1] in {b"{", b"["}
                self.closed = True
                return

    def _mark(self, mark: bytes) -> bool:
        """Follow a bracket or comma; whether the outline is complete with it."""
        if mark in {b"{", b"["}:
            path = self._path()
            self._note(path, "")
            self._open.append((mark == b"{", path))
            self._key = None
        elif mark in {b"}", b"]"}:
            if self._open:
                self._open.pop()
            self._key = None
            return not self._open or (len(self._open) == 1 and not self._open[0][0])
        else:
            self._key = None
        return False

    def _scalar(self, text: bytes, *, is_text: bool) -> None:
        if self._open and self._open[-1][0] and self._key is None:
            self._key = _plain(text).replace(".", "_") if is_text else ""
        else:
            self._note(self._path(), _plain(text))
            self._key = None

    def _path(self) -> str:
        if not self._open:
            return ""
        is_object, base = self._open[-1]
        if not is_object:
            return base
        return f"{base}.{self._key}" if base else (self._key or "")

    def _note(self, path: str, text: str) -> None:
        known = len(self.values) >= MAX_PATHS or path.count(".") >= MAX_DEPTH
        if path and not known and not self.values.get(path):
            self.values[path] = text


def _plain(text: bytes) -> str:
    return text[:MAX_TEXT].decode("utf-8", "replace").replace("\\/", "/")
