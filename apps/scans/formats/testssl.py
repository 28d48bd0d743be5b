"""testssl.sh: TLS of a server, as JSON and as CSV."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from apps.scans.formats import ids
from apps.scans.formats.decode import loose_document
from apps.scans.formats.lines import table
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node
from apps.scans.formats.text import named, positive, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_SEVERITIES = {
    "LOW": Severity.LOW,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
_MAPPING = {
    "kind": "host",
    "rule_id": "id",
    "title": "id and finding",
    "severity": "severity",
    "location.host": "ip (fqdn/ip), its name before its address; port",
    "description": "finding",
    "cwes": "cwe",
    "vulnerabilities": "cve",
    "outcomes": "results that are OK, INFO, WARN or DEBUG",
    "tool_version": "version, in the pretty JSON only",
    "status": "failed if there is a result of the severity FATAL or the id scanProblem",
}


class TestsslJson(Format):
    """--jsonfile and --jsonfile-pretty."""

    slug = "testssl-json"
    name = "testssl.sh JSON"
    stages: ClassVar[tuple[str, ...]] = ("operate", "test")
    tool_name = "testssl.sh"
    empty_roots = ("[]",)
    mapping = _MAPPING

    def detect(self, head: Head) -> bool:
        flat = head.root == "[" and {"id", "severity", "finding", "ip"} <= head.keys
        return flat or (head.root == "{" and {"scanResult", "Invocation"} <= head.keys)

    def parse(self, data: memoryview) -> ParsedReport:
        document = loose_document(data)
        if not isinstance(document, list) and not Node(document).at("scanResult"):
            raise FormatError("wrong-type", "The root is no array of results.")
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.tool_version = Node(document).text("version")[:120]
        report.findings = _findings(_results(document, Location()), report)
        return report


class TestsslCsv(Format):
    """--csvfile."""

    slug = "testssl-csv"
    name = "testssl.sh CSV"
    stages: ClassVar[tuple[str, ...]] = ("operate", "test")
    tool_name = "testssl.sh"
    mapping = _MAPPING

    def detect(self, head: Head) -> bool:
        first = head.prefix.lstrip().partition(b"\n")[0].lower()
        return head.root == "" and b'"id"' in first and b'"fqdn/ip"' in first

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(_rows(data), report)
        return report


def _rows(data: memoryview) -> Iterator[tuple[Node, Location]]:
    for _line, row in table(data, "id", "severity", "finding"):
        yield Node(row), Location()


def _results(value: Any, place: Location) -> Iterator[tuple[Node, Location]]:
    """All results at any depth; those of the pretty form take their host from the one around
    them."""
    waiting: list[tuple[Any, Location]] = [(value, place)]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, list):
            waiting.extend((one, place) for one in reversed(item))
        elif isinstance(item, dict):
            node = Node(item)
            if node.text("id") and node.text("severity"):
                yield node, place
            else:
                inner = _place(node) if node.text("ip") or node.text("targetHost") else place
                waiting.extend((one, inner) for one in reversed(list(item.values())))


def _findings(
    results: Iterator[tuple[Node, Location]], report: ParsedReport
) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for result, place in results:
        word = result.text("severity").upper()
        if word == "FATAL" or result.text("id") == "scanProblem":
            report.status = ScanStatus.FAILED
            report.status_reason = result.text("finding")[:300] or "The scan failed."
        if word in _SEVERITIES:
            yield _finding(result, place, word)
        else:
            outcomes[word.lower() or "other"] = outcomes.get(word.lower() or "other", 0) + 1


def _finding(result: Node, place: Location, word: str) -> ParsedFinding:
    raw = scrub(msgspec.json.encode(result.value))
    result = Node(msgspec.json.decode(raw))
    rule, text = named(result.text("id")), result.text("finding")
    cves = result.text("cve").split()
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id=rule,
        title=named(f"{rule}: {text}" if text else rule),
        severity=_SEVERITIES[word],
        severity_source=word,
        location=_place(result) if result.first("ip", "fqdn/ip") else place,
        description=text,
        cwes=ids.cwes(result.text("cwe")),
        vulnerabilities=ids.vulnerabilities(cves),
        tags=tags("tls"),
        raw=raw,
    )


def _place(result: Node) -> Location:
    names = (result.first("targetHost", "ip", "fqdn/ip")).split("/")
    host = names[0] or names[-1]
    return Location(host=host, port=positive(result.text("port")), protocol="tls")
