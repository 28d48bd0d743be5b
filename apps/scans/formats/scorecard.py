"""OpenSSF Scorecard: how a project is developed and released."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

BEST = 10
# Scorecard's own risk of each check (docs/checks.md of the project).
_RISKS = {
    "Dangerous-Workflow": Severity.CRITICAL,
    "Webhooks": Severity.CRITICAL,
    **dict.fromkeys(
        ("Binary-Artifacts", "Branch-Protection", "Code-Review", "Dependency-Update-Tool",
         "Maintained", "Signed-Releases", "Token-Permissions", "Vulnerabilities"),
        Severity.HIGH,
    ),
    **dict.fromkeys(("CI-Tests", "CII-Best-Practices", "Contributors", "License"), Severity.LOW),
}  # fmt: skip


class Scorecard(Format):
    """`scorecard --format json`."""

    slug = "scorecard"
    name = "OpenSSF Scorecard JSON"
    stages = ("release", "build", "code")
    tool_name = "Scorecard"
    mapping = {
        "kind": "resource",
        "rule_id": "checks[].name",
        "title": "the check, its score, its reason",
        "severity": (
            "Scorecard's risk of the check, one lower from a score of 5 on; "
            "informational for -1 (inconclusive)"
        ),
        "severity_source": "score",
        "location.resource": "repo.name",
        "description": "reason, details",
        "remediation": "documentation.short",
        "references": "documentation.url",
        "tags": "annotations",
        "outcomes": "checks with the best score",
        "tool_version": "scorecard.version",
        "scanned_at": "date",
        "commit": "repo.commit",
    }
    notes = "A check with the score 10 is passed; one with the score -1 could not be decided."

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"checks", "scorecard", "repo"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "checks", null=True)
        top = header(members, "repo", "scorecard", "date")
        report = ParsedReport(
            findings=iter(()),
            tool_name=self.tool_name,
            tool_version=top.text("scorecard", "version")[:120],
            scanned_at=moment(top.text("date")),
            commit=top.text("repo", "commit")[:64],
            outcomes={},
        )
        report.findings = _findings(raws, top.text("repo", "name"), report)
        return report


def _findings(raws: list[Raw], repo: str, report: ParsedReport) -> Iterator[ParsedFinding]:
    passed = 0
    for check, raw in nodes(raws, report.warnings, "/checks"):
        if (check.number("score") or 0) >= BEST:
            passed += 1
            report.outcomes = {"passed": passed}
        else:
            yield _finding(check, repo, raw)


def _finding(check: Node, repo: str, raw: bytes) -> ParsedFinding:
    name, reason, score = named(check.text("name")), check.text("reason"), check.text("score")
    details = "\n".join(check.texts("details"))
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=name,
        title=named(f"{name}: {reason}" if reason else name),
        severity=_severity(name, check.number("score")),
        severity_source=score,
        location=Location(resource=repo),
        description="\n\n".join(filter(None, [reason, details])),
        remediation=check.text("documentation", "short"),
        references=links(check.text("documentation", "url")),
        tags=tags(check.texts("annotations")),
        raw=raw,
    )


def _severity(name: str, score: float | None) -> Severity:
    if score is None or score < 0:
        return Severity.NONE
    risk = _RISKS.get(name, Severity.MEDIUM)
    return risk if score < 5 else Severity(max(risk - 1, Severity.LOW))
