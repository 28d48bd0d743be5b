"""Docker Bench for Security: the CIS benchmark of a Docker host."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats.decode import listing
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)


class DockerBench(Format):
    """docker-bench-security.sh.log.json."""

    slug = "docker-bench"
    name = "Docker Bench JSON"
    stages = ("deploy", "operate")
    tool_name = "Docker Bench"
    mapping = {
        "kind": "resource",
        "rule_id": "tests[].results[].id",
        "title": "id and desc",
        "severity": "medium: Docker Bench gives none",
        "severity_source": "result",
        "location.resource": "desc of the section",
        "description": "details, items",
        "remediation": "remediation, remediation-impact",
        "outcomes": "results PASS, INFO and NOTE",
        "tool_version": "dockerbenchsecurity",
        "scanned_at": "end",
    }
    notes = "Only WARN is a finding: Docker Bench knows no failure."

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"dockerbenchsecurity", "tests"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "tests", null=True)
        top = header(members, "dockerbenchsecurity", "end")
        report = ParsedReport(
            iter(()),
            self.tool_name,
            tool_version=top.text("dockerbenchsecurity")[:120],
            scanned_at=moment(top.number("end")),
            outcomes={},
        )
        report.findings = _findings(raws, report)
        return report


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for section, _ in nodes(raws, report.warnings, "/tests"):
        for result in section.objects("results"):
            word = result.text("result").upper()
            if word == "WARN":
                yield _finding(result, section.text("desc"))
            else:
                name = {"PASS": "passed"}.get(word, word.lower() or "other")
                outcomes[name] = outcomes.get(name, 0) + 1


def _finding(result: Node, section: str) -> ParsedFinding:
    raw = scrub(msgspec.json.encode(result.value))
    result = Node(msgspec.json.decode(raw))
    number, what = result.text("id"), result.text("desc")
    rule = named(number, what)
    advice = [result.text("remediation"), result.text("remediation-impact")]
    items = result.texts("items")
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        title=named(f"{number} {what}".strip(), rule),
        severity=Severity.MEDIUM,
        severity_source=result.text("result"),
        location=Location(resource=section),
        description="\n".join(filter(None, [result.text("details"), ", ".join(items)])),
        remediation="\n\n".join(filter(None, advice)),
        tags=tags(section),
        raw=raw,
    )
