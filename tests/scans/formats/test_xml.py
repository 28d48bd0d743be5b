"""XML from strangers."""

import time

import pytest

from apps.scans.formats import xml
from apps.scans.formats.types import FormatError


def read(data: bytes, *names: str) -> list[str]:
    return [xml.text(element) for element in xml.records(data, *(names or ("x",)), roots=("r",))]


BOMB = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><r><x>&b;</x></r>'
QUADRATIC = (
    b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 50_000 + b'">]><r y="' + b"&a;" * 5000 + b'"><x/></r>'
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (BOMB, "entity-declared"),
        (QUADRATIC, "entity-declared"),
        (
            b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r><x>&a;</x></r>',
            "entity-declared",
        ),
        (b'<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]><r/>', "entity-declared"),
        (b"<r><x>&undefined;</x></r>", "malformed"),
        (b"<r><x>", "truncated"),
        (b"<r><x></y></r>", "malformed"),
        (b"<q><x/></q>", "wrong-root"),
        (b"text", "malformed"),
        (b"<r>" + b"<a>" * 100_000, "too-deep"),
        (b"<r><x>" + b"a" * 11_000_000 + b"</x></r>", "too-large"),
        (b"<r " + b" ".join(b'a%d="1"' % i for i in range(300_000)) + b"/>", "too-many-attributes"),
        (b"<r><x>\xff</x></r>", "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:20]),
)
def test_refused_quickly(data: bytes, reason: str) -> None:
    start = time.perf_counter()
    with pytest.raises(FormatError) as caught:
        read(data)
    assert caught.value.reason == reason
    assert time.perf_counter() - start < 5


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd"><r><x>a</x></r>'
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was opened"))
    assert read(data) == ["a"]


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE r><r><x>a</x></r>",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- c --><r><?pi?><x>a<!-- c --></x></r>',
        b'\n <?xml version="1.0"?><r><x>a</x></r>',
        b'<r xmlns="urn:y"><z:x xmlns:z="urn:z">a</z:x></r>',
        '<?xml version="1.0" encoding="UTF-16"?><r><x>a</x></r>'.encode("utf-16"),
        b"<r><x><![CDATA[a]]></x></r>",
    ],
)
def test_read(data: bytes) -> None:
    assert read(data) == ["a"]


def test_elements_are_freed_as_they_are_read() -> None:
    found = xml.records(b"<r>" + b"<x><y>1</y></x>" * 5000 + b"</r>", "x", roots=("r",))
    last = None
    for element in found:
        last = element
    assert last is not None
    assert len(last.getparent()) <= 1


def test_helpers() -> None:
    data = b'<r><x a=" 1 "><b><c>t</c><c>u</c><c/></b><b><c>v</c></b></x></r>'
    element = next(xml.records(data, "x", roots=("r",)))
    assert xml.attribute(element, "a") == "1"
    assert xml.attribute(None, "a") == ""
    assert xml.text(element, "b", "c") == "t"
    assert xml.text(element, "nothing", "c") == ""
    assert xml.texts(element, "b", "c") == ("t", "u")
    assert xml.texts_below(element, "b", "c") == ("t", "u", "v")
    assert [xml.text(one) for one in xml.each(element, "b", "c")] == ["t", "u", ""]
    assert xml.root_attributes(b'<r a="1" b=" 2"><x/></r>') == {"a": "1", "b": "2"}
    assert xml.root_attributes(b"nothing") == {}


def test_credentials_are_masked_in_the_element_and_its_copy() -> None:
    data = b"<r><x>key AKIAZ7Q4T2M8K6B3X9WD end</x></r>"
    element, raw = xml.scrubbed(next(xml.records(data, "x", roots=("r",))))
    assert xml.text(element) == "key AKIA[masked] end"
    assert b"AKIAZ7" not in raw
    assert raw.startswith(b"<x>")
