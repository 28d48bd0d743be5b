"""pip-audit."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import packages
from apps.scans.formats.decode import body, first_char, listing, root_elements, warn
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport


class PipAudit(Format):
    """`pip-audit -f json`: an array of dependencies, or an object with them."""

    slug = "pip-audit"
    name = "pip-audit JSON"
    stages = ("build", "code")
    tool_name = "pip-audit"
    empty_roots = ("[]",)
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulns[].id and aliases",
        "title": "the vulnerability and the package",
        "severity": "medium: pip-audit gives none",
        "location.purl": "name and version",
        "description": "vulns[].description",
        "fixed_version": "vulns[].fix_versions",
        "vulnerabilities": "vulns[].id, aliases",
        "outcomes": "dependencies that were looked at",
    }

    def detect(self, head: Head) -> bool:
        old = head.root == "[" and {"name", "version", "vulns"} <= head.keys
        alone = head.keys <= {"dependencies", "fixes"} and "dependencies" in head.keys
        empty = head.root == "{" and alone and len(head.values) <= 2
        return old or empty or (head.root == "{" and head.has("dependencies.vulns"))

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        is_object = first_char(view) == "{"
        raws = listing(view, "dependencies")[0] if is_object else root_elements(view)
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(raws, report)
        return report


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    count = 0
    for dependency, _ in nodes(raws, report.warnings, "/dependencies"):
        if reason := dependency.text("skip_reason"):
            warn(report.warnings, f"{dependency.text('name')} was skipped: {reason}")
        count += 1
        for item in dependency.objects("vulns"):
            yield _finding(item, dependency)
    report.outcomes = {"dependencies": count} if count else {}


def _finding(item: Node, dependency: Node) -> ParsedFinding:
    return packages.finding(
        identifiers=[item.text("id"), *item.texts("aliases")],
        name=dependency.text("name"),
        version=dependency.text("version"),
        ecosystem="pypi",
        description=item.text("description"),
        fixed=item.text("fix_versions"),
        raw=scrub(msgspec.json.encode({"name": dependency.at("name").value,
                                       "version": dependency.at("version").value,
                                       "vuln": item.value})),
    )  # fmt: skip
