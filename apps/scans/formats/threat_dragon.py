"""OWASP Threat Dragon models, version 1 and 2."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import severity
from apps.scans.formats.decode import loose_document
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node
from apps.scans.formats.text import named, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
)

_SETTLED = {"mitigated", "n/a", "na", "not applicable"}


class ThreatDragon(Format):
    """A model: its threats are the findings."""

    slug = "threat-dragon"
    name = "OWASP Threat Dragon"
    stages = ("plan",)
    tool_name = "OWASP Threat Dragon"
    mapping = {
        "kind": "threat",
        "rule_id": "type (STRIDE, LINDDUN, CIA, ...)",
        "title": "title",
        "severity": "severity; TBD is medium",
        "location.resource": "name of the element and of its diagram",
        "description": "description",
        "remediation": "mitigation",
        "tags": "modelType, the kind of element, status",
        "suppressed": "status Mitigated or N/A",
        "tool_fingerprint": "id, where version 2 writes one",
        "tool_version": "version",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"summary", "detail"} <= head.keys and (
            head.has("detail.diagrams") or head.has("summary.title")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        model = Node(loose_document(data))
        if not isinstance(model.at("detail").value, dict):
            raise FormatError("wrong-type", "There is no object `detail`.", "/detail")
        return ParsedReport(
            findings=_findings(model),
            tool_name=self.tool_name,
            tool_version=model.text("version")[:120],
        )


def _findings(model: Node) -> Iterator[ParsedFinding]:
    for diagram in model.objects("detail", "diagrams"):
        title = diagram.text("title")
        cells = [*diagram.objects("cells"), *diagram.objects("diagramJson", "cells")]
        for cell in cells:
            data = cell.at("data")
            listed = data if isinstance(data.at("threats").value, list) else cell
            for threat in listed.objects("threats"):
                yield _finding(threat, cell, title)


def _finding(threat: Node, cell: Node, diagram: str) -> ParsedFinding:
    raw = scrub(msgspec.json.encode(threat.value))
    threat = Node(msgspec.json.decode(raw))
    status, word = threat.text("status"), threat.text("severity")
    rule = named(threat.text("type"), threat.text("modelType"), "threat")
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=rule,
        title=named(threat.text("title"), threat.text("description"), rule),
        severity=severity.from_word(word) if word else severity.MEDIUM,
        severity_source=word,
        location=Location(resource=" / ".join(filter(None, [diagram, _element(cell)]))),
        description=threat.text("description"),
        remediation=threat.text("mitigation"),
        tags=tags(threat.text("modelType"), _shape(cell), status.lower()),
        tool_fingerprint=threat.text("id"),
        suppressed=status if status.lower() in _SETTLED else "",
        raw=raw,
    )


def _element(cell: Node) -> str:
    name = cell.text("data", "name") or cell.text("attrs", "text", "text")
    labels = cell.at("labels", 0, "attrs", "label", "text").text()
    return " ".join((name or labels).split())


def _shape(cell: Node) -> str:
    return (cell.text("shape") or cell.text("type")).removeprefix("tm.").lower()
