"""OpenVAS / Greenbone reports in XML."""

from collections.abc import Iterator

from apps.scans.formats import ids, scores, severity, xml
from apps.scans.formats.text import links, moment, named, positive, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_ROOTS = ("report", "get_reports_response", "openvas-report", "get_results_response")
_HOLDERS = {"results", "get_results_response"}  # a result may name others, which are none
_ENDED = {"", "Done"}


class OpenVas(Format):
    """The XML report format of the Greenbone Management Protocol."""

    slug = "openvas-xml"
    name = "OpenVAS XML"
    stages = ("operate", "test")
    tool_name = "OpenVAS"
    mapping = {
        "kind": "host",
        "rule_id": "nvt oid",
        "title": "nvt name, else name",
        "severity": "severity (CVSS scale), else threat",
        "severity_source": "threat",
        "location.host": "hostname, else host; port",
        "location.resource": "the address, where there is a name",
        "description": "summary, insight and impact of the nvt's tags; description",
        "remediation": "nvt solution",
        "vulnerabilities": "nvt refs of the type cve",
        "cvss_vector": "cvss_base_vector of the nvt's tags, severities",
        "references": "nvt refs of the type url",
        "tags": "nvt family, quality of detection",
        "suppressed": "threat False Positive",
        "occurred_at": "creation_time",
        "scanned_at": "scan_end",
        "status": "failed if scan_run_status is another one than Done",
    }
    notes = "Every result is a finding; those of the threat Log are informational."

    def detect(self, head: Head) -> bool:
        text = head.prefix
        return head.xml_root in _ROOTS and (
            b"<report_format" in text or b"<gmp>" in text or b"<omp>" in text or b"<nvt oid" in text
            or b"scan_run_status" in text or b"get_reports_response" in text
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name)
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    wanted = ("result", "scan_run_status", "scan_end", "scan_start")
    for element in xml.records(data, *wanted, roots=_ROOTS):
        name = xml.local_name(element)
        if name == "result":
            if xml.local_name(element.getparent()) in _HOLDERS:
                yield _finding(element)
        elif name == "scan_run_status":
            status = xml.text(element)
            if status not in _ENDED:
                report.status = ScanStatus.FAILED
                report.status_reason = f"The scan's status is {status[:100]}."
        else:
            report.scanned_at = moment(xml.text(element)) or report.scanned_at


def _finding(element: xml.Element) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    nvt, facts = xml.child(item, "nvt"), _facts(xml.text(item, "nvt", "tags"))
    name = named(xml.text(nvt, "name"), xml.text(item, "name"))
    oid = xml.attribute(nvt, "oid")
    vectors = [facts.get("cvss_base_vector", "")]
    vectors += [xml.text(one, "value") for one in xml.each(nvt, "severities", "severity")]
    vector, score = scores.best_vector(vectors)
    printed = scores.score(xml.text(item, "severity"))
    threat = xml.text(item, "threat")
    references = list(xml.each(nvt, "refs", "ref"))
    parts = [facts.get(part, "") for part in ("summary", "insight", "impact")]
    described = [*parts, xml.text(item, "description")]
    solution = xml.text(nvt, "solution") or facts.get("solution", "")
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id=oid if oid not in {"", "0"} else name,
        title=name,
        severity=severity.from_score(printed) if printed else _threat(threat),
        severity_source=threat,
        location=_location(item),
        description="\n\n".join(dict.fromkeys(filter(None, described))),
        remediation=solution,
        cwes=(),
        vulnerabilities=_cves(nvt, references),
        cvss_vector=vector,
        cvss_score=score if score is not None else printed,
        references=links([xml.attribute(one, "id") for one in references]),
        tags=tags(xml.text(nvt, "family"), _quality(item)),
        occurred_at=moment(xml.text(item, "creation_time")),
        suppressed="false positive" if threat == "False Positive" else "",
        raw=raw,
    )


def _threat(word: str) -> Severity:
    return severity.NONE if word in {"Log", "Debug", "False Positive"} else severity.from_word(word)


def _facts(text: str) -> dict[str, str]:
    """ "summary=...|insight=..." of the nvt's tags."""
    pairs = (part.partition("=") for part in text.split("|"))
    return {name.strip(): " ".join(value.split()) for name, _, value in pairs if name.strip()}


def _cves(nvt: xml.Element, references: list[xml.Element]) -> tuple[str, ...]:
    listed = [xml.attribute(one, "id") for one in references if "cve" in xml.attribute(one, "type")]
    return ids.vulnerabilities(listed, ids.vulnerabilities_in(xml.text(nvt, "cve")))


def _quality(item: xml.Element) -> str:
    value = xml.text(item, "qod", "value")
    return f"QoD {value}%" if value else ""


def _location(item: xml.Element) -> Location:
    host = xml.child(item, "host")
    address = (host.text or "").strip().replace("\0", "") if host is not None else ""
    name = xml.text(host, "hostname")
    port, _, protocol = xml.text(item, "port").partition("/")
    return Location(
        host=name or address,
        port=positive(port),
        protocol=protocol.partition(" ")[0],
        resource=address if name and name != address else "",
    )
