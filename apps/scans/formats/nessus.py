"""Nessus (.nessus, version 2)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

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
_SCORES = ("cvss3_base_score", "cvssv3", "cvss_base_score", "cvss")  # without base: of web scans


class Nessus(Format):
    """NessusClientData_v2, of Nessus and Tenable."""

    slug = "nessus"
    name = "Nessus"
    stages = ("operate", "test")
    tool_name = "Nessus"
    mapping = {
        "kind": "host",
        "rule_id": "pluginID; compliance-check-name of a compliance check",
        "title": "pluginName; compliance-check-name",
        "severity": "severity: 1 low, 2 medium, 3 high, 4 critical; at least medium for a compliance check",
        "severity_source": "risk_factor",
        "location.host": "name of the ReportHost (the host in it, if it is a URL); port, protocol",
        "location.resource": "host-ip, where it is not the name",
        "description": "synopsis, description, plugin_output; compliance-info, values found and wanted",
        "remediation": "solution, compliance-solution",
        "cwes": "cwe, xref",
        "vulnerabilities": "cve",
        "cvss_vector": "cvss4_vector, cvss3_vector, cvss_vector",
        "references": "see_also, compliance-see-also",
        "tags": "pluginFamily, svc_name, exploit_available",
        "outcomes": "items of the severity 0, which are information; compliance checks that did not fail",
        "scanned_at": "HOST_END",
    }

    def detect(self, head: Head) -> bool:
        return head.xml_root == "NessusClientData_v2"

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    addresses: dict[str, str] = {}
    for element in xml.records(data, "ReportItem", "HostProperties", roots=_ROOTS):
        host = xml.attribute(element.getparent(), "name")
        if xml.local_name(element) == "HostProperties":
            found = {xml.attribute(tag, "name"): tag for tag in xml.children(element, "tag")}
            addresses[host] = xml.text(found.get("host-ip"))
            report.scanned_at = moment(xml.text(found.get("HOST_END"))) or report.scanned_at
        elif said := _outcome(element):
            outcomes[said] = outcomes.get(said, 0) + 1
        else:
            yield _finding(element, host, addresses.get(host, ""))


def _outcome(item: xml.Element) -> str:
    """What an item that is no finding is counted as; "" for a finding.

    Of a compliance check the result decides, whatever its severity: old exports give a check that
    passed the severity 1.
    """
    if result := xml.text(item, "compliance-result"):
        return "" if result.upper() == "FAILED" else result.lower()[:40]
    return "informational" if xml.attribute(item, "severity") in {"0", ""} else ""


def _finding(element: xml.Element, host: str, address: str) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    check = xml.text(item, "compliance-check-name")
    number = max(positive(xml.attribute(item, "severity")) or 0, 2 if check else 0)
    names = ("cvss4_vector", "cvss3_vector", "cvss_vector")
    texts = [xml.text(item, name).removeprefix("CVSS2#") for name in names]
    vector, score = scores.best_vector(texts)
    printed = [xml.text(item, name) for name in _SCORES]
    rule = named(check, xml.attribute(item, "pluginID"), xml.attribute(item, "pluginName"))
    output = xml.text(item, "plugin_output")[:MAX_OUTPUT]
    described = [xml.text(item, "synopsis"), xml.text(item, "description"), output]
    if check:
        described = [
            xml.text(item, "compliance-info"),
            *_labelled(item, "Found", "compliance-actual-value"),
            *_labelled(item, "Wanted", "compliance-policy-value"),
        ]
    host = _host(host)
    port = positive(xml.attribute(item, "port"))
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id=rule,
        rule_name=check and xml.attribute(item, "pluginName"),
        title=named(check, xml.attribute(item, "pluginName"), xml.text(item, "plugin_name"), rule),
        severity=Severity(min(number, 4)),
        severity_source=xml.text(item, "risk_factor"),
        location=Location(
            host=host,
            port=port,
            protocol=xml.attribute(item, "protocol"),
            resource=address if address != host else "",
        ),
        description="\n\n".join(filter(None, described)),
        remediation=_solution(xml.text(item, "solution") or xml.text(item, "compliance-solution")),
        cwes=ids.cwes(list(xml.texts(item, "cwe")), ids.cwes_in(" ".join(xml.texts(item, "xref")))),
        vulnerabilities=ids.vulnerabilities(xml.text(one) for one in xml.children(item, "cve")),
        cvss_vector=vector,
        cvss_score=score if score is not None else _first_score(printed),
        references=links(
            links_in("\n".join(xml.texts(item, "see_also"))),
            links_in(xml.text(item, "compliance-see-also")),
        ),
        tags=tags(
            xml.attribute(item, "pluginFamily"),
            first_line(xml.attribute(item, "svc_name")),
            "exploit available" if xml.text(item, "exploit_available") == "true" else "",
        ),
        raw=raw,
    )


def _labelled(item: xml.Element, label: str, name: str) -> list[str]:
    value = xml.text(item, name)[:MAX_OUTPUT]
    return [f"{label}: {value}"] if value else []


def _host(name: str) -> str:
    """The host's name or address; Tenable's web application scanning has a URL there."""
    try:
        return (urlsplit(name).hostname or name) if "://" in name else name
    except ValueError:
        return name


def _first_score(printed: list[str]) -> float | None:
    return next((found for text in printed if (found := scores.score(text)) is not None), None)


def _solution(text: str) -> str:
    return "" if text.lower() in {"n/a", "none"} else text
