"""Findings into a temporary table by COPY: the fast way into PostgreSQL, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection

from apps.scans.constants import TOO_MANY_FINDINGS
from apps.scans.domain.fingerprints import Fingerprinter, content_hash, tool_family
from apps.scans.domain.paths import repository_path
from apps.scans.formats.types import FormatError, Location, ParsedFinding

COLUMNS = (
    "fingerprint",
    "content_hash",
    "resolved",
    "suppressed",
    "severity",
    "kind",
    "rule_id",
    "title",
    "path",
    "line",
    "place",
    "purl",
    "cwes",
    "vulnerabilities",
    "description",
    "remediation",
    "facts",
    "raw",
)
_CREATE = """
CREATE TEMPORARY TABLE incoming (
    fingerprint bytea, content_hash bytea, resolved boolean, suppressed boolean, severity smallint,
    kind text, rule_id text, title text, path text, line integer, place text, purl text, cwes integer[],
    vulnerabilities text[], description text, remediation text, facts jsonb, raw text
) ON COMMIT DROP
"""
_NULL = "\\N"
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
                cursor.copy_expert(f"COPY incoming ({', '.join(COLUMNS)}) FROM STDIN", source)
        except DatabaseError:
            if source.failure is None:
                raise
            raise source.failure from None  # psycopg2 keeps only the text of it
        cursor.execute("ANALYZE incoming (fingerprint)")  # what the joins go by, and no more
    return staged


class _Reader:
    """A file for psycopg2 that makes its content as it is read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = b""
        self.failure: Exception | None = None  # what ended the reading, as it was raised

    def read(self, size: int) -> bytes:
        parts, length = [self._rest], len(self._rest)
        try:
            while length < size and (line := next(self._lines, None)) is not None:
                parts.append(line.encode("utf-8", "replace"))
                length += len(parts[-1])
        except Exception as error:
            self.failure = error
            raise
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]


def _lines(
    findings: Iterable[ParsedFinding],
    fingerprinter: Fingerprinter,
    staged: Staged,
    read: Callable[[], None],
) -> Iterator[str]:
    for finding in findings:
        read()
        if finding.resolved_at is None:
            staged.count += 1
        else:
            staged.resolved += 1
        if staged.count + staged.resolved > settings.SECOPS_MAX_FINDINGS:
            raise FormatError(
                TOO_MANY_FINDINGS,
                f"The report holds more than {settings.SECOPS_MAX_FINDINGS} findings, the limit here.",
            )
        if finding.suppressed and finding.resolved_at is None:
            staged.suppressed += 1
        yield _line(finding, fingerprinter.identify(finding).digest)


def _line(finding: ParsedFinding, digest: bytes) -> str:
    location = finding.location
    path, line = repository_path(location.path), location.line
    return (
        "\t".join(
            (
                "\\\\x" + digest.hex(),
                "\\\\x" + content_hash(finding).hex(),
                "f" if finding.resolved_at is None else "t",
                "t" if finding.suppressed else "f",
                str(int(finding.severity)),
                finding.kind.value,
                _text(finding.rule_id, 300),
                _text(finding.title or finding.rule_id or finding.kind.value, 300),
                _text(path, 1000),
                str(line) if line is not None and 0 <= line <= LARGEST_INTEGER else _NULL,
                _text(place_of(location, path), 500),
                _text(location.purl, 500),
                _integers(finding.cwes),
                _texts(finding.vulnerabilities),
                _text(finding.description, MAX_TEXT),
                _text(finding.remediation, MAX_TEXT),
                _escaped(_json(_facts(finding))),
                _text(finding.raw.decode("utf-8", "replace"), MAX_TEXT),
            )
        )
        + "\n"
    )


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


def _text(value: str, limit: int) -> str:
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    return _escaped(value)


def _escaped(value: str) -> str:
    """What COPY's text form gives a meaning to (PostgreSQL manual, COPY, "Text Format").

    Replacing what is mostly absent is many times faster than str.translate.
    """
    return (
        value.replace("\\", "\\\\")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
        .replace("\0", "")
    )


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


def _integers(values: Iterable[int]) -> str:
    return "{" + ",".join(str(value) for value in values if 0 <= value <= LARGEST_INTEGER) + "}"


def _texts(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    quoted = (value[:100].replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return _escaped("{" + ",".join(f'"{value}"' for value in quoted) + "}")


_FACTS = (
    "rule_name",
    "severity_source",
    "cvss_vector",
    "cvss_score",
    "fixed_version",
    "references",
)
_MORE_FACTS = (
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
)


def _facts(finding: ParsedFinding) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in (*_FACTS, *_MORE_FACTS):
        if value := getattr(finding, name, None):
            facts[name] = value
    location = finding.location
    for name in (*_PLACE_FACTS, "resource"):
        if value := getattr(location, name):
            facts[name] = value[:MAX_TEXT] if isinstance(value, str) else value
    return facts
