"""Suricata EVE: alerts of network traffic (malware calling home, scans, exploits)."""

import datetime as dt
from collections.abc import Iterator

from apps.scans.formats import ids
from apps.scans.formats.decode import values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import links, moment, named, positive, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

# Suricata's priorities of a rule's class: 1 is the worst.
_SEVERITIES = {1: Severity.HIGH, 2: Severity.MEDIUM, 3: Severity.LOW}


class SuricataEve(Format):
    """eve.json: lines, an array, or as Elasticsearch keeps them (`_source`)."""

    slug = "suricata-eve"
    name = "Suricata EVE"
    stages = ("monitor",)
    tool_name = "Suricata"
    mapping = {
        "kind": "alert",
        "rule_id": "alert.gid and alert.signature_id",
        "title": "alert.signature",
        "severity": "alert.severity: 1 high, 2 medium, 3 low, else informational",
        "severity_source": "alert.severity",
        "location.host": "dest_ip, dest_port, proto",
        "location.resource": "src_ip",
        "location.url": "http.hostname and http.url",
        "description": "alert.category, alert.action, http, tls or dns name",
        "vulnerabilities": "alert.metadata.cve",
        "tags": "alert.category, alert.metadata: malware_family, mitre_technique_id",
        "occurred_at": "timestamp",
        "outcomes": "events of each other type",
    }
    notes = "Only events of the type alert are findings. Read as a partial report."

    def detect(self, head: Head) -> bool:
        own = {"event_type", "timestamp"} <= head.keys
        return own or head.has("_source.event_type", "_source.timestamp")

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={}, partial=True)
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for event, raw in value_nodes(values(data), report.warnings, ("event_type", "_source")):
        item = event.at("_source") if "_source" in event else event
        kind = item.text("event_type")[:40] or "other"
        if kind == "alert":
            yield _finding(item, raw)
        else:
            outcomes[f"{kind} events"] = outcomes.get(f"{kind} events", 0) + 1


def _finding(event: Node, raw: bytes) -> ParsedFinding:
    alert, meta = event.at("alert"), event.at("alert", "metadata")
    number = alert.number("severity")
    signature = alert.text("signature")
    rule = f"{alert.text('gid') or '1'}:{alert.text('signature_id')}"
    return ParsedFinding(
        kind=Kind.ALERT,
        rule_id=rule if alert.text("signature_id") else named(signature),
        title=named(signature, rule),
        severity=_SEVERITIES.get(int(number or 4), Severity.NONE),
        severity_source=alert.text("severity"),
        location=_location(event),
        description="\n".join(_details(event, alert)),
        vulnerabilities=ids.vulnerabilities(
            text.replace("_", "-") for text in meta.texts("cve") if text.upper().startswith("CVE")
        ),
        references=links(alert.texts("references")),
        tags=tags(
            alert.text("category"), meta.texts("malware_family"), meta.texts("mitre_technique_id")
        ),
        occurred_at=_time(event),
        raw=raw,
    )


def _location(event: Node) -> Location:
    http = event.at("http")
    return Location(
        host=event.text("dest_ip"),
        port=positive(event.at("dest_port").value),
        protocol=event.text("proto").lower(),
        resource=event.text("src_ip"),
        url=http.text("hostname") + http.text("url") if http else "",
    )


def _details(event: Node, alert: Node) -> Iterator[str]:
    names = [event.text("tls", "sni"), event.text("dns", "query", 0, "rrname")]
    shown = {
        "Category": alert.text("category"),
        "Action": alert.text("action"),
        "From": f"{event.text('src_ip')}:{event.text('src_port')}",
        "To": f"{event.text('dest_ip')}:{event.text('dest_port')}",
        "URL": event.text("http", "hostname") + event.text("http", "url"),
        "Name": next(filter(None, names), ""),
    }
    yield from (f"{label}: {text}" for label, text in shown.items() if text.strip(":"))


def _time(event: Node) -> dt.datetime | None:
    return moment(event.text("timestamp"))
