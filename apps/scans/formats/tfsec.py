"""tfsec: Terraform."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import severity
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import links, links_in, named, positive, slash_path, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport

_LEVELS = {"ERROR": severity.HIGH, "WARNING": severity.MEDIUM, "INFO": severity.LOW}
_PASSED = {"passed", "ignored"}


class Tfsec(Format):
    """`tfsec --format json`."""

    slug = "tfsec"
    name = "tfsec JSON"
    stages = ("deploy", "code")
    tool_name = "tfsec"
    mapping = {
        "kind": "resource",
        "rule_id": "long_id, else rule_id",
        "title": "rule_description",
        "severity": "severity; ERROR high, WARNING medium, INFO low of older versions",
        "location.path": "location.filename, start_line, end_line",
        "location.resource": "resource, else the name quoted in description",
        "description": "description, impact",
        "remediation": "resolution",
        "references": "links, link",
        "tags": "rule_provider, rule_service",
        "outcomes": "results whose status is passed or ignored",
    }
    notes = (
        "`passed` of the older versions is true for every result that they print, and is not read."
    )

    def detect(self, head: Head) -> bool:
        result = head.has("results.rule_id", "results.rule_provider")
        empty = head.root == "{" and head.keys == {"results"} and len(head.values) == 1
        return head.root == "{" and (result or empty)

    def parse(self, data: memoryview) -> ParsedReport:
        raws, _ = listing(data, "results", null=True)
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(raws, report)
        return report


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for result, raw in nodes(raws, report.warnings, "/results"):
        status = result.text("status")
        if status in _PASSED:
            outcomes[status] = outcomes.get(status, 0) + 1
        else:
            yield _finding(result, raw)


def _finding(result: Node, raw: bytes) -> ParsedFinding:
    text, word = result.text("description"), result.text("severity")
    rule = named(result.text("long_id"), result.text("rule_id"), text)
    quoted = text.partition("'")[2].partition("'")[0] if text.startswith("Resource '") else ""
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        title=named(result.text("rule_description"), text, rule),
        severity=_LEVELS.get(word, severity.from_word(word)),
        severity_source=word,
        location=Location(
            path=slash_path(result.text("location", "filename")),
            line=positive(result.at("location", "start_line").value),
            end_line=positive(result.at("location", "end_line").value),
            resource=result.text("resource") or quoted,
        ),
        description="\n\n".join(filter(None, [text, result.text("impact")])),
        remediation=result.text("resolution"),
        references=links(result.texts("links"), links_in(result.text("link"))),
        tags=tags(result.text("rule_provider"), result.text("rule_service")),
        raw=raw,
    )
