"""Lynis: hardening of a Unix system (lynis-report.dat)."""

from collections.abc import Iterator

from apps.scans.formats.lines import lines
from apps.scans.formats.masking import scrub_text
from apps.scans.formats.text import clean, links, moment, named, tags
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

_SEVERITIES = {"warning": Severity.MEDIUM, "suggestion": Severity.LOW}
_CONTROL = "https://cisofy.com/lynis/controls/"


class Lynis(Format):
    """The report file of `lynis audit system`."""

    slug = "lynis"
    name = "Lynis report"
    stages = ("deploy", "operate")
    tool_name = "Lynis"
    mapping = {
        "kind": "resource",
        "rule_id": "the first field of warning[] and suggestion[]",
        "title": "the second field",
        "severity": "warning medium, suggestion low: Lynis gives none",
        "severity_source": "warning or suggestion",
        "location.resource": "hostname",
        "description": "the third field, unless it is -",
        "remediation": "the fourth field, unless it is -",
        "references": "the control's page",
        "tool_version": "lynis_version",
        "scanned_at": "report_datetime_end, else report_datetime_start",
        "status": "unknown if finish is not true",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "" and (
            b"report_version_major=" in head.prefix and b"lynis_version=" in head.prefix
        )

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name)
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    facts: dict[str, str] = {}
    for line in lines(data):
        name, equals, value = line.partition("=")
        kind = name.removesuffix("[]")
        if not equals:
            continue
        if name.endswith("[]") and kind in _SEVERITIES:
            yield _finding(kind, scrub_text(line), facts.get("hostname", ""))
        elif name in {"hostname", "lynis_version", "finish"} or name.startswith("report_"):
            facts[name] = clean(value)[:300]
    if "lynis_version" not in facts and "report_version_major" not in facts:
        raise FormatError("wrong-type", "There is no line `lynis_version=`.", "line 1")
    report.tool_version = facts.get("lynis_version", "")[:120]
    times = (facts.get("report_datetime_end"), facts.get("report_datetime_start"))
    report.scanned_at = next((time for text in times if (time := moment(text))), None)
    if facts.get("finish") != "true":
        report.status, report.status_reason = ScanStatus.UNKNOWN, "The report has no finish=true."


def _finding(kind: str, line: str, host: str) -> ParsedFinding:
    fields = [clean(part) for part in line.partition("=")[2].split("|")]
    rule, text, details, solution = [*fields, "", "", "", ""][:4]
    rule = named(rule, text)
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        title=named(text, rule),
        severity=_SEVERITIES[kind],
        severity_source=kind,
        # The details tell apart several findings of one control (a file, a service).
        location=Location(resource=host, logical=_said(details)),
        description=_said(details),
        remediation=_said(solution),
        references=links(f"{_CONTROL}{rule}/") if rule.isascii() and " " not in rule else (),
        tags=tags(kind),
        raw=line.encode(),
    )


def _said(text: str) -> str:
    return "" if text == "-" else text
