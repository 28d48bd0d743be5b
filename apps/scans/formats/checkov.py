"""Checkov: infrastructure as code, images, pipelines."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import masking, packages, severity
from apps.scans.formats.decode import body, elements, first_char, members
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, named, positive, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)


class Checkov(Format):
    """JSON of one framework (an object), of several (an array), or the bare counters of none."""

    slug = "checkov"
    name = "Checkov JSON"
    stages = ("deploy", "code", "build")
    tool_name = "Checkov"
    empty_roots = ("[]",)
    mapping = {
        "kind": "resource; secret for the secrets framework; package for sca_package",
        "rule_id": "check_id",
        "title": "check_name",
        "severity": "severity, which only the platform's account fills in, else medium",
        "location.path": "file_path (repo_file_path)",
        "location.line": "file_line_range",
        "location.resource": "resource",
        "description": "details, evaluated_keys",
        "references": "guideline",
        "tags": "check_type, bc_check_id",
        "suppressed": "skipped checks are outcomes, they are no findings",
        "outcomes": "passed_checks, skipped_checks, parsing_errors",
        "tool_version": "summary.checkov_version",
        "status": "unknown if there are bare counters with no resource, or only parsing errors",
    }

    def detect(self, head: Head) -> bool:
        counters = {"passed", "failed", "checkov_version"} <= head.keys
        return counters or {"check_type", "results", "summary"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        roots = elements(view) if first_char(view) == "[" else [members(view)]
        frameworks = [
            root if isinstance(root, dict) else members(root)
            for root in roots
            if isinstance(root, dict) or first_char(root) == "{"
        ]
        if frameworks and not any("results" in f or "checkov_version" in f for f in frameworks):
            raise FormatError("wrong-type", "There is no object `results`.", "/results")
        report = ParsedReport(findings=iter(()), tool_name=self.tool_name, outcomes={})
        _read_summary(frameworks, report)
        report.findings = self._findings(frameworks, report)
        return report

    def _findings(
        self, frameworks: list[dict[str, Raw]], report: ParsedReport
    ) -> Iterator[ParsedFinding]:
        for index, framework in enumerate(frameworks):
            kind = header(framework, "check_type").text("check_type")
            results = framework.get("results", Raw(b"{}"))
            groups = members(results) if first_char(results) == "{" else {}
            failed = groups.get("failed_checks", Raw(b"[]"))
            listed = elements(failed) if first_char(failed) == "[" else []
            for check, raw in nodes(listed, report.warnings, f"/{index}/results/failed_checks"):
                yield self._finding(check, kind, raw)

    def _finding(self, check: Node, framework: str, raw: bytes) -> ParsedFinding:
        if check.at("vulnerability_details"):
            return _package(check, raw)
        rule = named(check.text("check_id"), check.text("check_name"))
        location = _location(check)
        fingerprint = ""
        if framework == "secrets":
            snippet = masking.digest(_code(check), self.salt) if _code(check) else ""
            fingerprint = check.text("resource") or snippet
            raw = masking.concealed_json(
                check.value, [], frozenset({"code_block", "fixed_definition"})
            )
        return ParsedFinding(
            kind=Kind.SECRET if framework == "secrets" else Kind.RESOURCE,
            rule_id=rule,
            title=named(check.text("check_name"), rule),
            severity=severity.from_word(check.text("severity") or "medium"),
            severity_source=check.text("severity"),
            location=location,
            description=_description(check),
            references=links(check.text("guideline")),
            tags=tags(framework, check.text("bc_check_id")),
            tool_fingerprint=fingerprint,
            raw=raw,
        )


def _read_summary(frameworks: list[dict[str, Raw]], report: ParsedReport) -> None:
    outcomes: dict[str, int] = {}
    checked = False
    for framework in frameworks:
        found = header(framework, "summary", "checkov_version", "resourcecount", "parsingerrors")
        bare = "checkov_version" in framework
        summary = found if bare else found.at("summary")
        report.tool_version = report.tool_version or summary.text("checkov_version")[:120]
        for name in ("passed", "skipped", "parsing_errors"):
            count = int(summary.number(name) or 0)
            outcomes[name.replace("_", " ")] = outcomes.get(name.replace("_", " "), 0) + count
        checked = checked or not bare
    report.outcomes = {name: count for name, count in outcomes.items() if count}
    if not checked:
        report.status = ScanStatus.UNKNOWN
        report.status_reason = "Checkov found nothing that it could check."


def _location(check: Node) -> Location:
    return Location(
        path=check.text("file_path") or check.text("repo_file_path"),
        line=positive(check.at("file_line_range", 0).value),
        end_line=positive(check.at("file_line_range", 1).value),
        resource=check.text("resource"),
    )


def _code(check: Node) -> str:
    return "".join(line.text(1) for line in check.items("code_block"))


def _description(check: Node) -> str:
    keys = check.at("check_result").texts("evaluated_keys")
    looked_at = f"Looked at: {', '.join(keys)}" if keys else ""
    return "\n\n".join(filter(None, ["\n".join(check.texts("details")), looked_at]))


def _package(check: Node, raw: bytes) -> ParsedFinding:
    details = check.at("vulnerability_details")
    return packages.finding(
        identifiers=[details.text("id")],
        name=details.text("package_name"),
        version=details.text("package_version"),
        ecosystem=details.text("package_type") or check.text("file_path").rpartition(".")[2],
        path=check.text("file_path"),
        word=check.text("severity") or details.text("severity"),
        score=details.text("cvss") or None,
        vectors=[details.text("vector")],
        description=details.text("description"),
        fixed=details.text("lowest_fixed_version"),
        references=[details.text("link")],
        raw=raw,
    )
