"""Every format keeps the same promises, on the samples and on what can be made of them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from apps.scans.formats.types import Format, ScanStatus
from tests.scans.formats.support import (
    Refused,
    Sample,
    attempt,
    check_invariants,
    flat,
    name_of,
    read,
    registry,
    samples,
    texts,
)

STAGES = {"plan", "code", "build", "test", "release", "deploy", "operate", "monitor"}
REASONS = {
    "empty", "encoding", "truncated", "malformed", "too-deep", "wrong-type", "wrong-root",
    "too-many-attributes", "entity-declared", "too-large", "tool-failed",
}  # fmt: skip
PLANTED = "AKIAZ7Q4T2M8K6B3X9WD"  # of the shape of an AWS key id, made up
FORMATS = list(registry())
SAMPLES = samples()
WRONG: list[Any] = [
    None, 0, -7, 10**400, 1.5e308, True, "", "x", "\ud800 \0 y", [], {}, [None], [[]], [1, "a"],
    {"text": 5}, {"": {"": []}},
]  # fmt: skip

each_format = pytest.mark.parametrize("fmt", FORMATS, ids=name_of)
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
each_json = pytest.mark.parametrize("sample", [s for s in SAMPLES if s.is_json], ids=name_of)


def test_the_registry_has_no_problem() -> None:
    assert registry().problems == []


@each_format
def test_a_format_says_what_it_is(fmt: Format) -> None:
    assert fmt.slug == fmt.slug.lower()
    assert set(fmt.stages) <= STAGES
    assert fmt.mapping.keys() & {"rule_id", "title", "severity"}
    assert any(sample.slug == fmt.slug for sample in SAMPLES), "a format without a sample"


@each_sample
def test_content_alone_tells_the_format(sample: Sample) -> None:
    expected = sample.expected.get("detected", [sample.slug])
    assert sorted(fmt.slug for fmt in registry().detect(sample.data)) == sorted(expected)


@each_sample
def test_a_sample_gives_what_was_expected_by_hand(sample: Sample) -> None:
    report, findings = read(sample.format, sample.data)
    check_invariants(sample.format, report, findings)
    expected = sample.expected
    assert {name: _plain(getattr(report, name)) for name in expected.get("report", {})} == (
        expected.get("report", {})
    )
    found = [flat(finding) for finding in findings]
    assert len(found) == len(expected["findings"])
    for ours, theirs in zip(found, expected["findings"], strict=True):
        assert {name: ours[name] for name in theirs} == theirs


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


@each_sample
def test_the_record_is_kept(sample: Sample) -> None:
    _, findings = read(sample.format, sample.data)
    for finding in findings:
        assert finding.raw.strip()


@each_sample
def test_secrets_of_a_sample_are_nowhere(sample: Sample) -> None:
    _, findings = read(sample.format, sample.data)
    for secret in sample.expected.get("secrets", []):
        assert secret.encode() in sample.data.replace(b"\\/", b"/"), "not planted"
        for finding in findings:
            assert not [text for text in texts(finding) if isinstance(text, str) and secret in text]


@each_format
def test_nothing_is_an_error_or_an_unknown_status(fmt: Format) -> None:
    for data in (b"", b" \n\t "):
        outcome = attempt(fmt, data)
        if isinstance(outcome, Refused):
            assert outcome.reason == "empty"
        else:
            assert "" in fmt.empty_roots
            assert outcome[1] == []


@each_format
@pytest.mark.parametrize(
    "data", [b"null", b"[]", b"{}", b"5", b'"x"', b"<a/>", b"a,b\n1,2\n", b"\xff"]
)
def test_something_else_is_an_error_or_no_finding(fmt: Format, data: bytes) -> None:
    outcome = attempt(fmt, data)
    if isinstance(outcome, Refused):
        assert outcome.reason in REASONS
        assert outcome.message.endswith(".")
    else:
        report, findings = outcome
        assert findings == []
        assert report.status is not ScanStatus.COMPLETE or data in {b"[]", b"{}"}


@each_format
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'[{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}]",
        b"<a>" * 100_000,
        b'{"a": NaN}',
        b'[{"a": "\xff"}]',
        b"\xff\xfe{\x00}",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ],
    ids=lambda data: repr(data[:12]),
)
def test_hostile_bytes_are_refused(fmt: Format, data: bytes) -> None:
    outcome = attempt(fmt, data)
    if isinstance(outcome, Refused):
        assert outcome.reason in REASONS
    else:
        assert outcome[1] == []
        assert outcome[0].status is not ScanStatus.COMPLETE


@each_sample
def test_a_truncated_report_is_an_error(sample: Sample) -> None:
    data = sample.data.rstrip()
    for cut in range(1, 20):
        outcome = attempt(sample.format, data[: len(data) * cut // 20])
        if isinstance(outcome, Refused):
            assert outcome.reason in REASONS
        else:
            assert not sample.is_json, "a cut file was read as a whole one"
            assert not sample.is_xml, "a cut file was read as a whole one"


@each_json
def test_wrong_types_anywhere_lose_a_field_and_not_the_report(sample: Sample) -> None:
    document = json.loads(sample.data)
    for path in list(_paths(document))[:400]:
        for value in WRONG:
            changed = _replaced(document, path, value)
            outcome = attempt(sample.format, json.dumps(changed).encode())
            if isinstance(outcome, Refused):
                assert outcome.reason in {"wrong-type", "wrong-root", "tool-failed", "empty"}, path
                assert len(path) <= 2, f"one wrong field at {path} rejected the whole report"


@each_json
def test_missing_fields_lose_nothing_else(sample: Sample) -> None:
    document = json.loads(sample.data)
    for path in list(_paths(document))[:400]:
        if path and isinstance(path[-1], str):
            attempt(sample.format, json.dumps(_without(document, path)).encode())


@each_json
def test_nul_and_halves_of_surrogates_are_cleaned_everywhere(sample: Sample) -> None:
    def spoil(text: str) -> str:
        return text + " a\0b\ud83d" if " " in text else text

    data = json.dumps(_mapped(json.loads(sample.data), spoil)).encode()
    report, findings = read(sample.format, data)
    check_invariants(sample.format, report, findings)
    assert len(findings) == len(sample.expected["findings"])


@each_json
def test_a_credential_in_any_text_is_masked(sample: Sample) -> None:
    def plant(text: str) -> str:
        return f"{text} {PLANTED}" if " " in text else text

    planted = json.dumps(_mapped(json.loads(sample.data), plant)).encode()
    _, findings = read(sample.format, planted)
    for finding in findings:
        assert not [text for text in texts(finding) if isinstance(text, str) and PLANTED in text]


@each_json
def test_gigantic_texts_are_read_and_titles_stay_short(sample: Sample) -> None:
    def grow(text: str) -> str:
        return text + " x" * 200_000 if " " in text else text

    data = json.dumps(_mapped(json.loads(sample.data), grow)).encode()
    report, findings = read(sample.format, data)
    check_invariants(sample.format, report, findings)


@each_sample
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(sample: Sample) -> None:
    marked = b"\xef\xbb\xbf" + sample.data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    _, findings = read(sample.format, marked)
    _, plain = read(sample.format, sample.data)
    assert len(findings) == len(plain)
    detected = [fmt.slug for fmt in registry().detect(marked)]
    assert detected == [fmt.slug for fmt in registry().detect(sample.data)]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value[:3]):
            yield from _paths(item, (*path, index))


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    _parent(changed, path)[path[-1]] = value
    return changed


def _without(document: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(document)
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return value
