"""Kubescape: clusters and manifests against the NSA, MITRE and CIS controls."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import severity
from apps.scans.formats.decode import array, listing
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, slash_path, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)


class Kubescape(Format):
    """`kubescape scan --format json`, versions 2 and 3."""

    slug = "kubescape"
    name = "Kubescape JSON"
    stages = ("deploy", "operate")
    tool_name = "Kubescape"
    mapping = {
        "kind": "resource",
        "rule_id": "results[].controls[].controlID",
        "title": "name of the control",
        "severity": (
            "severity of the control, else scoreFactor of the summary: from 9 critical, "
            "from 7 high, from 4 medium, else low"
        ),
        "severity_source": "severity or scoreFactor",
        "location.resource": "resourceID",
        "location.path": "sourcePath or source.relativePath of the resource",
        "description": "the failed rules and paths",
        "remediation": "the fix paths",
        "references": "the control's page",
        "suppressed": "subStatus: with exceptions",
        "outcomes": "controls passed and skipped, once per resource",
        "tool_version": "metadata.scanMetadata.kubescapeVersion",
        "scanned_at": "generationTime",
    }
    notes = (
        "One finding per control that fails on a resource. Older files have no status for a "
        "control: "
        "it fails if one of its rules does."
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"results", "resources"} <= head.keys and (
            "summaryDetails" in head.keys or head.has("results.controls")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "results", null=True)
        top = header(members, "metadata", "generationTime", "summaryDetails")
        report = ParsedReport(
            findings=iter(()),
            tool_name=self.tool_name,
            tool_version=top.text("metadata", "scanMetadata", "kubescapeVersion")[:120],
            scanned_at=moment(top.text("generationTime")),
            outcomes={},
        )
        paths = _paths(array(members, "resources"), report.warnings)
        controls = top.members("summaryDetails", "controls")
        report.findings = _findings(raws, controls, paths, report)
        return report


def _paths(raws: list[Raw], warnings: list[str]) -> dict[str, str]:
    """Resource id -> file that it comes from."""
    found: dict[str, str] = {}
    for resource, _ in nodes(raws, warnings, "/resources"):
        path = resource.text("source", "relativePath") or resource.text("object", "sourcePath")
        if path:
            found[resource.text("resourceID")] = slash_path(path)
    return found


def _findings(
    raws: list[Raw], controls: dict[str, Node], paths: dict[str, str], report: ParsedReport
) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for result, _ in nodes(raws, report.warnings, "/results"):
        place = result.text("resourceID")
        location = Location(resource=place, path=paths.get(place, ""))
        for control in result.objects("controls"):
            status = _status(control)
            if status == "failed":
                yield _finding(control, controls, location)
            else:
                outcomes[status] = outcomes.get(status, 0) + 1


def _status(control: Node) -> str:
    """failed, passed or skipped; from the rules where the control has none."""
    own = control.text("status", "status") or control.text("status")
    if own:
        return own
    rules = {rule.text("status") for rule in control.objects("rules")}
    return "failed" if "failed" in rules else "passed"


def _finding(control: Node, summaries: dict[str, Node], location: Location) -> ParsedFinding:
    raw = scrub(msgspec.json.encode(control.value))
    control = Node(msgspec.json.decode(raw))
    rule = named(control.text("controlID"), control.text("name"))
    rated, source = _severity(control, summaries.get(rule, Node({})))
    failed = [one for one in control.objects("rules") if one.text("status") == "failed"]
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        rule_name=control.text("name")[:300],
        title=named(control.text("name"), rule),
        severity=rated,
        severity_source=source,
        location=location,
        description="\n".join(_failed_paths(failed)),
        remediation="\n".join(_fixes(failed)),
        references=links(f"https://kubescape.io/docs/controls/{rule.lower()}/"[:2000]),
        tags=tags([one.text("name") for one in failed]),
        suppressed="exception" if "exception" in control.text("status", "subStatus") else "",
        raw=raw,
    )


def _severity(control: Node, summary: Node) -> tuple[Severity, str]:
    word = control.text("severity") or summary.text("severity")
    if severity.is_word(word):
        return severity.from_word(word), word
    factor = summary.number("scoreFactor") or summary.number("baseScore")
    if factor is None:
        return Severity.MEDIUM, ""
    return max(severity.from_score(factor), Severity.LOW), f"{factor:g}"


def _failed_paths(rules: list[Node]) -> list[str]:
    found = [path.text("failedPath") for rule in rules for path in rule.objects("paths")]
    return [f"Fails at {path}" for path in dict.fromkeys(filter(None, found))]


def _fixes(rules: list[Node]) -> list[str]:
    fixes = [path.at("fixPath") for rule in rules for path in rule.objects("paths")]
    shown = [f"Set {fix.text('path')} to {fix.text('value')}." for fix in fixes if fix.text("path")]
    return list(dict.fromkeys(shown))
