"""ScoutSuite: the configuration of cloud accounts."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import severity
from apps.scans.formats.decode import body, loose
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node
from apps.scans.formats.text import from_html, links, moment, named, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
)

_PREFIX = b"scoutsuite_results"
MAX_ITEMS = 100


class ScoutSuite(Format):
    """scoutsuite_results_*.js, or the JSON in it."""

    slug = "scoutsuite"
    name = "ScoutSuite"
    stages = ("operate", "deploy")
    tool_name = "ScoutSuite"
    mapping = {
        "kind": "resource",
        "rule_id": "the key in services.*.findings",
        "title": "description",
        "severity": "level: danger high, warning medium",
        "location.resource": "account_id and the service",
        "description": "rationale, the first 100 items flagged",
        "remediation": "remediation",
        "references": "references",
        "tags": "service, the names in compliance",
        "outcomes": "rules that flagged nothing",
        "tool_version": "last_run.version",
        "scanned_at": "last_run.time",
    }
    notes = "One finding per rule that flagged something, with the items it flagged."

    def detect(self, head: Head) -> bool:
        own = {"account_id", "services"} <= head.keys and "last_run" in head.keys
        return head.prefix.lstrip().startswith(_PREFIX) or own

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        start = bytes(view[:1024])
        if start.lstrip().startswith(_PREFIX) and b"{" in start:
            view = view[start.index(b"{") :]
        report = Node(loose(view))
        if not isinstance(report.at("services").value, dict):
            raise FormatError("wrong-type", "There is no object `services`.", "/services")
        run, outcomes = report.at("last_run"), dict[str, int]()
        return ParsedReport(
            findings=_findings(report, outcomes),
            tool_name=self.tool_name,
            tool_version=run.text("version")[:120],
            scanned_at=moment(run.text("time")),
            outcomes=outcomes,
        )


def _findings(report: Node, outcomes: dict[str, int]) -> Iterator[ParsedFinding]:
    account = report.text("account_id")
    for service, content in report.members("services").items():
        for rule, finding in content.members("findings").items():
            if (finding.number("flagged_items") or 0) > 0:
                yield _finding(finding, rule, service, account)
            else:
                outcomes["passed"] = outcomes.get("passed", 0) + 1


def _finding(finding: Node, rule: str, service: str, account: str) -> ParsedFinding:
    raw = scrub(msgspec.json.encode({rule: finding.value}))
    finding = Node(msgspec.json.decode(raw)).at(rule) or finding
    items, word = finding.texts("items"), finding.text("level")
    shown = "\n".join(["Flagged:", *items[:MAX_ITEMS]]) if items else ""
    more = f"and {len(items) - MAX_ITEMS} more" if len(items) > MAX_ITEMS else ""
    known = [
        " ".join([one.text("name"), one.text("reference")]) for one in finding.objects("compliance")
    ]
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=named(rule),
        title=named(finding.text("description"), rule),
        severity=severity.from_word(word),
        severity_source=word,
        location=Location(resource="/".join(filter(None, [account, service]))),
        description="\n\n".join(filter(None, [from_html(finding.text("rationale")), shown, more])),
        remediation=from_html(finding.text("remediation")),
        references=links(finding.texts("references")),
        tags=tags(service, known[:20]),
        raw=raw,
    )
