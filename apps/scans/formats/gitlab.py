"""GitLab security reports: SAST, secrets, dependencies, containers, DAST and fuzzing."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, masking, packages, severity
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import first_line, links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)

_KINDS = {
    "sast": Kind.CODE,
    "secret_detection": Kind.SECRET,
    "dependency_scanning": Kind.PACKAGE,
    "container_scanning": Kind.PACKAGE,
    "cluster_image_scanning": Kind.PACKAGE,
    "dast": Kind.WEB,
    "api_fuzzing": Kind.WEB,
}
_NOT_ADVISORIES = {"cwe", "owasp", "wasc"}


class GitLab(Format):
    """Reports of the versions 2 to 15."""

    slug = "gitlab-security-report"
    name = "GitLab security report"
    stages = ("code", "build", "test")
    mapping = {
        "kind": "scan.type or category; else by what location holds",
        "rule_id": "the first identifier that is no CWE; of packages the vulnerability's id",
        "title": "name, else message, else the first identifier",
        "severity": "severity",
        "location.path": "location.file, start_line, end_line",
        "location.logical": "location.class, location.method",
        "location.purl": "location.dependency by the lock file's or system's ecosystem",
        "location.resource": "location.image",
        "location.url": "location.hostname and path; param",
        "description": "message, description",
        "remediation": "solution",
        "cwes": "identifiers of the type cwe",
        "vulnerabilities": "identifiers of the types cve, ghsa, osv and of package advisories",
        "cvss_vector": "cvss_vectors[].vector",
        "references": "links[].url, identifiers[].url",
        "tags": "scanner.name, confidence, identifiers of owasp and wasc",
        "tool_fingerprint": "of secrets: keyed hash of raw_source_code_extract",
        "suppressed": "flags[] of the type flagged-as-likely-false-positive",
        "tool_name": "scan.scanner.name, else scan.analyzer.name",
        "tool_version": "scan.scanner.version",
        "scanned_at": "scan.end_time",
        "status": "failed if scan.status is failure",
    }

    def detect(self, head: Head) -> bool:
        located = head.has("vulnerabilities.identifiers", "vulnerabilities.location")
        shaped = located or head.has("scan.scanner", "scan.type")
        other = {"bomFormat", "document", "runs", "packageManager"} & head.keys
        return head.root == "{" and "vulnerabilities" in head.keys and shaped and not other

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        raws, members = listing(data, "vulnerabilities", null=True)
        scan = header(members, "scan").at("scan")
        failed = scan.text("status") == "failure"
        tool = scan.at("scanner") or scan.at("analyzer")
        return ParsedReport(
            findings=self._findings(raws, scan.text("type"), warnings),
            tool_name=tool.first("name", "id")[:120],
            tool_version=tool.text("version")[:120],
            scanned_at=moment(scan.text("end_time")) or moment(scan.text("start_time")),
            status=ScanStatus.FAILED if failed else ScanStatus.COMPLETE,
            status_reason=_failure(scan) if failed else "",
            warnings=warnings,
        )

    def _findings(
        self, raws: list[Raw], scan_type: str, warnings: list[str]
    ) -> Iterator[ParsedFinding]:
        for item, raw in nodes(raws, warnings, "/vulnerabilities"):
            kind = _kind(item, scan_type)
            if kind is Kind.PACKAGE:
                yield _package(item, raw)
            else:
                yield self._finding(item, kind, raw)

    def _finding(self, item: Node, kind: Kind, raw: bytes) -> ParsedFinding:
        rule = _rule(item)
        location, fingerprint = _location(item, kind), ""
        if kind is Kind.SECRET:
            secret = item.text("raw_source_code_extract") or item.text("location", "raw")
            fingerprint = masking.digest(secret, self.salt) if secret else ""
            fields = frozenset({"raw_source_code_extract", "source_code_extract"})
            raw = masking.concealed_json(item.value, [secret], fields)
        return ParsedFinding(
            kind=kind,
            rule_id=rule,
            title=named(
                item.text("name"),
                item.text("message"),
                item.text("identifiers", 0, "name"),
                item.text("description"),
                rule,
            ),
            severity=severity.from_word(item.text("severity")),
            severity_source=item.text("severity"),
            location=location,
            description=_description(item),
            remediation=item.text("solution"),
            cwes=_cwes(item),
            vulnerabilities=_advisories(item) if kind is Kind.CODE else (),
            references=_references(item),
            tags=_tags(item),
            tool_fingerprint=fingerprint,
            suppressed=_suppressed(item),
            raw=masking.scrub_http(raw),
        )


def _failure(scan: Node) -> str:
    said = [message.text("value") for message in scan.objects("messages")]
    return first_line(*said, "The scan's status is failure.")


def _kind(item: Node, scan_type: str) -> Kind:
    known = _KINDS.get(scan_type) or _KINDS.get(item.text("category"))
    if known is not None:
        return known
    location = item.at("location")
    if location.at("dependency", "package"):
        return Kind.PACKAGE
    if "hostname" in location or "path" in location:
        return Kind.WEB
    return Kind.SECRET if "raw_source_code_extract" in item else Kind.CODE


def _rule(item: Node) -> str:
    identifiers = [one for one in item.objects("identifiers") if _type(one) not in _NOT_ADVISORIES]
    first = identifiers[0] if identifiers else item.at("identifiers", 0)
    return named(first.first("value", "name"), item.text("name"), item.text("message"))


def _type(identifier: Node) -> str:
    return identifier.text("type").lower()


def _advisories(item: Node) -> tuple[str, ...]:
    given = [
        one.text("value")
        for one in item.objects("identifiers")
        if _type(one) in {"cve", "ghsa", "osv"}
    ]
    return ids.vulnerabilities(given)


def _cwes(item: Node) -> tuple[int, ...]:
    found = [one for one in item.objects("identifiers") if _type(one) == "cwe"]
    return ids.cwes([one.first("value", "name") for one in found])


def _references(item: Node) -> tuple[str, ...]:
    return links(
        [link.text("url") for link in item.objects("links")],
        [one.text("url") for one in item.objects("identifiers")],
    )


def _tags(item: Node) -> tuple[str, ...]:
    standards = [
        one.first("name", "value")
        for one in item.objects("identifiers")
        if _type(one) in {"owasp", "wasc"}
    ]
    confidence = item.text("confidence").lower()
    return tags(
        item.text("scanner", "name"), f"confidence:{confidence}" if confidence else "", standards
    )


def _suppressed(item: Node) -> str:
    flagged = [flag for flag in item.objects("flags") if "false-positive" in flag.text("type")]
    return first_line(flagged[0].text("description"), "likely false positive") if flagged else ""


def _description(item: Node) -> str:
    parts = [item.text("message"), item.text("description")]
    return "\n\n".join(dict.fromkeys(part for part in parts if part and part != item.text("name")))


def _location(item: Node, kind: Kind) -> Location:
    location = item.at("location")
    if kind is Kind.WEB:
        host, path = location.text("hostname").rstrip("/"), location.text("path")
        return Location(url=host + path, parameter=location.text("param"))
    return Location(
        path=slash_path(location.text("file")),
        line=positive(location.at("start_line").value),
        end_line=positive(location.at("end_line").value),
        logical=".".join(filter(None, [location.text("class"), location.text("method")])),
        snippet="" if kind is Kind.SECRET else item.text("raw_source_code_extract"),
    )


_LOCK_FILES = {
    "go.sum": "golang", "go.mod": "golang", "package-lock.json": "npm", "yarn.lock": "npm",
    "pnpm-lock.yaml": "npm", "npm-shrinkwrap.json": "npm", "requirements.txt": "pypi",
    "pipfile.lock": "pypi", "poetry.lock": "pypi", "uv.lock": "pypi", "pom.xml": "maven",
    "build.gradle": "maven", "gradle.lockfile": "maven", "gemfile.lock": "gem",
    "composer.lock": "composer", "packages.lock.json": "nuget", "cargo.lock": "cargo",
}  # fmt: skip


def _package(item: Node, raw: bytes) -> ParsedFinding:
    location = item.at("location")
    dependency, file = location.at("dependency"), location.text("file")
    advisories = [one for one in item.objects("identifiers") if _type(one) not in _NOT_ADVISORIES]
    lock = _LOCK_FILES.get(file.rpartition("/")[2].lower(), "")
    return packages.finding(
        identifiers=[one.first("value", "name") for one in advisories],
        name=dependency.text("package", "name"),
        version=dependency.text("version"),
        ecosystem=lock or location.text("operating_system"),
        target=location.text("image"),
        path=slash_path(file),
        word=item.text("severity"),
        vectors=[one.text("vector") for one in item.objects("cvss_vectors")],
        title=item.text("name") or item.text("message"),
        description=item.text("description"),
        remediation=item.text("solution"),
        cwes=_cwes(item),
        references=_references(item),
        labels=_tags(item),
        suppressed=_suppressed(item),
        raw=raw,
    )
