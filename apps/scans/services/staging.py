"""Findings into a temporary table by COPY: the fast way into PostgreSQL, in bounded memory."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection

from apps.scans.constants import TOO_MANY_FINDINGS
from apps.scans.domain.fingerprints import Fingerprinter, content_hash, tool_family
from apps.scans.domain.paths import repository_path
from apps.scans.formats.types import FormatError, Location, ParsedFinding, Severity

COLUMNS = (
    "fingerprint",
    "content_hash",
    "resolved",
    "suppressed",
    "severity",
    "line",
    "cwes",
    "kind",
    "rule_id",
    "title",
    "path",
    "place",
    "purl",
    "vulnerabilities",
    "description",
    "remediation",
    "facts",
    "raw",
)
_CREATE = """
CREATE TEMPORARY TABLE incoming (
    fingerprint bytea, content_hash bytea, resolved boolean, suppressed boolean, severity smallint,
    line integer, cwes integer[], kind text, rule_id text, title text, path text, place text, purl text,
    vulnerabilities text[], description text, remediation text, facts jsonb, raw text
) ON COMMIT DROP
"""
_NULL = "\\N"
_SEVERITIES = {
    severity: str(int(severity)) for severity in Severity
}  # formatting an enum takes longer
_PIECE = 64 * 1024  # bytes for the server at once
_LINES = 50  # that are encoded at once; a long one has 80 kB
LARGEST_INTEGER = 2**31 - 1
MAX_TEXT = (
    20_000  # characters of one description, remediation or raw record; marked where it is cut
)


@dataclass
class Staged:
    """How many findings a report holds: `count` are there, `resolved` are said to be over."""

    count: int = 0
    resolved: int = 0
    suppressed: int = 0


def stage(findings: Iterable[ParsedFinding], tool: str, read: Callable[[], None]) -> Staged:
    """Stream findings into the temporary table `incoming` of this transaction.

    tool: whose identities they are; the tool's name, or the format where it gives none.
    read: called for each finding.
    """
    staged = Staged()
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
        source = _Reader(_lines(findings, Fingerprinter(tool_family(tool)), staged, read))
        try:
            # Django wraps the errors of execute() and fetch only, and not of psycopg2's own methods.
            with connection.wrap_database_errors:
                cursor.copy_expert(
                    f"COPY incoming ({', '.join(COLUMNS)}) FROM STDIN", source, _PIECE
                )
        except DatabaseError:
            if source.failure is None:
                raise
            raise source.failure from None  # psycopg2 keeps only the text of it
    return staged


class _Reader:
    """A file for psycopg2 that makes its content as it is read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = b""
        self.failure: Exception | None = None  # what ended the reading, as it was raised

    def read(self, size: int) -> bytes:
        data = self._rest
        try:
            while len(data) < size and (lines := list(islice(self._lines, _LINES))):
                data += "".join(lines).encode("utf-8", "replace")
        except Exception as error:
            self.failure = error
            raise
        self._rest = data[size:]
        return data[:size]


def _lines(
    findings: Iterable[ParsedFinding],
    fingerprinter: Fingerprinter,
    staged: Staged,
    read: Callable[[], None],
) -> Iterator[str]:
    limit = settings.SECOPS_MAX_FINDINGS
    for finding in findings:
        read()
        if finding.resolved_at is None:
            staged.count += 1
        else:
            staged.resolved += 1
        if staged.count + staged.resolved > limit:
            raise FormatError(
                TOO_MANY_FINDINGS, f"The report holds more than {limit} findings, the limit here."
            )
        if finding.suppressed and finding.resolved_at is None:
            staged.suppressed += 1
        yield _line(finding, fingerprinter.identify(finding).digest)


def _line(finding: ParsedFinding, digest: bytes) -> str:
    location = finding.location
    path, line = repository_path(location.path), location.line
    known = (
        f"\\\\x{digest.hex()}\t\\\\x{content_hash(finding).hex()}\t"
        f"{'f' if finding.resolved_at is None else 't'}\t{'t' if finding.suppressed else 'f'}\t"
        f"{_SEVERITIES[finding.severity]}\t"
        f"{line if line is not None and 0 <= line <= LARGEST_INTEGER else _NULL}\t"
        f"{_integers(finding.cwes)}\t"
    )
    texts = (
        finding.kind,
        _cut(finding.rule_id, 300),
        _cut(finding.title or finding.rule_id or finding.kind, 300),
        _cut(path, 1000),
        _cut(place_of(location, path), 500),
        _cut(location.purl, 500),
        _texts(finding.vulnerabilities),
        _cut(finding.description, MAX_TEXT),
        _cut(finding.remediation, MAX_TEXT),
        _json(_facts(finding)),
        _cut(finding.raw.decode("utf-8", "replace"), MAX_TEXT),
    )
    return f"{known}{_joined(texts)}\n"


def place_of(location: Location, path: str) -> str:
    """Where, in the words a list shows: the most telling part that the tool gave.

    path: the location's, from the repository's root on.
    """
    if path:
        return f"{path}:{location.line}" if location.line else path
    if location.url:
        return f"{location.url} ({location.parameter})" if location.parameter else location.url
    if location.host:
        port = f":{location.port}" if location.port else ""
        protocol = f"/{location.protocol}" if location.protocol else ""
        return f"{location.host}{port}{protocol}"
    return location.purl or location.resource or location.logical


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _joined(texts: Sequence[str]) -> str:
    """The texts as columns of COPY. Escaped together: one by one takes three times as long."""
    joined = "\t".join(texts)
    if joined.count("\t") < len(texts):
        return _escaped(joined)
    return "\t".join(_escaped(text).replace("\t", "\\t") for text in texts)


def _escaped(value: str) -> str:
    """What COPY's text form gives a meaning to, but tabs (PostgreSQL manual, COPY, "Text Format").

    Looking for what is mostly absent is five times faster than replacing it.
    """
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\n" in value:
        value = value.replace("\n", "\\n")
    if "\r" in value:
        value = value.replace("\r", "\\r")
    return value.replace("\0", "") if "\0" in value else value


def _json(facts: dict[str, Any]) -> str:
    """Facts as PostgreSQL's jsonb takes them, which is without NUL."""
    text = msgspec.json.encode(facts).decode()
    return msgspec.json.encode(_without_nul(facts)).decode() if "\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {name: _without_nul(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(each) for each in value]
    return value


@functools.lru_cache(maxsize=1000)
def _integers(values: tuple[int, ...]) -> str:
    return "{" + ",".join(str(value) for value in values if 0 <= value <= LARGEST_INTEGER) + "}"


def _texts(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    quoted = (value[:100].replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


_FACTS = (
    "rule_name",
    "severity_source",
    "cvss_vector",
    "cvss_score",
    "fixed_version",
    "references",
    "tags",
    "also_affects",
    "vex_status",
    "occurred_at",
    "suppressed",
    "tool_fingerprint",
)
_PLACE_FACTS = (
    "column",
    "end_line",
    "snippet",
    "logical",
    "url",
    "parameter",
    "host",
    "port",
    "protocol",
    "resource",
)


def _facts(finding: ParsedFinding) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in _FACTS:
        if value := getattr(finding, name):
            facts[name] = value
    location = finding.location
    for name in _PLACE_FACTS:
        if value := getattr(location, name):
            facts[name] = value[:MAX_TEXT] if isinstance(value, str) else value
    return facts
