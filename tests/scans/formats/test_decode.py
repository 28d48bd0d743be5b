"""JSON from strangers."""

import msgspec
import pytest
from msgspec import Raw

from apps.scans.formats.decode import (
    Shape,
    array,
    body,
    document,
    elements,
    is_null,
    listing,
    loose,
    members,
    read_all,
    root_elements,
    root_members,
    values,
)
from apps.scans.formats.types import FormatError


class Place(msgspec.Struct):
    uri: str | None = None
    line: int | None = None


class Item(msgspec.Struct, rename="camel"):
    rule_id: str | None = None
    places: list[Place] | None = None
    marks: dict[str, str] | None = None
    score: float | None = None
    fixed: bool | None = None
    inner: "Item | None" = None


class Outline(msgspec.Struct):
    items: list[Raw] | None = None
    tool: Place | None = None


ITEM = Shape(Item)
OUTLINE = Shape(Outline)


@pytest.mark.parametrize(
    ("data", "reason", "location"),
    [
        (b"", "empty", "byte 0"),
        (b"  \n", "empty", "byte 0"),
        (b"\xef\xbb\xbf", "empty", "byte 0"),
        (b'{"a": "\xff"}', "encoding", "byte 7"),
        (b"\xef\xbb\xbf" + b'{"a": "\xff"}', "encoding", "byte 7"),
        (b"x" * (1024 * 1024 - 1) + b"\xc3(", "encoding", "byte 1048575"),
        (b"\xff\xfe{\0}", "encoding", "byte 4"),
        (b'{"a":\0 1}', "malformed", "byte 5"),
    ],
)
def test_body_refuses(data: bytes, reason: str, location: str) -> None:
    with pytest.raises(FormatError) as caught:
        body(data)
    assert (caught.value.reason, caught.value.location) == (reason, location)


def test_body_strips_the_byte_order_mark() -> None:
    assert bytes(body(b"\xef\xbb\xbf{}")) == b"{}"


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_body_converts_utf_16(name: str) -> None:
    assert bytes(body('\ufeff{"a": "\u20ac"}'.encode(name))) == b'{"a": "\xe2\x82\xac"}'


