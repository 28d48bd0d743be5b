"""Wazuh: vulnerabilities of its agents, and alerts."""

from collections.abc import Iterable, Iterator

from msgspec import Raw

from apps.scans.formats import ids, packages
from apps.scans.formats.decode import array, first_char, loose, members, root_members, values
from apps.scans.formats.head import read_head
from apps.scans.formats.node import Node, nodes, value_nodes
from apps.scans.formats.text import moment, named, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)


class WazuhVulnerabilities(Format):
    """The API of version 4.7 and older, or the index of version 4.8 and newer."""

    slug = "wazuh-vulns"
    name = "Wazuh vulnerabilities"
    stages = ("monitor", "operate")
    tool_name = "Wazuh"
    mapping = {
        "kind": "package",
        "rule_id": "cve; vulnerability.id",
        "title": "the vulnerability and the package",
        "severity": "severity, else cvss3_score or vulnerability.score.base",
        "location.purl": "package type, name and version",
        "location.resource": "agent_name; agent.name",
        "description": "title or condition; vulnerability.description",
        "references": "external_references; vulnerability.reference",
        "occurred_at": "detection_time; vulnerability.detected_at",
        "tags": "host.os.full, status",
        "status": "an answer whose error is not 0 is refused",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and (
            head.has("data.affected_items", "data.total_affected_items")
            or head.has("hits.hits._source.vulnerability")
        )

    def parse(self, data: memoryview) -> ParsedReport:
        found, warnings = root_members(data), list[str]()
        if Node(loose(found.get("error", Raw(b"0")))).text() not in {"", "0"}:
            message = Node(loose(found.get("message", Raw(b'""')))).text()
            raise FormatError("tool-failed", f"Wazuh answered with an error: {message}.")
        old = _inside(found, "data", "affected_items")
        new = _inside(found, "hits", "hits")
        if old is None and new is None:
            raise FormatError(
                "wrong-type", "There is no array `data.affected_items` or `hits.hits`."
            )
        return ParsedReport(
            findings=_vulnerabilities(old or [], new or [], warnings),
            tool_name=self.tool_name,
            warnings=warnings,
        )


def _inside(found: dict[str, Raw], outer: str, inner: str) -> list[Raw] | None:
    raw = found.get(outer)
    if raw is None or first_char(raw) != "{":
        return None
    holder = members(raw, f"/{outer}")
    return array(holder, inner, f"/{outer}") if inner in holder else None


def _vulnerabilities(
    old: list[Raw], new: list[Raw], warnings: list[str]
) -> Iterator[ParsedFinding]:
    for item, raw in nodes(old, warnings, "/data/affected_items"):
        yield packages.finding(
            identifiers=[item.text("cve")],
            name=item.text("name"),
            version=item.text("version"),
            ecosystem=item.text("format"),
            target=item.text("agent_name") or item.text("agent_id"),
            word=item.text("severity"),
            score=item.number("cvss3_score") or item.number("cvss2_score"),
            title=item.text("title"),
            description=item.text("condition"),
            references=item.texts("external_references"),
            labels=[item.text("status")],
            raw=raw,
        )
    for hit, raw in nodes(new, warnings, "/hits/hits"):
        yield _indexed(hit.at("_source"), raw)


def _indexed(item: Node, raw: bytes) -> ParsedFinding:
    known, package = item.at("vulnerability"), item.at("package")
    return packages.finding(
        identifiers=[known.text("id")],
        name=package.text("name"),
        version=package.text("version"),
        ecosystem=package.text("type") or item.text("host", "os", "platform"),
        target=item.text("agent", "name") or item.text("agent", "id"),
        word=known.text("severity"),
        score=known.number("score", "base"),
        description=known.text("description"),
        references=known.text("reference").split(", "),
        labels=[item.text("host", "os", "full")],
        raw=raw,
    )


class WazuhAlerts(Format):
    """alerts.json: lines, an array, or as the indexer keeps them and answers."""

    slug = "wazuh-alerts"
    name = "Wazuh alerts"
    stages = ("monitor",)
    tool_name = "Wazuh"
    mapping = {
        "kind": "alert",
        "rule_id": "rule.id",
        "title": "rule.description",
        "severity": "rule.level: from 15 critical, 12 high, 7 medium, 4 low, else informational",
        "severity_source": "rule.level",
        "location.host": "agent.name",
        "location.resource": "data.srcip, syscheck.path, location",
        "description": "full_log",
        "tags": "rule.groups, rule.mitre.id",
        "vulnerabilities": "data.vulnerability.cve",
        "occurred_at": "timestamp",
    }
    notes = "Read as a partial report: what is not in the next one is not over."

    def detect(self, head: Head) -> bool:
        own = head.has("rule.level", "rule.id") and bool({"agent", "manager"} & head.keys)
        return own or any(
            head.has(f"{holder}.rule", f"{holder}.agent")
            for holder in ("_source", "hits.hits._source")
        )

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, partial=True)
        report.findings = _alerts(data, report.warnings)
        return report


def _alerts(data: memoryview, warnings: list[str]) -> Iterator[ParsedFinding]:
    found: Iterable[tuple[str, Raw]]
    if read_head(data).has("hits.hits"):
        hits = _inside(root_members(data), "hits", "hits") or []
        found = ((f"/hits/hits/{index}", raw) for index, raw in enumerate(hits))
    else:
        found = values(data)
    for event, raw in value_nodes(found, warnings, ("rule", "_source")):
        yield _alert(event.at("_source") if "_source" in event else event, raw)


def _alert(event: Node, raw: bytes) -> ParsedFinding:
    rule, level = event.at("rule"), event.number("rule", "level")
    name = named(rule.text("id"), rule.text("description"))
    place = event.text("data", "srcip") or event.text("syscheck", "path") or event.text("location")
    return ParsedFinding(
        kind=Kind.ALERT,
        rule_id=name,
        title=named(rule.text("description"), name),
        severity=_severity(level),
        severity_source=rule.text("level"),
        location=Location(host=event.text("agent", "name"), resource=place),
        description=event.text("full_log"),
        vulnerabilities=ids.vulnerabilities(event.at("data", "vulnerability").texts("cve")),
        tags=tags(rule.texts("groups"), rule.texts("mitre", "id")),
        occurred_at=moment(event.text("timestamp")),
        raw=raw,
    )


def _severity(level: float | None) -> Severity:
    """Source: the rule classification of Wazuh's documentation (levels 0 to 15)."""
    limits = ((15, Severity.CRITICAL), (12, Severity.HIGH), (7, Severity.MEDIUM), (4, Severity.LOW))
    return next((rated for limit, rated in limits if (level or 0) >= limit), Severity.NONE)
