"""govulncheck: vulnerabilities that Go code really reaches."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import packages
from apps.scans.formats.decode import values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import positive
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

_MESSAGES = ("config", "progress", "osv", "finding", "SBOM")


class Govulncheck(Format):
    """`govulncheck -json`: objects one after the other, or an array of them."""

    slug = "govulncheck"
    name = "govulncheck JSON"
    stages = ("build", "code")
    tool_name = "govulncheck"
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of finding.osv and the osv's aliases",
        "title": "the vulnerability and the module",
        "severity": (
            "high if a vulnerable function is called, medium if its package is imported, low if "
            "only its module is required"
        ),
        "severity_source": "called, imported or required",
        "location.purl": "module and version of trace[0]",
        "location.path": "position of the last frame of the trace that has one",
        "location.logical": "the vulnerable function",
        "description": "osv summary and details, the trace",
        "fixed_version": "finding.fixed_version",
        "references": "osv.references[].url",
        "tool_version": "config.scanner_version",
    }
    notes = "govulncheck reports a vulnerability once per level: each is a finding of its own."

    def detect(self, head: Head) -> bool:
        named = head.values.get("config.scanner_name", "").lower() == "govulncheck"
        return named or head.has("config.protocol_version", "config.scanner_version")

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name)
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    known: dict[str, Node] = {}
    for message, raw in value_nodes(values(data), report.warnings, _MESSAGES):
        if config := message.at("config"):
            report.tool_version = config.text("scanner_version")[:120]
        elif osv := message.at("osv"):
            known[osv.text("id")] = osv
        elif finding := message.at("finding"):
            yield _finding(finding, known.get(finding.text("osv"), Node({})), raw)


_LEVELS = {"called": "HIGH", "imported": "MEDIUM", "required": "LOW"}


def _finding(item: Node, osv: Node, raw: bytes) -> ParsedFinding:
    trace = item.objects("trace")
    first = trace[0] if trace else Node({})
    level = (
        "called" if first.text("function") else "imported" if first.text("package") else "required"
    )
    placed = [frame.at("position") for frame in trace if frame.text("position", "filename")]
    place = placed[-1] if placed else Node({})
    path = " > ".join(_frame(frame) for frame in reversed(trace))
    found = packages.finding(
        identifiers=[item.text("osv"), *osv.texts("aliases")],
        name=first.text("module"),
        version=first.text("version"),
        ecosystem="golang",
        path=place.text("filename"),
        target=level,  # what a vulnerability is reported for once each
        word=_LEVELS[level],
        title=osv.text("summary"),
        description="\n\n".join(
            filter(None, [osv.text("details"), f"Trace: {path}" if path else ""])
        ),
        fixed=item.text("fixed_version"),
        references=[reference.text("url") for reference in osv.objects("references")],
        labels=[level],
        raw=raw,
    )
    location = msgspec.structs.replace(
        found.location, line=positive(place.at("line").value), logical=_frame(first)
    )
    return msgspec.structs.replace(found, location=location, severity_source=level)


def _frame(frame: Node) -> str:
    function = ".".join(filter(None, [frame.text("receiver"), frame.text("function")]))
    return ".".join(filter(None, [frame.first("package", "module"), function]))
