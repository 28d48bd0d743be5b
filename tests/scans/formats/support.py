"""Samples with their hand-written expectations, and what must hold for every finding of every
format."""

import datetime as dt
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from apps.scans.domain.fingerprints import Fingerprinter, content_hash, tool_family
from apps.scans.formats.builtin import BUILTIN
from apps.scans.formats.registry import Registry, load
from apps.scans.formats.types import (
    Format,
    FormatError,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
SALT = b"salt of the tests"


@functools.cache
def registry() -> Registry:
    return load(BUILTIN, salt=SALT)


@dataclass(frozen=True)
class Sample:
    """A report made by hand, and NAME.expected.json beside it: what reading it must give."""

    slug: str
    path: Path

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def expected(self) -> dict[str, Any]:
        text = self.path.with_suffix(".expected.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def format(self) -> Format:
        found = registry().get(self.slug)
        assert found is not None, f"no format {self.slug}"
        return found

    @property
    def is_json(self) -> bool:
        return self.data.lstrip()[:1] in {b"{", b"["} and not self.is_lines

    @property
    def is_lines(self) -> bool:
        return self.path.suffix in {".jsonl", ".ndjson"}

    @property
    def is_xml(self) -> bool:
        return self.data.lstrip()[:1] == b"<"


def samples() -> list[Sample]:
    paths = sorted(p for p in SAMPLES.glob("*/*") if not p.name.endswith(".expected.json"))
    return [Sample(path.parent.name, path) for path in paths]


def name_of(value: Any) -> str:
    if isinstance(value, Sample):
        return f"{value.slug}/{value.path.name}"
    return value.slug if isinstance(value, Format) else str(value)


def read(fmt: Format, data: bytes) -> tuple[ParsedReport, list[ParsedFinding]]:
    report = fmt.parse(memoryview(data))
    return report, list(report.findings)


@dataclass(frozen=True)
class Refused:
    """How a format refused what it got."""

    reason: str
    message: str


def attempt(fmt: Format, data: bytes) -> Refused | tuple[ParsedReport, list[ParsedFinding]]:
    """Read it, checking what must hold of what comes out."""
    try:
        report, findings = read(fmt, data)
    except FormatError as error:
        return Refused(error.reason, error.message)
    check_invariants(fmt, report, findings)
    return report, findings


def flat(finding: ParsedFinding) -> dict[str, Any]:
    """A finding's fields that say something, as JSON would show them; the raw record as its
    text."""
    shown: dict[str, Any] = {}
    fields = msgspec.structs.asdict(finding)
    location = msgspec.structs.asdict(fields.pop("location"))
    for name, value in {**fields, **{f"location.{k}": v for k, v in location.items()}}.items():
        if isinstance(value, Severity):
            shown[name] = value.name.lower()
        elif isinstance(value, dt.datetime):
            shown[name] = value.isoformat()
        elif isinstance(value, bytes):
            shown[name] = value.decode()
        elif isinstance(value, tuple):
            shown[name] = list(value)
        else:
            shown[name] = value
    return shown


def texts(finding: ParsedFinding) -> Iterator[str]:
    for value in flat(finding).values():
        yield from value if isinstance(value, list) else [value]


_STRINGS = {f.name for f in msgspec.structs.fields(ParsedFinding) if f.type is str}
_PLACES = {f.name for f in msgspec.structs.fields(Location) if f.type is str}


def check_invariants(fmt: Format, report: ParsedReport, findings: list[ParsedFinding]) -> None:
    """What the database and the pages rely on, whatever the input was."""
    fingerprinter = Fingerprinter(tool_family(report.tool_name or fmt.slug))
    digests = [fingerprinter.identify(finding).digest for finding in findings]
    assert len(set(digests)) == len(digests)
    assert isinstance(report.tool_name, str)
    assert len(report.tool_name) <= 120
    assert len(report.tool_version) <= 120
    assert report.scanned_at is None or report.scanned_at.tzinfo is not None
    for finding in findings:
        _check_finding(finding)


def _check_finding(finding: ParsedFinding) -> None:
    shown = flat(finding)
    for name in [*_STRINGS, *(f"location.{place}" for place in _PLACES)]:
        assert isinstance(shown[name], str), name
        assert "\0" not in shown[name], name
        shown[name].encode()  # no lone surrogate
    assert finding.title
    assert len(finding.title) <= 300
    assert "\n" not in finding.title
    assert finding.rule_id
    assert isinstance(finding.severity, Severity)
    assert all(url.startswith(("http://", "https://")) for url in finding.references)
    assert list(finding.cwes) == sorted(set(finding.cwes))
    assert finding.cvss_score is None or 0 <= finding.cvss_score <= 10
    for number in (finding.location.line, finding.location.end_line, finding.location.port):
        assert number is None or 0 < number < 2**31
    assert not finding.location.purl or re.match(r"pkg:[a-z0-9.+-]+/", finding.location.purl)
    assert b"\0" not in finding.raw
    finding.raw.decode()
    assert len(content_hash(finding)) == 16
