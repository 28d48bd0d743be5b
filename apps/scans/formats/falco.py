"""Falco: what processes and clusters did that they should not."""

import datetime as dt
from collections.abc import Iterator

from apps.scans.formats import severity
from apps.scans.formats.decode import values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import first_line, moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

_PRIORITIES = {
    "EMERGENCY": Severity.CRITICAL,
    "ALERT": Severity.CRITICAL,
    "CRITICAL": Severity.CRITICAL,
    "ERROR": Severity.HIGH,
    "WARNING": Severity.MEDIUM,
    "NOTICE": Severity.LOW,
    "INFORMATIONAL": Severity.NONE,
    "INFO": Severity.NONE,
    "DEBUG": Severity.NONE,
}


class Falco(Format):
    """JSON output: one event, lines of them, or an array."""

    slug = "falco"
    name = "Falco events"
    stages = ("monitor",)
    tool_name = "Falco"
    mapping = {
        "kind": "alert",
        "rule_id": "rule",
        "title": "rule",
        "severity": "priority: emergency to critical, error high, warning medium, notice low",
        "location.host": "hostname",
        "location.resource": "output_fields: k8s namespace and pod, else container, else ka.target",
        "location.logical": "output_fields: proc.name or ka.verb, user.name or ka.user.name",
        "description": "output",
        "tags": "tags, source",
        "occurred_at": "time, else output_fields evt.time",
    }
    notes = "Events are read as a partial report: what is not in the next one is not over."

    def detect(self, head: Head) -> bool:
        return {"rule", "priority", "output"} <= head.keys and (
            "output_fields" in head.keys or "time" in head.keys
        )

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        return ParsedReport(
            findings=_findings(data, warnings),
            tool_name=self.tool_name,
            warnings=warnings,
            partial=True,
        )


def _findings(data: memoryview, warnings: list[str]) -> Iterator[ParsedFinding]:
    for event, raw in value_nodes(values(data), warnings, ("rule", "output")):
        yield _finding(event, raw)


def _finding(event: Node, raw: bytes) -> ParsedFinding:
    fields, word = event.at("output_fields"), event.text("priority")
    rule = named(event.text("rule"), first_line(event.text("output")))
    known = _PRIORITIES.get(word.upper())
    return ParsedFinding(
        kind=Kind.ALERT,
        rule_id=rule,
        title=rule,
        severity=severity.from_word(word) if known is None else known,
        severity_source=word,
        location=Location(
            host=event.text("hostname"), resource=_resource(fields), logical=_actor(fields)
        ),
        description=event.text("output"),
        tags=tags(event.texts("tags"), event.text("source")),
        occurred_at=moment(event.text("time")) or _nanoseconds(fields),
        raw=raw,
    )


def _nanoseconds(fields: Node) -> dt.datetime | None:
    number = fields.number("evt.time")
    return moment(number / 1e9) if number is not None and number > 1e15 else None


def _resource(fields: Node) -> str:
    pod = "/".join(filter(None, [fields.text("k8s.ns.name"), fields.text("k8s.pod.name")]))
    kind = "/".join(
        filter(None, [fields.text("ka.target.resource"), fields.text("ka.target.name")])
    )
    return pod or fields.first("container.name", "container.id") or kind


def _actor(fields: Node) -> str:
    what, who = fields.first("proc.name", "ka.verb"), fields.first("user.name", "ka.user.name")
    return " by ".join(filter(None, [what, who]))
