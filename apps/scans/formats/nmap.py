"""Nmap XML: which ports are open, and what answers there."""

from collections.abc import Iterator

from apps.scans.formats import ids, xml
from apps.scans.formats.text import first_line, moment, named, positive, tags
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

MAX_OUTPUT = 20_000
_ROOTS = ("nmaprun",)


class NmapXml(Format):
    """`nmap -oX`."""

    slug = "nmap-xml"
    name = "Nmap XML"
    stages = ("operate", "test")
    tool_name = "Nmap"
    mapping = {
        "kind": "host",
        "rule_id": "open-port",
        "title": "port, protocol, service, product and version",
        "severity": "informational: an open port is a fact, its weight is for a rule or a person",
        "location.host": "the host's name given by the user, else its address; port, protocol",
        "location.resource": "the address",
        "description": "service, product, version, and what the scripts found",
        "vulnerabilities": "CVE ids in what the scripts found",
        "tags": "service name, cpe",
        "outcomes": "hosts up and down, ports of each other state that are listed",
        "tool_version": "version",
        "scanned_at": "time of runstats, else start",
        "status": "failed if exit is not success; unknown if the run did not end",
    }
    notes = "One finding per open port of a host. The port is the identity, its service is not."

    def detect(self, head: Head) -> bool:
        return head.xml_root == "nmaprun"

    def parse(self, data: memoryview) -> ParsedReport:
        attributes = xml.root_attributes(data)
        start = attributes.get("start", "")
        report = ParsedReport(
            findings=iter(()),
            tool_name=self.tool_name,
            tool_version=attributes.get("version", "")[:120],
            scanned_at=moment(int(start)) if start.isdecimal() and len(start) < 12 else None,
            outcomes={},
        )
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    report.status, report.status_reason = ScanStatus.UNKNOWN, "The run did not end."
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for element in xml.records(data, "host", "finished", "hosts", roots=_ROOTS):
        name = xml.local_name(element)
        if name == "finished":
            _read_end(element, report)
        elif name == "hosts":
            for state in ("up", "down"):
                if number := positive(xml.attribute(element, state)):
                    outcomes[f"hosts {state}"] = number
        else:
            yield from _host(element, outcomes)


def _read_end(element: xml.Element, report: ParsedReport) -> None:
    time = xml.attribute(element, "time")
    if time.isdecimal() and len(time) < 12:
        report.scanned_at = moment(int(time))
    if xml.attribute(element, "exit") in {"success", ""}:
        report.status, report.status_reason = ScanStatus.COMPLETE, ""
    else:
        report.status = ScanStatus.FAILED
        report.status_reason = xml.attribute(element, "errormsg")[:300] or "The run failed."


def _host(element: xml.Element, outcomes: dict[str, int]) -> Iterator[ParsedFinding]:
    address = next(
        (xml.attribute(item, "addr") for item in xml.children(element, "address")
         if xml.attribute(item, "addrtype") != "mac"),
        "",
    )  # fmt: skip
    names = list(xml.each(element, "hostnames", "hostname"))
    given = [xml.attribute(item, "name") for item in names if xml.attribute(item, "type") == "user"]
    host = next(iter([*given, address, *(xml.attribute(item, "name") for item in names)]), "")
    for port in xml.each(element, "ports", "port"):
        state = xml.attribute(xml.child(port, "state"), "state")
        if state == "open":
            yield _port(port, host or address, address)
        elif state:
            outcomes[f"{state[:30]} ports"] = outcomes.get(f"{state[:30]} ports", 0) + 1


def _port(element: xml.Element, host: str, address: str) -> ParsedFinding:
    port, raw = xml.scrubbed(element)
    service = xml.child(port, "service")
    number, protocol = xml.attribute(port, "portid"), xml.attribute(port, "protocol")
    what = [xml.attribute(service, name) for name in ("name", "product", "version", "extrainfo")]
    answer = " ".join(filter(None, what))
    scripts = [
        f"{xml.attribute(script, 'id')}: {xml.attribute(script, 'output').strip()}"
        for script in xml.children(port, "script")
    ]
    output = "\n".join(scripts)[:MAX_OUTPUT]
    cpes = [xml.text(item) for item in xml.children(service, "cpe")] if service is not None else []
    place = f"Port {number}/{protocol} is open"
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id="open-port",
        title=named(f"{place}: {answer}" if answer else place),
        severity=Severity.NONE,
        severity_source="open",
        location=Location(
            host=host,
            port=positive(number),
            protocol=protocol,
            # Two hosts of one name: the address tells them apart.
            resource=address if address != host else "",
        ),
        description="\n".join(filter(None, [answer, output])),
        vulnerabilities=ids.vulnerabilities_in(output),
        tags=tags(first_line(what[0]), cpes[:10]),
        raw=raw,
    )
