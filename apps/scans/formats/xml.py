"""XML from strangers: one pass, elements freed as they are read, no entities, bounded depth and
size.

lxml with resolve_entities=False, no_network=True, load_dtd=False and huge_tree=False stops at depth
256 and at texts of 10 MB. A DOCTYPE is allowed (Nmap and Burp write one), entity declarations are
refused.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from apps.scans.formats.headway import passed
from apps.scans.formats.masking import scrub
from apps.scans.formats.text import clean
from apps.scans.formats.types import FormatError

CHUNK_BYTES = 64 * 1024
MAX_TAG_BYTES = 1024 * 1024  # of one start tag: attributes are compared pairwise by the parser
MAX_RAW_BYTES = 256 * 1024

Element = Any  # lxml-stubs' _Element has no public name


class _Source:
    """A file object over a buffer that copies one chunk at a time and refuses gigantic start
    tags."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0
        self._unclosed = 0

    def read(self, _size: int = -1) -> bytes:
        chunk = bytes(self._data[self._at : self._at + CHUNK_BYTES])
        self._at += len(chunk)
        passed(len(chunk))
        self._refuse_attributes(chunk)
        return chunk

    def _refuse_attributes(self, chunk: bytes) -> None:
        """A start tag with a megabyte of attributes is an attack; ten thousand quotes without ">"
        are too."""
        if b">" in chunk:
            self._unclosed = len(chunk) - chunk.rfind(b">")
            return
        self._unclosed += len(chunk)
        if self._unclosed > MAX_TAG_BYTES and chunk.count(b'="') > CHUNK_BYTES // 64:
            raise FormatError(
                "too-many-attributes", "An element has too many attributes.", self.place
            )

    @property
    def place(self) -> str:
        return f"byte {self._at}"


def records(
    data: bytes | memoryview, *names: str, roots: tuple[str, ...], keep: tuple[str, ...] = ()
) -> Iterator[Element]:
    """The elements of these local names (any namespace) when complete; each is freed after its
    turn.

    roots: local names, one of which the root element must have. keep: names of elements that are
    yielded too, but not freed (short headers that hold later elements are read by their own name).
    Raises FormatError: empty, entity-declared, malformed, truncated, too-deep, wrong-root.
    """
    view = memoryview(data)
    if not bytes(view[:CHUNK_BYTES]).strip():
        raise FormatError("empty", "The file is empty.", "byte 0")
    wanted = {*names, *keep}
    tags = [f"{{*}}{name}" for name in wanted]
    source = _Source(_without_mark(view))
    checked = False
    try:
        for event, element in etree.iterparse(
            source,
            events=("start", "end"),
            tag=[*tags, *(f"{{*}}{name}" for name in roots)],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            if not checked:
                _check_root(element, roots)
                checked = True
            if event == "end" and (name := local_name(element)) in wanted:
                yield element
                if name not in keep:
                    _free(element)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(error) from None
    if not checked:
        raise FormatError("wrong-root", f"There is no <{roots[0]}> element.", "byte 0")


def root_attributes(data: bytes | memoryview) -> dict[str, str]:
    """The root element's attributes, cleaned; none if the file does not begin like XML.

    Looks at the first 64 KiB only, and never raises: what is wrong is for `records` to say.
    """
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    view = _without_mark(memoryview(data))
    try:
        for at in range(0, min(len(view), CHUNK_BYTES), 4096):
            parser.feed(bytes(view[at : at + 4096]))
            for _event, element in parser.read_events():
                return {str(name): clean(str(value)) for name, value in element.attrib.items()}  # type: ignore[union-attr]
    except etree.XMLSyntaxError:
        pass
    return {}


def _without_mark(view: memoryview) -> memoryview:
    """SECURITY: nothing before the XML declaration but white space, which libxml2 refuses there."""
    start = bytes(view[:CHUNK_BYTES])
    skip = 3 if start.startswith(b"\xef\xbb\xbf") else 0
    return view[skip + len(start[skip:]) - len(start[skip:].lstrip()) :]


def _check_root(element: Element, roots: tuple[str, ...]) -> None:
    document = element.getroottree()
    dtd = document.docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise FormatError("entity-declared", "Entity declarations are not accepted.", "byte 0")
    name = local_name(document.getroot())
    if name not in roots:
        expected = " or ".join(f"<{root}>" for root in roots)
        raise FormatError("wrong-root", f"The root element is <{name}>, not {expected}.", "line 1")


def _syntax_error(error: etree.XMLSyntaxError) -> FormatError:
    message = str(error)
    lowered = message.lower()
    reason = "malformed"
    if "depth" in lowered:
        reason = "too-deep"
    elif "premature end" in lowered or "end of data" in lowered or "eof" in lowered:
        reason = "truncated"
    elif "entity" in lowered and ("loop" in lowered or "amplification" in lowered):
        reason = "entity-declared"
    elif "huge" in lowered or "too long" in lowered:
        reason = "too-large"
    line = f"line {error.lineno}" if error.lineno else ""
    return FormatError(reason, f"The XML cannot be read: {message}.", line)


def _free(element: Element) -> None:
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def local_name(element: Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def child(element: Element, name: str) -> Element | None:
    """The first child of this local name."""
    return next(iter(element.iterchildren(f"{{*}}{name}")), None)


def children(element: Element, name: str) -> Iterator[Element]:
    yield from element.iterchildren(f"{{*}}{name}")


def inside(element: Element | None, *names: str) -> Element | None:
    """The element found by going down one name after the other."""
    for name in names:
        if element is None:
            return None
        element = child(element, name)
    return element


def text(element: Element | None, *names: str) -> str:
    """All text inside the element found by going down these names; "" if there is none."""
    found = inside(element, *names)
    return clean("".join(found.itertext())) if found is not None else ""


def each(element: Element | None, *names: str) -> Iterator[Element]:
    """All children with the last name of the element found by going down the names before it."""
    parent = inside(element, *names[:-1])
    if parent is not None:
        yield from children(parent, names[-1])


def texts(element: Element | None, *names: str) -> tuple[str, ...]:
    """The non-empty texts of all children with the last name, below the first of the names before
    it."""
    return tuple(filter(None, (text(item) for item in each(element, *names))))


def texts_below(element: Element | None, *names: str) -> tuple[str, ...]:
    """The non-empty texts found by going down all children of each of these names in turn."""
    level = [element] if element is not None else []
    for name in names:
        level = [item for holder in level for item in children(holder, name)]
    return tuple(filter(None, (text(item) for item in level)))


def attribute(element: Element | None, name: str) -> str:
    return clean(element.get(name)) if element is not None else ""


def raw(element: Element) -> bytes:
    """The element as it was written, credentials of well-known shape masked, cut at 256 KiB."""
    written: bytes = etree.tostring(element, with_tail=False, encoding="utf-8")
    return scrub(written[:MAX_RAW_BYTES].decode("utf-8", "ignore").encode())


def scrubbed(element: Element) -> tuple[Element, bytes]:
    """The element and its raw copy, both without credentials of well-known shape."""
    written: bytes = etree.tostring(element, with_tail=False, encoding="utf-8")
    masked = scrub(written)
    if masked is not written:
        element = etree.fromstring(
            masked, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        )
    return element, masked[:MAX_RAW_BYTES].decode("utf-8", "ignore").encode()
