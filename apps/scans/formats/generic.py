"""Our own plain forms, for every tool that has no format here: JSON and CSV with our field
names."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, masking, packages
from apps.scans.formats.decode import listing
from apps.scans.formats.lines import table
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)

MARK = "secops-findings"
_NEEDED = ("title", "severity")
_KINDS = (("purl", Kind.PACKAGE), ("url", Kind.WEB), ("path", Kind.CODE), ("host", Kind.HOST))
_STATUSES = {"failed": ScanStatus.FAILED, "unknown": ScanStatus.UNKNOWN}
_VEX = {"affected", "not_affected", "fixed", "under_investigation"}
_MAPPING = {
    "kind": (
        "kind: code, package, secret, web, host, resource, test, alert or threat; left out, it is "
        "package with a purl, web with a url, code with a path, host with a host, else resource"
    ),
    "rule_id": "rule_id, else the title",
    "rule_name": "rule_name",
    "title": "title (needed)",
    "severity": "severity (needed): critical, high, medium, low or info; other words are medium",
    "location.path": "path, line, end_line, column, snippet, logical",
    "location.url": "url, parameter",
    "location.host": "host, port, protocol",
    "location.resource": "resource",
    "location.purl": "purl",
    "description": "description",
    "remediation": "remediation",
    "cwes": "cwes",
    "vulnerabilities": "vulnerabilities",
    "cvss_vector": "cvss_vector, cvss_score",
    "fixed_version": "fixed_version",
    "references": "references",
    "tags": "tags",
    "tool_fingerprint": (
        "fingerprint: the same for the same finding in every report, if the tool has one; of "
        "secrets it is hashed with a key"
    ),
    "vex_status": "vex_status: affected, not_affected, fixed, under_investigation",
    "suppressed": "suppressed: why it is to be ignored",
    "occurred_at": "occurred_at, of alerts: ISO 8601",
}


class GenericJson(Format):
    """An object with a list of findings."""

    slug = "generic-json"
    name = "Generic findings, JSON"
    stages: ClassVar[tuple[str, ...]] = (
        "code", "build", "test", "release", "deploy", "operate", "monitor", "plan",
    )  # fmt: skip
    mapping = {
        **_MAPPING,
        "tool_name": "tool.name",
        "tool_version": "tool.version",
        "scanned_at": "scanned_at, ISO 8601",
        "commit": "commit",
        "status": "status: complete, failed or unknown; status_reason",
        "outcomes": "outcomes: names and numbers",
    }
    notes = (
        'For tools without a format of their own: `{"format": "secops-findings", "tool": {"name": ..., '
        '"version": ...}, "findings": [{...}]}`. With `"partial": true` what is missing is not gone.'
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and head.values.get("format") == MARK

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "findings")
        names = ("tool", "scanned_at", "commit", "status", "status_reason", "partial", "outcomes")
        top = header(members, *names)
        outcomes = {
            name: int(number)
            for name, node in top.members("outcomes").items()
            if (number := node.number()) is not None and 0 <= number < 1e12
        }
        report = ParsedReport(
            iter(()),
            tool_name=top.text("tool", "name")[:120],
            tool_version=top.text("tool", "version")[:120],
            scanned_at=moment(top.text("scanned_at")),
            commit=top.text("commit")[:64],
            status=_STATUSES.get(top.text("status"), ScanStatus.COMPLETE),
            status_reason=top.text("status_reason")[:300],
            outcomes=outcomes,
            partial=top.flag("partial"),
        )
        report.findings = self._findings(raws, report.warnings)
        return report

    def _findings(self, raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
        for item, raw in nodes(raws, warnings, "/findings"):
            yield finding(item, raw, self.salt)


class GenericCsv(Format):
    """A table whose first line names the columns."""

    slug = "generic-csv"
    name = "Generic findings, CSV"
    stages = GenericJson.stages
    mapping = _MAPPING
    notes = (
        "For tools without a format of their own: UTF-8, commas, the first line names the "
        "columns, of "
        "which `title` and `severity` are needed. Lists are separated by spaces; tags by "
        "semicolons."
    )

    def detect(self, head: Head) -> bool:
        first = head.prefix.lstrip().partition(b"\n")[0].lower()
        names = {name.strip(b' "\r') for name in first.split(b",")}
        return head.root == "" and {b"title", b"severity", b"rule_id"} <= names

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()))
        report.findings = self._findings(data)
        return report

    def _findings(self, data: memoryview) -> Iterator[ParsedFinding]:
        for _line, row in table(data, *_NEEDED):
            raw = scrub(msgspec.json.encode(row))
            yield finding(Node(msgspec.json.decode(raw)), raw, self.salt)


def finding(item: Node, raw: bytes, salt: bytes) -> ParsedFinding:
    """A finding of our own field names; a list may be a list, or texts separated by spaces."""
    title, kind = named(item.text("title")), _kind(item)
    rated, source, vector, score = packages.rated(
        item.text("severity"), item.text("cvss_score") or None, [item.text("cvss_vector")]
    )
    fingerprint, snippet = item.text("fingerprint"), item.text("snippet")
    if kind is Kind.SECRET:
        fingerprint = masking.digest(fingerprint or snippet, salt) if fingerprint or snippet else ""
        raw = masking.concealed_json(item.value, [snippet], frozenset({"snippet", "fingerprint"}))
        snippet = ""
    vex = item.text("vex_status")
    return ParsedFinding(
        kind=kind,
        rule_id=named(item.text("rule_id"), title),
        rule_name=item.text("rule_name")[:300],
        title=title,
        severity=rated,
        severity_source=source,
        location=_location(item, snippet),
        description=item.text("description"),
        remediation=item.text("remediation"),
        cwes=ids.cwes(_words(item.at("cwes"))),
        vulnerabilities=ids.vulnerabilities(_words(item.at("vulnerabilities"))),
        cvss_vector=vector,
        cvss_score=score,
        fixed_version=item.text("fixed_version"),
        vex_status=vex if vex in _VEX else "",
        references=links(_words(item.at("references"))),
        tags=tags([tag.strip() for text in item.texts("tags") for tag in text.split(";")]),
        tool_fingerprint=fingerprint,
        occurred_at=moment(item.text("occurred_at")),
        suppressed=item.text("suppressed"),
        passed=False if kind is Kind.TEST else None,
        raw=raw,
    )


def _kind(item: Node) -> Kind:
    said = item.text("kind").lower()
    if said in set(Kind):
        return Kind(said)
    return next((kind for name, kind in _KINDS if item.text(name)), Kind.RESOURCE)


def _words(value: Node) -> list[str]:
    return [word for text in value.texts() for word in text.replace(";", " ").split()]


def _location(item: Node, snippet: str) -> Location:
    return Location(
        path=slash_path(item.text("path")),
        line=positive(item.at("line").value),
        end_line=positive(item.at("end_line").value),
        column=positive(item.at("column").value),
        snippet=snippet,
        logical=item.text("logical"),
        url=item.text("url"),
        parameter=item.text("parameter"),
        host=item.text("host"),
        port=positive(item.at("port").value),
        protocol=item.text("protocol"),
        resource=item.text("resource"),
        purl=ids.purl(item.text("purl")) if item.text("purl") else "",
    )