def test_body_does_not_convert_more_utf_16_than_memory_should_hold() -> None:
    with pytest.raises(FormatError, match="larger than the 64 MiB"):
        body(b"\xff\xfe" + b" \0" * (32 * 1024 * 1024))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1', "truncated"),
        (b'{"a": "x', "truncated"),
        (b'{"a": 1} x', "malformed"),
        (b'{"a": NaN}', "malformed"),
        (b'{"a": Infinity}', "malformed"),
        (b'{"a": 01}', "malformed"),
        (b'{"a": "\x01"}', "malformed"),
        (b'{"a": "\\q"}', "malformed"),
        (b"{'a': 1}", "malformed"),
        (b"[1]", "wrong-type"),
        (b'{"a": ' + b"[" * 100_000, "too-deep"),
    ],
)
def test_members_refuse(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        root_members(data)
    assert caught.value.reason == reason
    assert caught.value.message


def test_the_byte_of_a_syntax_error_is_named() -> None:
    with pytest.raises(FormatError) as caught:
        root_members(b'{"a": 1} x')
    assert caught.value.location == "byte 9"


def test_of_duplicate_keys_the_last_one_counts() -> None:
    assert bytes(root_members(b'{"a": 1, "a": 2}')["a"]) == b"2"


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    item = document(rb'{"ruleId": "cut \ud83d, whole \ud83d\ude00, escaped \\ud800"}', ITEM, [])
    assert item.rule_id == "cut \ufffd, whole \U0001f600, escaped \\ud800"


def test_a_fitting_record_gives_no_warning() -> None:
    warnings: list[str] = []
    item = ITEM.read(b'{"ruleId": "x", "unknown": {"a": [1]}}', "/0", warnings)
    assert (item.rule_id, warnings) == ("x", [])


def test_a_field_of_a_wrong_type_is_converted_or_left_out_and_named() -> None:
    warnings: list[str] = []
    data = (
        b'{"ruleId": 5, "score": "7.5", "fixed": "true", "marks": {"a": {"b": 1}, "c": "d"}, '
        b'"places": [{"uri": ["a", "b"], "line": "12"}, 7, {"line": 1e999}], "inner": {"ruleId": {"text": "t"}}}'
    )
    item = ITEM.read(data, "/items/3", warnings)
    assert (item.rule_id, item.score, item.fixed, item.marks) == ("5", 7.5, True, {"c": "d"})
    assert item.places == [Place(uri="a, b", line=12), Place()]
    assert item.inner is not None
    assert item.inner.rule_id == "t"
    assert len(warnings) == 1
    assert warnings[0].startswith("/items/3: ")


def test_one_object_where_a_list_is_due_is_its_only_element() -> None:
    item = ITEM.read(b'{"places": {"uri": "a"}}', "", [])
    assert item.places == [Place(uri="a")]


def test_an_outline_keeps_its_records_undecoded_although_a_field_is_wrong() -> None:
    outline = OUTLINE.read(b'{"tool": {"uri": 1}, "items": [{"ruleId": "a"}, 2]}', "", [])
    assert outline.items is not None
    assert [bytes(raw) for raw in outline.items] == [b'{"ruleId": "a"}', b"2"]
    assert outline.tool == Place(uri="1")


def test_records_that_are_no_objects_are_left_out_with_a_warning() -> None:
    warnings: list[str] = []
    found = list(read_all(elements(b'[{"ruleId": "a"}, 3, null, "x"]'), ITEM, warnings, "/items"))
    assert [item.rule_id for item, _ in found] == ["a"]
    assert [text.split()[0] for text in warnings] == ["/items/1", "/items/2", "/items/3"]


def test_a_number_out_of_range_is_no_reason_to_refuse() -> None:
    assert loose(b'{"a": 1e999}') == {"a": float("inf")}
    assert loose(b'{"a": ' + b"9" * 400 + b"}")["a"] > 10**399


def test_warnings_stay_readable_in_number() -> None:
    warnings: list[str] = []
    list(read_all(elements(b"[" + b"1," * 999 + b"1]"), ITEM, warnings))
    assert len(warnings) == 101
    assert warnings[-1] == "More warnings of this report are left out."


def test_listing_finds_records_at_the_root_or_under_a_key() -> None:
    assert len(listing(b"[1, 2]", "items")[0]) == 2
    raws, found = listing(b'{"n": 1, "items": [1, 2, 3]}', "results", "items")
    assert (len(raws), bytes(found["n"])) == (3, b"1")
    assert listing(b'{"items": null}', "items", null=True)[0] == []


@pytest.mark.parametrize("data", [b"null", b"{}", b'{"items": {}}', b'{"items": null}', b"5"])
def test_listing_refuses_a_report_without_records(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        listing(data, "items")
    assert caught.value.reason == "wrong-type"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":1}\n\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}{"b":2} {"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
        (b'{\n "a": 1\n}\n{\n "b": 2\n}\n', [b'{\n "a": 1\n}', b'{\n "b": 2\n}']),
        (b'[{"a":1},\n {"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'[{"a":1}]\n[{"b":2}]', [b'{"a":1}', b'{"b":2}']),
    ],
)
def test_values_reads_lines_concatenated_values_and_arrays(
    data: bytes, expected: list[bytes]
) -> None:
    assert [bytes(raw).strip() for _, raw in values(data)] == expected


@pytest.mark.parametrize(
    ("data", "reason", "location"),
    [
        (b'{"a":1}\n{"b":', "truncated", "line 2"),
        (b'{"a":1}\n{"b" 2}\n{"c":3}', "malformed", "line 2"),
        (b'{"a":1}\n' + b'{"a":' * 5000, "too-deep", "line 2"),
    ],
)
def test_values_says_in_which_line_it_stops(data: bytes, reason: str, location: str) -> None:
    found = values(data)
    assert bytes(next(found)[1]) == b'{"a":1}'
    with pytest.raises(FormatError) as caught:
        list(found)
    assert (caught.value.reason, caught.value.location) == (reason, location)


def test_small_helpers() -> None:
    assert is_null(Raw(b" null "))
    assert is_null(Raw())
    assert not is_null(Raw(b"0"))
    assert members(b"null") == {}
    assert array({"a": Raw(b"{}")}, "a") == []
    assert array({}, "a") == []
    assert len(root_elements(b"[1]")) == 1
