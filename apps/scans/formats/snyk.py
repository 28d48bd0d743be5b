"""Snyk Open Source, Container and Infrastructure as Code."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import packages, severity
from apps.scans.formats.decode import array, body, first_char, members, root_elements, warn
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, named, paragraphs, positive, slash_path, tags
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


class Snyk(Format):
    """`snyk test`, `snyk container test` and `snyk iac test` with --json: one project, or an array
    of them."""

    slug = "snyk"
    name = "Snyk JSON"
    stages = ("build", "code")
    tool_name = "Snyk"
    mapping = {
        "kind": "package; resource for infrastructure as code",
        "rule_id": "the canonical id of identifiers.CVE, identifiers.GHSA and id; publicId",
        "title": "the vulnerability and the package",
        "severity": "severity",
        "location.purl": "packageManager or language, packageName, version",
        "location.path": "displayTargetFile, targetFile; lineNumber",
        "location.resource": "projectName, else path; msg",
        "description": "title, the overview of description, the path that brings the package in",
        "remediation": "fixedIn, upgradePath, the remediation of description",
        "cwes": "identifiers.CWE",
        "cvss_vector": "CVSSv4, CVSSv3, cvssDetails[].cvssV3Vector",
        "references": "references[].url",
        "tags": "exploit, licence issues",
        "status": "failed if a project has an error",
    }
    notes = (
        "The applications that a container test finds in an image are read as projects of their "
        "own. Snyk Code writes SARIF: send it as `sarif`."
    )

    def detect(self, head: Head) -> bool:
        own = {"vulnerabilities", "packageManager"} <= head.keys and (
            not {"dependencyCount", "projectName", "ok", "summary"}.isdisjoint(head.keys)
        )
        shaped = head.has("vulnerabilities.identifiers", "vulnerabilities.packageName")
        failed = {"ok", "error", "path"} <= head.keys
        return own or shaped or failed or "infrastructureAsCodeIssues" in head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        report = ParsedReport(iter(()), self.tool_name)
        if first_char(view) == "{":
            projects = [members(view)]
        else:
            raws = root_elements(view)
            projects = [members(raw) for raw in raws if first_char(raw) == "{"]
        projects += [
            members(raw)
            for project in projects
            for raw in array(project, "applications")
            if first_char(raw) == "{"
        ]
        for project in projects:
            top = header(project, "error", "path")
            if error := top.text("error"):
                report.status, report.status_reason = ScanStatus.FAILED, error[:300]
                warn(report.warnings, f"{top.text('path')}: {error}")
        if not any(_MEMBERS & project.keys() for project in projects):
            raise FormatError("wrong-type", "There is no array `vulnerabilities`.")
        report.findings = _findings(projects, report.warnings)
        return report


_ISSUES = "infrastructureAsCodeIssues"
_MEMBERS = {"vulnerabilities", "error", _ISSUES}


def _findings(projects: list[dict[str, Raw]], warnings: list[str]) -> Iterator[ParsedFinding]:
    for index, project in enumerate(projects):
        top = header(
            project, "projectName", "displayTargetFile", "targetFile", "packageManager", "path"
        )
        where = f"/{index}/vulnerabilities"
        for item, raw in nodes(array(project, "vulnerabilities"), warnings, where):
            yield _finding(item, top, raw)
        for item, raw in nodes(array(project, _ISSUES), warnings, f"/{index}/{_ISSUES}"):
            yield _issue(item, top, raw)


def _finding(item: Node, top: Node, raw: bytes) -> ParsedFinding:
    names, texts = item.at("identifiers"), _sections(item.text("description"))
    brought = " > ".join(item.texts("from"))
    fixed = item.text("fixedIn")
    finding = packages.finding(
        identifiers=[item.text("id"), *names.texts("CVE"), *names.texts("GHSA")],
        name=item.first("packageName", "moduleName", "name"),
        version=item.text("version"),
        ecosystem=item.text("packageManager")
        or top.text("packageManager")
        or item.text("language"),
        target=top.text("projectName") or top.text("path"),
        path=top.text("displayTargetFile"),
        word=item.text("severityWithCritical") or item.text("severity"),
        score=item.number("cvssScore"),
        vectors=[
            item.text("CVSSv4"),
            item.text("CVSSv3"),
            *(one.text("cvssV3Vector") for one in item.objects("cvssDetails")),
        ],
        title=item.text("title"),
        description="\n\n".join(
            filter(None, [texts.get("overview", ""), f"Brought in by {brought}" if brought else ""])
        ),
        fixed=fixed,
        remediation=texts.get("remediation", ""),
        cwes=names.texts("CWE"),
        references=[one.text("url") for one in item.objects("references")],
        labels=[item.text("exploit"), "licence" if item.text("type") == "license" else ""],
        raw=raw,
    )
    suppressed = "ignored" if item.at("filtered", "ignored") else ""
    return msgspec.structs.replace(finding, suppressed=suppressed)


def _issue(item: Node, top: Node, raw: bytes) -> ParsedFinding:
    rule, word = named(item.first("publicId", "id"), item.text("title")), item.text("severity")
    advice = item.text("remediation", "terraform") or item.first("resolve", "remediation")
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        title=named(item.text("title"), rule),
        severity=severity.from_word(word),
        severity_source=word,
        location=Location(
            path=slash_path(top.first("displayTargetFile", "targetFile")),
            line=positive(item.at("lineNumber").value),
            resource=item.text("msg"),
        ),
        description=paragraphs(item.text("issue"), item.text("impact")),
        remediation=advice or item.text("iacDescription", "resolve"),
        references=links(item.text("documentation"), item.texts("references")),
        tags=tags(item.text("subType"), top.text("packageManager")),
        suppressed="ignored" if item.flag("isIgnored") else "",
        raw=raw,
    )


def _sections(markdown: str) -> dict[str, str]:
    """The parts of Snyk's description by their headings, lower case."""
    found: dict[str, str] = {}
    for part in ("\n" + markdown).split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        found.setdefault(heading.strip().lower(), text.strip())
    return found or {"overview": markdown}
