"""Nuclei: templates run against hosts and URLs."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from apps.scans.formats import ids, scores, severity
from apps.scans.formats.decode import values
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import links, links_in, moment, named, positive, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)

_WEB = {"http", "headless", "offlinehttp"}


class Nuclei(Format):
    """`nuclei -jsonl` and `-json-export`."""

    slug = "nuclei"
    name = "Nuclei JSON"
    stages = ("test", "operate")
    tool_name = "Nuclei"
    empty_roots = ("", "[]")
    mapping = {
        "kind": "web for http and headless templates, else host",
        "rule_id": "template-id (templateID)",
        "title": "info.name, with matcher-name",
        "severity": "info.severity; if unknown, info.classification.cvss-metrics",
        "location.url": "matched-at (matched)",
        "location.host": "host and port of matched-at, else host, ip, port",
        "location.parameter": "fuzzing_parameter",
        "description": "info.description, info.impact, extracted-results",
        "remediation": "info.remediation",
        "cwes": "info.classification.cwe-id",
        "vulnerabilities": "info.classification.cve-id",
        "cvss_vector": "info.classification.cvss-metrics, cvss-score",
        "references": "info.reference, template-url",
        "tags": "info.tags, type",
        "occurred_at": "timestamp",
        "outcomes": "results of -matcher-status that matched nothing",
        "status": "unknown for 0 bytes, which Nuclei writes when nothing matched",
    }
    notes = "Values of cookie and authorization headers in recorded requests are masked."

    def detect(self, head: Head) -> bool:
        return "info" in head.keys and not head.keys.isdisjoint({"template-id", "templateID"})

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(findings=iter(()), tool_name=self.tool_name)
        if len(data) < 1024 and not bytes(data).strip():
            report.status, report.status_reason = ScanStatus.UNKNOWN, "The file is empty."
            return report
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    needed, unmatched = ("info", "template-id", "templateID"), 0
    for result, raw in value_nodes(values(data), report.warnings, needed):
        if result.at("matcher-status").value is False:  # `-matcher-status` tells of every template
            unmatched += 1
            report.outcomes = {"unmatched": unmatched}
        else:
            yield _finding(result, scrub_http(raw))


def _finding(result: Node, raw: bytes) -> ParsedFinding:
    info, rated = result.at("info"), result.at("info", "classification")
    rule = named(result.first("template-id", "templateID"), info.text("name"))
    kind = Kind.WEB if result.text("type") in _WEB else Kind.HOST
    matcher = result.first("matcher-name", "matcher_name", "extractor-name")
    name = named(info.text("name"), rule)
    vector, score = scores.best_vector([rated.text("cvss-metrics")])
    score = scores.score(rated.at("cvss-score").value) or score
    word = info.text("severity")
    return ParsedFinding(
        kind=kind,
        rule_id=rule,
        rule_name=name,
        title=named(f"{name} ({matcher})" if matcher else name),
        severity=severity.from_word(word) if severity.is_word(word) else severity.from_score(score),
        severity_source=word,
        location=_location(result, kind, matcher),
        description=_description(result, info),
        remediation=info.text("remediation"),
        cwes=ids.cwes(rated.texts("cwe-id")),
        vulnerabilities=ids.vulnerabilities(rated.texts("cve-id")),
        cvss_vector=vector,
        cvss_score=score,
        references=links(
            [url for text in info.texts("reference") for url in links_in(text)],
            result.text("template-url"),
        ),
        tags=tags(_split(info.at("tags")), result.text("type")),
        occurred_at=moment(result.text("timestamp")),
        raw=raw,
    )


def _split(value: Node) -> list[str]:
    return [tag.strip() for text in value.texts() for tag in text.split(",")]


def _description(result: Node, info: Node) -> str:
    found = result.texts("extracted-results") or result.texts("extracted_results")
    extracted = f"Found: {', '.join(found)}" if found else ""
    return "\n\n".join(filter(None, [info.text("description"), info.text("impact"), extracted]))


_HOST = re.compile(r"^(?:[a-z]+://)?(\[[0-9a-fA-F:]+\]|[^/:\s]+)(?::(\d{1,5}))?(?:[/?#]|$)")


def _location(result: Node, kind: Kind, matcher: str) -> Location:
    matched = result.first("matched-at", "matched", "host", "ip")
    if kind is Kind.WEB:
        parameter = result.text("fuzzing_parameter") or matcher
        url = matched if "://" in matched else f"http://{matched}" if matched else ""
        return Location(url=url if _is_url(url) else matched, parameter=parameter)
    found = _HOST.match(matched)
    host, port = (found[1].strip("[]"), found[2]) if found else (matched, None)
    return Location(
        host=host, port=positive(port or result.at("port").value), protocol=_protocol(result),
        resource=matcher,
    )  # fmt: skip


def _is_url(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _protocol(result: Node) -> str:
    return {"dns": "dns", "ssl": "tls"}.get(result.text("type"), "tcp")
