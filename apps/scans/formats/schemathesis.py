"""Schemathesis: an API against its own description (NDJSON events)."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import severity
from apps.scans.formats.decode import values
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)


class Schemathesis(Format):
    """`st run --report ndjson`, version 4."""

    slug = "schemathesis-ndjson"
    name = "Schemathesis NDJSON"
    stages = ("test",)
    tool_name = "Schemathesis"
    mapping = {
        "kind": "test",
        "rule_id": "code of the failure, else its type",
        "title": "operation and title of the failure",
        "severity": "severity of the failure, else medium",
        "location.logical": "operation",
        "description": "message",
        "tags": "name of the check, phase",
        "occurred_at": "timestamp of the scenario",
        "outcomes": "scenarios by their status",
        "tool_version": "Initialize.schemathesis_version",
        "status": "failed on FatalError; unknown if the run did not finish",
    }
    notes = "One finding per operation and kind of failure, however many test cases showed it."

    def detect(self, head: Head) -> bool:
        return head.root == "{" and (
            head.has("Initialize.schemathesis_version") or "ScenarioFinished" in head.keys
        )

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    report.status, report.status_reason = ScanStatus.UNKNOWN, "The run did not finish."
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    seen: set[tuple[str, str]] = set()
    for event, _ in value_nodes(values(data), report.warnings):
        if start := event.at("Initialize"):
            report.tool_version = start.text("schemathesis_version")[:120]
        elif end := event.at("EngineFinished"):
            report.status, report.status_reason = ScanStatus.COMPLETE, ""
            report.scanned_at = moment(end.number("timestamp"))
        elif error := event.at("FatalError"):
            report.status = ScanStatus.FAILED
            report.status_reason = error.text("exception", "message")[:300] or "The run failed."
            return
        elif scenario := event.at("ScenarioFinished"):
            name = {"success": "passed", "failure": "failed"}.get(scenario.text("status"), "other")
            outcomes[name] = outcomes.get(name, 0) + 1
            yield from _scenario(scenario, seen)


def _scenario(scenario: Node, seen: set[tuple[str, str]]) -> Iterator[ParsedFinding]:
    for checks in scenario.members("recorder", "checks").values():
        for check in checks.objects():
            failure = check.at("failure_info", "failure")
            key = (failure.text("operation"), failure.first("code", "type") or check.text("name"))
            if check.text("status") == "failure" and key not in seen:
                seen.add(key)
                yield _finding(check, scenario)


def _finding(check: Node, scenario: Node) -> ParsedFinding:
    raw = scrub_http(msgspec.json.encode(check.value))
    check = Node(msgspec.json.decode(raw))
    failure = check.at("failure_info", "failure")
    operation = failure.text("operation") or scenario.text("recorder", "label")
    rule = named(failure.first("code", "type"), check.text("name"))
    word, title = failure.text("severity"), named(failure.text("title"), rule)
    return ParsedFinding(
        kind=Kind.TEST,
        rule_id=rule,
        rule_name=title,
        title=named(f"{operation}: {title}" if operation else title),
        severity=severity.from_word(word or "medium"),
        severity_source=word,
        location=Location(logical=operation),
        description=failure.text("message"),
        tags=tags(check.text("name"), scenario.text("phase")),
        occurred_at=moment(scenario.number("timestamp")),
        passed=False,
        raw=raw,
    )
