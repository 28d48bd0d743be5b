"""Nessus (.nessus, version 2)."""

from collections.abc import Iterator

from apps.scans.formats import ids, scores, xml
from apps.scans.formats.text import first_line, links, links_in, moment, named, positive, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

MAX_OUTPUT = 20_000
_ROOTS = ("NessusClientData_v2",)


class Nessus(Format):
    """NessusClientData_v2, of Nessus and Tenable."""

    slug = "nessus"
    name = "Nessus"
    stages = ("operate", "test")
    tool_name = "Nessus"
    mapping = {
        "kind": "host",
        "rule_id": "pluginID",
        "title": "pluginName",
        "severity": "severity: 1 low, 2 medium, 3 high, 4 critical",
        "severity_source": "risk_factor",
        "location.host": "name of the ReportHost; port, protocol",
        "location.resource": "host-ip, where it is not the name",
        "description": "synopsis, description, plugin_output",
        "remediation": "solution",
        "cwes": "cwe",
        "vulnerabilities": "cve",
        "cvss_vector": "cvss4_vector, cvss3_vector, cvss_vector",
        "references": "see_also",
        "tags": "pluginFamily, svc_name, exploit_available",
        "outcomes": "items of the severity 0, which are information",
        "scanned_at": "HOST_END",
    }

    def detect(self, head: Head) -> bool:
        return head.xml_root == "NessusClientData_v2"

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    informational = 0
    addresses: dict[str, str] = {}
    for element in xml.records(data, "ReportItem", "HostProperties", roots=_ROOTS):
        host = xml.attribute(element.getparent(), "name")
        if xml.local_name(element) == "HostProperties":
            found = {xml.attribute(tag, "name"): tag for tag in xml.children(element, "tag")}
            addresses[host] = xml.text(found.get("host-ip"))
            report.scanned_at = moment(xml.text(found.get("HOST_END"))) or report.scanned_at
        elif xml.attribute(element, "severity") in {"0", ""}:
            informational += 1
            report.outcomes = {"informational": informational}
        else:
            yield _finding(element, host, addresses.get(host, ""))


def _finding(element: xml.Element, host: str, address: str) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    number = positive(xml.attribute(item, "severity")) or 0
    names = ("cvss4_vector", "cvss3_vector", "cvss_vector")
    texts = [xml.text(item, name).removeprefix("CVSS2#") for name in names]
    vector, score = scores.best_vector(texts)
    printed = [xml.text(item, name) for name in ("cvss3_base_score", "cvss_base_score")]
    rule = named(xml.attribute(item, "pluginID"), xml.attribute(item, "pluginName"))
    output = xml.text(item, "plugin_output")[:MAX_OUTPUT]
    described = [xml.text(item, "synopsis"), xml.text(item, "description"), output]
    port = positive(xml.attribute(item, "port"))
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id=rule,
        title=named(xml.attribute(item, "pluginName"), xml.text(item, "plugin_name"), rule),
        severity=Severity(min(number, 4)),
        severity_source=xml.text(item, "risk_factor"),
        location=Location(
            host=host,
            port=port,
            protocol=xml.attribute(item, "protocol"),
            resource=address if address != host else "",
        ),
        description="\n\n".join(filter(None, described)),
        remediation=_solution(xml.text(item, "solution")),
        cwes=ids.cwes([xml.text(one) for one in xml.children(item, "cwe")]),
        vulnerabilities=ids.vulnerabilities(xml.text(one) for one in xml.children(item, "cve")),
        cvss_vector=vector,
        cvss_score=score if score is not None else _first_score(printed),
        references=links(links_in(xml.text(item, "see_also"))),
        tags=tags(
            xml.attribute(item, "pluginFamily"),
            first_line(xml.attribute(item, "svc_name")),
            "exploit available" if xml.text(item, "exploit_available") == "true" else "",
        ),
        raw=raw,
    )


def _first_score(printed: list[str]) -> float | None:
    return next((found for text in printed if (found := scores.score(text)) is not None), None)


def _solution(text: str) -> str:
    return "" if text.lower() in {"n/a", "none"} else text
