"""OSV-Scanner: lock files, bills of materials and images against osv.dev."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import packages
from apps.scans.formats.decode import listing
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus


class OsvScanner(Format):
    """`osv-scanner --format json`."""

    slug = "osv-scanner"
    name = "OSV-Scanner JSON"
    stages = ("build", "code")
    tool_name = "OSV-Scanner"
    empty_roots = ("",)
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of id and aliases",
        "title": "the vulnerability and the package",
        "severity": "critical for malicious packages (MAL-), database_specific.severity, else CVSS",
        "location.purl": "package.ecosystem, name and version",
        "location.path": "source.path",
        "description": "summary, details",
        "fixed_version": "the fixed events of affected[] for this package",
        "cwes": "database_specific.cwe_ids",
        "vulnerabilities": "id, aliases, upstream",
        "cvss_vector": "severity[].score",
        "references": "references[].url",
        "tags": "ecosystem, dependency groups, withdrawn",
        "status": "unknown for 0 bytes, which older versions write when nothing is found",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "results" in head.keys and (
            head.has("results.packages") or {"results", "experimental_config"} <= head.keys
            or (head.values.get("results") == "" and head.has("results.source.type"))
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        if not bytes(data[:1024]).strip() and len(data) <= 1024:
            return ParsedReport(
                iter(()),
                self.tool_name,
                status=ScanStatus.UNKNOWN,
                status_reason="The file is empty.",
            )
        raws, _ = listing(data, "results", null=True)
        return ParsedReport(
            findings=_findings(raws, warnings), tool_name=self.tool_name, warnings=warnings
        )


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for result, _ in nodes(raws, warnings, "/results"):
        path = result.text("source", "path")
        for package in result.objects("packages"):
            for item in package.objects("vulnerabilities"):
                yield _finding(item, package, path)


def _finding(item: Node, package: Node, path: str) -> ParsedFinding:
    what, special = package.at("package"), item.at("database_specific")
    summary, details = item.text("summary"), item.text("details")
    return packages.finding(
        identifiers=[item.text("id"), *item.texts("aliases"), *item.texts("upstream")],
        name=what.text("name"),
        version=what.text("version"),
        ecosystem=what.text("ecosystem"),
        path=path,
        word="critical" if item.text("id").startswith("MAL-") else special.text("severity"),
        vectors=[score.text("score") for score in item.objects("severity")],
        title=summary,
        description=details or summary,
        fixed=", ".join(_fixes(item, what.text("name"))),
        cwes=special.texts("cwe_ids"),
        references=[reference.text("url") for reference in item.objects("references")],
        labels=[
            what.text("ecosystem"),
            package.texts("dependency_groups"),
            "withdrawn" if item.text("withdrawn") else "",
        ],
        raw=scrub(msgspec.json.encode(item.value)),
    )


def _fixes(item: Node, name: str) -> list[str]:
    return list(
        dict.fromkeys(
            fixed
            for affected in item.objects("affected")
            if affected.text("package", "name") == name
            for versions in affected.objects("ranges")
            if versions.text("type") != "GIT"
            for event in versions.objects("events")
            if (fixed := event.text("fixed"))
        )
    )
