"""kube-bench: the CIS benchmark of a Kubernetes node."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats.decode import array, body, first_char, members, root_elements
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import named, tags
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


class KubeBench(Format):
    """An array of controls, or `{Controls, Totals}`."""

    slug = "kube-bench"
    name = "kube-bench JSON"
    stages = ("deploy", "operate")
    tool_name = "kube-bench"
    empty_roots = ("[]",)
    mapping = {
        "kind": "resource",
        "rule_id": "results[].test_number",
        "title": "test_number and test_desc",
        "severity": "medium, low if the test is not scored: kube-bench gives none",
        "severity_source": "status",
        "location.resource": "node_type and text of the controls",
        "description": "reason, expected_result, actual_value, audit",
        "remediation": "remediation",
        "tags": "the section, the benchmark's version",
        "outcomes": "results that pass, warn or inform",
        "tool_version": "detected_version or version of the benchmark",
        "status": "unknown if there is no result at all",
    }
    notes = "Only FAIL is a finding; WARN asks a person to look, and is counted."

    def detect(self, head: Head) -> bool:
        return {"Controls", "Totals"} <= head.keys or {"node_type", "tests"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        if first_char(view) == "{":
            found = members(view)
            if "Controls" not in found and "tests" not in found:
                raise FormatError("wrong-type", "There is no array `Controls`.", "/Controls")
            raws = array(found, "Controls") if "Controls" in found else [Raw(bytes(view))]
        else:
            raws = root_elements(view)
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(raws, report)
        return report


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for controls, _ in nodes(raws, report.warnings, "/Controls"):
        report.tool_version = report.tool_version or controls.text("version")[:120]
        for group in controls.objects("tests"):
            for result in group.objects("results"):
                status = result.text("status").upper()
                name = {"PASS": "passed", "FAIL": "failed"}.get(status, status.lower() or "other")
                outcomes[name] = outcomes.get(name, 0) + 1
                if status == "FAIL":
                    yield _finding(result, group, controls)
    if not outcomes:
        report.status, report.status_reason = ScanStatus.UNKNOWN, "There is no result in it."


def _finding(result: Node, group: Node, controls: Node) -> ParsedFinding:
    record = scrub(msgspec.json.encode(result.value))
    result = Node(msgspec.json.decode(record))
    number, what = result.text("test_number"), result.text("test_desc")
    rule = named(number, what)
    described = [
        ("", "reason"),
        ("Expected: ", "expected_result"),
        ("Found: ", "actual_value"),
        ("Audit: ", "audit"),
    ]
    lines = [f"{label}{text}" for label, name in described if (text := result.text(name))]
    place = [controls.text("node_type"), controls.text("text")]
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        rule_name=named(what, rule),
        title=named(f"{number} {what}".strip(), rule),
        severity=Severity.LOW if result.at("scored").value is False else Severity.MEDIUM,
        severity_source=result.text("status"),
        location=Location(resource=" / ".join(filter(None, place))),
        description="\n".join(lines),
        remediation=result.text("remediation"),
        tags=tags(group.text("desc"), controls.text("version")),
        raw=record,
    )
