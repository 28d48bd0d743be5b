"""The outline of a file, from its first 64 KiB."""

import json
import time

import pytest

from apps.scans.formats.head import PREFIX_BYTES, read_head, read_outline


def test_an_object_gives_keys_and_the_first_scalar_at_each_path() -> None:
    document = {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "x", "rules": []}}}, {"results": []}],
    }
    head = read_head(json.dumps(document).encode())
    assert head.root == "{"
    assert head.keys == {"version", "runs"}
    assert head.values["version"] == "2.1.0"
    assert head.values["runs.tool.driver.name"] == "x"
    assert head.has("runs.results", "runs.tool.driver.rules")
    assert not head.has("runs.nothing")
    assert head.complete


def test_an_array_gives_the_keys_of_its_first_element() -> None:
    head = read_head(b'[{"a": 1, "b": {"c": true}}, {"d": 2}]')
    assert (head.root, head.values["b.c"]) == ("[", "true")
    assert head.keys == {"a", "b"}


def test_json_lines_are_many() -> None:
    assert read_head(b'{"a": 1}\n{"b": 2}\n').many
    assert not read_head(b'{"a": 1}\n').many
    assert read_head(b'{"a": 1}\n{"b": 2}\n').keys == {"a"}


@pytest.mark.parametrize("data", [b"", b" \n", b"null", b" { } ", b"[\n]\n", b"\xef\xbb\xbf[]"])
def test_nothing_inside_is_empty(data: bytes) -> None:
    assert read_head(data).empty


@pytest.mark.parametrize("data", [b"0", b"[1]", b'{"a":1}', b"<a/>", b"text", b'"x"'])
def test_something_inside_is_not(data: bytes) -> None:
    assert not read_head(data).empty


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><!-- <b/> --><!DOCTYPE a><a xmlns="urn:x" y="1"><b/></a>',
        '<?xml version="1.0" encoding="UTF-16"?><a xmlns="urn:x"/>'.encode("utf-16"),
        b"\xef\xbb\xbf<a xmlns='urn:x'>",
    ],
)
def test_xml_gives_its_root(data: bytes) -> None:
    head = read_head(data)
    assert (head.root, head.xml_root, head.xml_namespace) == ("<", "a", "urn:x")


def test_utf16_json_can_be_named_although_it_is_refused_later() -> None:
    assert read_head('{"runs": []}'.encode("utf-16")).keys == {"runs"}


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"a',
        b'{"a":',
        b'{"a": {',
        b"[[[[",
        b'{"a" "b"}',
        b"<",
        b"<a",
        b"<<<",
        b"}{",
        b"\xff" * 9,
    ],
)
def test_what_is_cut_or_broken_never_raises(data: bytes) -> None:
    read_head(data)


def test_the_work_is_bounded() -> None:
    data = b'{"a": "' + b"x" * 50_000_000 + b'"}'
    start = time.perf_counter()
    head = read_head(data)
    assert time.perf_counter() - start < 0.5
    assert head.size == len(data)
    assert len(head.prefix) == PREFIX_BYTES
    assert not head.complete


def test_keys_behind_a_huge_first_one_are_found_by_the_outline() -> None:
    data = json.dumps({"components": ["x" * 100] * 2000, "bomFormat": "CycloneDX", "n": 1}).encode()
    head = read_head(data)
    assert "bomFormat" not in head.keys
    full = read_outline(memoryview(data), head)
    assert full.values["bomFormat"] == "CycloneDX"
    assert full.values["n"] == "1"
    assert full.complete


def test_the_outline_of_broken_json_is_the_head() -> None:
    data = b'{"a": "' + b"x" * 100_000
    head = read_head(data)
    assert read_outline(memoryview(data), head) is head


def test_a_key_with_a_dot_does_not_look_like_a_path() -> None:
    assert read_head(b'{"results.tool": 1}').keys == {"results_tool"}
