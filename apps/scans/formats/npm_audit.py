"""npm audit: version 1 (npm 6, pnpm, Yarn 2 and 3) and version 2 (npm 7 and newer) of its JSON, and
the lines of Yarn 1 and 4."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, packages
from apps.scans.formats.decode import first_char, loose, members, root_members, values
from apps.scans.formats.head import read_head
from apps.scans.formats.headway import passed
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)


class NpmAudit(Format):
    """`npm audit`, `pnpm audit`, `yarn audit` and `yarn npm audit`, with --json."""

    slug = "npm-audit"
    name = "npm audit JSON"
    stages = ("build", "code")
    tool_name = "npm audit"  # "Yarn audit" for the lines of Yarn
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of the advisories: cves, GHSA in url, else the advisory's number",
        "title": "the vulnerability and the package",
        "severity": "severity",
        "location.purl": "module_name and findings[0].version; name and range",
        "location.logical": "findings[0].paths[0]; nodes[0]",
        "description": "title, overview; the titles in via and the packages that bring it in",
        "remediation": "recommendation; fixAvailable",
        "fixed_version": "patched_versions; fixAvailable.version",
        "cwes": "cwe; via[].cwe",
        "cvss_vector": "cvss.vectorString; via[].cvss.vectorString",
        "references": "url, references; via[].url",
        "status": "failed if the root has an error, or a line of Yarn is one",
    }
    notes = (
        "Version 2 lists packages, not advisories: one finding per package, with all its "
        "advisories. A "
        "package that only brings in a vulnerable one is a finding too, as npm counts it. Yarn 1 "
        "repeats an advisory for each way in which a package comes in: one finding. Yarn 4 lists "
        "deprecated packages too: an outcome, no finding."
    )

    def detect(self, head: Head) -> bool:
        if head.root != "{" or {"bomFormat", "scan", "document", "runs"} & head.keys:
            return False
        version1 = {"advisories", "metadata"} <= head.keys
        version2 = {"auditReportVersion", "vulnerabilities"} <= head.keys
        failed = head.has("error.code", "error.summary")
        return version1 or version2 or failed or _is_yarn(head)

    def parse(self, data: memoryview) -> ParsedReport:
        if _is_yarn(read_head(data)):
            yarn = ParsedReport(iter(()), "Yarn audit", outcomes={})
            yarn.findings = _lines(data, yarn)
            return yarn
        found, warnings = root_members(data), list[str]()
        error = Node(loose(found.get("error", Raw(b"null"))))
        if error:
            return ParsedReport(
                iter(()),
                self.tool_name,
                status=ScanStatus.FAILED,
                status_reason=(error.text("summary") or "npm reports an error.")[:300],
            )
        name = next((n for n in ("advisories", "vulnerabilities") if n in found), None)
        if name is None or first_char(found[name]) != "{":
            raise FormatError("wrong-type", "There is no object `advisories` or `vulnerabilities`.")
        entries = members(found[name], f"/{name}")
        return ParsedReport(_findings(name, entries), self.tool_name, warnings=warnings)


def _is_yarn(head: Head) -> bool:
    """Lines of Yarn: advisories of version 1, perhaps after what it has to say, or those of 4."""
    kinds = {"auditAdvisory", "auditSummary", "warning", "error", "info"}
    old = head.keys == {"type", "data"} and head.values.get("type") in kinds
    return old or head.has("value", "children.Issue", "children.Severity")


def _lines(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    seen, deprecated = set[tuple[str, str]](), 0
    for item, raw in value_nodes(values(data), report.warnings, ("type", "value")):
        if issue := item.at("children"):
            if issue.text("ID").endswith("(deprecation)"):
                deprecated += 1
                report.outcomes = {"deprecated": deprecated}
            else:
                yield _issue(item.text("value"), issue, raw)
        elif item.text("type") == "auditAdvisory":
            advisory = item.at("data", "advisory")
            key = (advisory.text("id"), advisory.text("findings", 0, "version"))
            if key not in seen:
                seen.add(key)
                yield _advisory(advisory, key[0], raw)
        elif item.text("type") == "error":
            report.status = ScanStatus.FAILED
            report.status_reason = item.text("data")[:300] or "Yarn reports an error."


def _issue(name: str, item: Node, raw: bytes) -> ParsedFinding:
    """A line of Yarn 4: an advisory and the versions of the package that it is about."""
    versions, url = item.texts("Tree Versions"), item.text("URL")
    return packages.finding(
        identifiers=[*ids.vulnerabilities_in(url), f"NPM-{item.text('ID')}"],
        name=name,
        version=versions[0] if versions else "",
        ecosystem="npm",
        word=item.text("Severity"),
        title=item.text("Issue"),
        description=_brought_in_by(item.texts("Dependents")),
        references=[url],
        labels=[item.text("Vulnerable Versions")],
        also_affects=[ids.make_purl("npm", name, version) for version in versions[1:]],
        raw=raw,
    )


def _brought_in_by(dependents: list[str]) -> str:
    return f"Brought in by {', '.join(dependents[:20])}" if dependents else ""


def _findings(name: str, entries: dict[str, Raw]) -> Iterator[ParsedFinding]:
    read = _advisory if name == "advisories" else _package
    for key, raw in entries.items():
        record = scrub(bytes(raw))
        passed(len(record))
        yield read(Node(loose(record, f"/{name}/{key}")), key, record)


def _advisory(item: Node, key: str, raw: bytes) -> ParsedFinding:
    found = item.at("findings", 0)
    url = item.text("url")
    finding = packages.finding(
        identifiers=[
            *item.texts("cves"),
            *ids.vulnerabilities_in(url),
            f"NPM-{item.text('id') or key}",
        ],
        name=item.text("module_name"),
        version=found.text("version"),
        ecosystem="npm",
        word=item.text("severity"),
        vectors=[item.text("cvss", "vectorString")],
        title=item.text("title"),
        description=item.text("overview"),
        fixed=item.text("patched_versions").replace("<0.0.0", ""),
        remediation=item.text("recommendation"),
        cwes=item.at("cwe").value,
        references=[url, *item.text("references").split()],
        raw=raw,
    )
    return _at(finding, found.text("paths", 0))


def _at(finding: ParsedFinding, way: str) -> ParsedFinding:
    """With the way in which the package comes in: it changes with the tree, the finding does not."""
    location = msgspec.structs.replace(finding.location, logical=way)
    return msgspec.structs.replace(finding, location=location)


def _package(item: Node, key: str, raw: bytes) -> ParsedFinding:
    via = item.objects("via")
    through = [one.text() for one in item.items("via") if one.text()]
    name = item.text("name") or key
    known = [i for one in via for i in ids.vulnerabilities_in(one.text("url"))]
    numbers = [f"NPM-{one.text('source')}" for one in via if one.text("source")]
    fix = item.at("fixAvailable")
    brought = f"Brought in by its dependencies: {', '.join(through)}" if through else ""
    titles = [one.text("title") for one in via]
    finding = packages.finding(
        identifiers=[*known, *numbers] or [f"npm:{name}"],
        name=name,
        ecosystem="npm",
        word=item.text("severity"),
        score=via[0].text("cvss", "score") if len(via) == 1 else None,
        vectors=[one.text("cvss", "vectorString") for one in via],
        title=next(filter(None, titles), ""),
        description="\n".join(dict.fromkeys(filter(None, [*titles, brought]))),
        remediation=_fix(fix),
        cwes=[one.at("cwe").value for one in via],
        references=[one.text("url") for one in via],
        labels=["direct" if item.flag("isDirect") else "transitive", item.text("range")],
        raw=raw,
    )
    finding = msgspec.structs.replace(finding, vulnerabilities=ids.vulnerabilities(known, numbers))
    return _at(finding, item.text("nodes", 0))


def _fix(fix: Node) -> str:
    if fix.text("name"):
        major = " (a breaking change)" if fix.flag("isSemVerMajor") else ""
        return f"Upgrade {fix.text('name')} to {fix.text('version')}{major}."
    return "Run npm audit fix." if fix.value is True else ""
