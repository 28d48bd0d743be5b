"""Trivy's own JSON: images, file systems, repositories, configuration and clusters."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from apps.scans.formats import masking, packages, severity
from apps.scans.formats.decode import Shape, body, decode, document, first_char, read_all
from apps.scans.formats.text import (
    clean,
    first_line,
    links,
    moment,
    named,
    positive,
    slash_path,
    tags,
)
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)


class _Result(msgspec.Struct, rename="pascal"):
    target: str | None = None
    type: str | None = None
    vulnerabilities: list[Raw] | None = None
    misconfigurations: list[Raw] | None = None
    secrets: list[Raw] | None = None
    licenses: list[Raw] | None = None
    experimental_modified_findings: list[Raw] | None = None  # of `--show-suppressed`


class _Resource(msgspec.Struct, rename="pascal"):
    namespace: str | None = None
    kind: str | None = None
    name: str | None = None
    results: list[_Result] | None = None


class _Tool(msgspec.Struct, rename="pascal"):
    version: str | None = None


class _Repository(msgspec.Struct, rename="pascal"):
    commit: str | None = None
    repo_tags: list[str] | None = None


class _Report(msgspec.Struct, rename="pascal"):
    schema_version: int | None = None
    trivy: _Tool | None = None
    created_at: str | None = None
    artifact_name: str | None = None
    artifact_type: str | None = None
    metadata: _Repository | None = None
    cluster_name: str | None = None
    results: list[_Result] | None = None
    resources: list[_Resource] | None = None
    findings: list[_Resource] | None = None
    vulnerabilities: list[_Resource] | None = None
    misconfigurations: list[_Resource] | None = None


class _Identifier(msgspec.Struct):
    purl: str | None = msgspec.field(name="PURL", default=None)


class _Score(msgspec.Struct):
    v2: str | None = msgspec.field(name="V2Vector", default=None)
    v3: str | None = msgspec.field(name="V3Vector", default=None)
    v4: str | None = msgspec.field(name="V40Vector", default=None)


class _Vulnerability(msgspec.Struct, rename="pascal"):
    vulnerability_id: str | None = msgspec.field(name="VulnerabilityID", default=None)
    vendor_ids: list[str] | None = msgspec.field(name="VendorIDs", default=None)
    pkg_name: str | None = None
    pkg_path: str | None = None
    pkg_identifier: _Identifier | None = None
    installed_version: str | None = None
    fixed_version: str | None = None
    status: str | None = None
    severity_source: str | None = None
    primary_url: str | None = msgspec.field(name="PrimaryURL", default=None)
    title: str | None = None
    description: str | None = None
    severity: str | None = None
    cwe_ids: list[str] | None = msgspec.field(name="CweIDs", default=None)
    cvss: dict[str, _Score] | None = msgspec.field(name="CVSS", default=None)
    references: list[str] | None = None


class _CodeLine(msgspec.Struct, rename="pascal"):
    content: str | None = None
    is_cause: bool | None = None


class _Code(msgspec.Struct, rename="pascal"):
    lines: list[_CodeLine] | None = None


class _Cause(msgspec.Struct, rename="pascal"):
    resource: str | None = None
    provider: str | None = None
    service: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    code: _Code | None = None


class _Misconfiguration(msgspec.Struct, rename="pascal"):
    id: str | None = msgspec.field(name="ID", default=None)
    avd_id: str | None = msgspec.field(name="AVDID", default=None)
    type: str | None = None
    title: str | None = None
    description: str | None = None
    message: str | None = None
    resolution: str | None = None
    severity: str | None = None
    primary_url: str | None = msgspec.field(name="PrimaryURL", default=None)
    references: list[str] | None = None
    status: str | None = None
    cause_metadata: _Cause | None = None


class _Secret(msgspec.Struct, rename="pascal"):
    rule_id: str | None = msgspec.field(name="RuleID", default=None)
    category: str | None = None
    severity: str | None = None
    title: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    match: str | None = None


_NOTHING = msgspec.json.Decoder(None)
_REPORT = Shape(_Report)
_RESULTS = Shape(list[_Result])
_VULNERABILITY = Shape(_Vulnerability)
_MISCONFIGURATION = Shape(_Misconfiguration)
_SECRET = Shape(_Secret)


class Trivy(Format):
    """All roots: report of schema 2, the array before it, cluster reports, null."""

    slug = "trivy"
    name = "Trivy JSON"
    stages = ("build", "deploy", "code")
    tool_name = "Trivy"
    empty_roots = ("null", "[]")
    mapping = {
        "kind": "package (Vulnerabilities), resource (Misconfigurations), secret (Secrets)",
        "rule_id": "VulnerabilityID; ID or AVDID; RuleID",
        "title": "the vulnerability and its package; Title of a misconfiguration or secret",
        "severity": "Severity; for UNKNOWN the best CVSS vector",
        "location.purl": "PkgIdentifier.PURL, else Type, PkgName and InstalledVersion",
        "location.path": "PkgPath; Target of configuration and secrets",
        "location.line": "CauseMetadata.StartLine, EndLine; StartLine",
        "location.resource": "Target; CauseMetadata.Resource; of clusters namespace/kind/name",
        "description": "Title, Description, Message",
        "remediation": "FixedVersion; Resolution",
        "fixed_version": "FixedVersion",
        "cwes": "CweIDs",
        "vulnerabilities": "VulnerabilityID, VendorIDs",
        "cvss_vector": "V40Vector, V3Vector or V2Vector of the SeveritySource, else of any source",
        "references": "PrimaryURL, References",
        "tags": "Type, Status, Category",
        "outcomes": (
            "misconfigurations with the status PASS, licenses, what Trivy suppressed "
            "(ExperimentalModifiedFindings)"
        ),
        "tool_version": "Trivy.Version",
        "scanned_at": "CreatedAt",
        "commit": "Metadata.Commit",
        "category": "of an image its name without tag and digest, if the sender named none",
        "status": "unknown if the root is null",
    }
    notes = "Licenses are counted as outcomes; they are no weaknesses."

    def detect(self, head: Head) -> bool:
        if head.root == "[":
            legacy = {"Target", "Vulnerabilities"} <= head.keys or {"Target", "Type"} <= head.keys
            return legacy and "Results" not in head.keys
        own = {"SchemaVersion", "ArtifactName"} <= head.keys
        cluster = "ClusterName" in head.keys and not head.keys.isdisjoint(
            {"Resources", "Findings", "Vulnerabilities", "Misconfigurations"}
        )
        return head.root == "{" and (own or cluster or head.has("Results.Target", "Results.Class"))

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        view = body(data)
        if first_char(view) == "n":
            decode(view, _NOTHING)  # null, or something malformed
            return ParsedReport(
                iter(()),
                self.tool_name,
                status=ScanStatus.UNKNOWN,
                status_reason="The report is null.",
            )
        if first_char(view) == "[":
            report = _Report(results=document(data, _RESULTS, warnings))
        else:
            report = document(data, _REPORT, warnings)
        outcomes: dict[str, int] = {}
        return ParsedReport(
            findings=_findings(report, outcomes, warnings, self.salt),
            tool_name=self.tool_name,
            tool_version=clean(report.trivy.version if report.trivy else "")[:120],
            scanned_at=moment(report.created_at),
            commit=clean(report.metadata.commit if report.metadata else "")[:64],
            category=_image(report),
            outcomes=outcomes,
            warnings=warnings,
        )


def _image(report: _Report) -> str:
    if report.artifact_type != "container_image":
        return ""
    tags = report.metadata.repo_tags if report.metadata else None
    return packages.image_name(report.artifact_name or "", tags or [])


@dataclass(slots=True)
class _Place:
    """Where a result was found."""

    target: str
    type: str
    resource: str  # of a cluster: namespace/kind/name


def _results(report: _Report) -> Iterator[tuple[str, _Result]]:
    yield from (("", result) for result in report.results or [])
    for found in (
        report.resources,
        report.findings,
        report.vulnerabilities,
        report.misconfigurations,
    ):
        for item in found or []:
            name = "/".join(filter(None, map(clean, (item.namespace, item.kind, item.name))))
            yield from ((name, result) for result in item.results or [])


def _findings(
    report: _Report, outcomes: dict[str, int], warnings: list[str], salt: bytes
) -> Iterator[ParsedFinding]:
    for index, (resource, result) in enumerate(_results(report)):
        target = masking.scrub_text(slash_path(result.target))
        place = _Place(target, clean(result.type), masking.scrub_text(resource))
        where = f"/Results/{index}"
        raws = result.vulnerabilities or []
        for vulnerability, raw in read_all(
            raws, _VULNERABILITY, warnings, f"{where}/Vulnerabilities"
        ):
            yield _vulnerability(vulnerability, place, raw)
        raws = result.misconfigurations or []
        for item, raw in read_all(raws, _MISCONFIGURATION, warnings, f"{where}/Misconfigurations"):
            if item.status == "PASS":
                _count(outcomes, "passed")
            else:
                yield _misconfiguration(item, place, raw)
        for secret, raw in read_all(result.secrets or [], _SECRET, warnings, f"{where}/Secrets"):
            yield _secret(secret, place, raw, salt)
        _count(outcomes, "licenses", len(result.licenses or []))
        _count(outcomes, "suppressed", len(result.experimental_modified_findings or []))


def _count(outcomes: dict[str, int], name: str, number: int = 1) -> None:
    if number:
        outcomes[name] = outcomes.get(name, 0) + number


def _vulnerability(item: _Vulnerability, place: _Place, raw: bytes) -> ParsedFinding:
    scores = item.cvss or {}
    preferred = [scores[item.severity_source]] if item.severity_source in scores else []
    ordered = [*preferred, *scores.values()]
    return packages.finding(
        identifiers=[item.vulnerability_id, *(item.vendor_ids or [])],
        name=item.pkg_name,
        version=item.installed_version,
        ecosystem=place.type,
        purl=item.pkg_identifier.purl if item.pkg_identifier else "",
        target=place.resource or place.target,
        path=slash_path(item.pkg_path),
        word=item.severity,
        vectors=[vector for score in ordered for vector in (score.v4, score.v3, score.v2)],
        title=item.title,
        description=item.description,
        fixed=item.fixed_version,
        cwes=item.cwe_ids,
        references=[item.primary_url, *(item.references or [])],
        labels=[place.type, item.status],
        raw=raw,
    )


def _misconfiguration(item: _Misconfiguration, place: _Place, raw: bytes) -> ParsedFinding:
    cause = item.cause_metadata or _Cause()
    rule = named(item.id, item.avd_id, item.title)
    resource = "/".join(filter(None, [place.resource, clean(cause.resource)]))
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        rule_name=first_line(item.title),
        title=first_line(item.title, item.message, rule),
        severity=severity.from_word(item.severity),
        severity_source=clean(item.severity),
        location=Location(
            path="" if place.resource else place.target,
            line=positive(cause.start_line),
            end_line=positive(cause.end_line),
            snippet=_snippet(cause),
            resource=resource,
            # Without a resource, the message tells the containers of one manifest apart.
            logical="" if resource else clean(item.message),
        ),
        description="\n\n".join(filter(None, [clean(item.message), clean(item.description)])),
        remediation=clean(item.resolution),
        references=links(item.primary_url, item.references),
        tags=tags(item.type, cause.provider, cause.service),
        raw=raw,
    )


def _snippet(cause: _Cause) -> str:
    lines = cause.code.lines if cause.code else None
    return "\n".join(clean(line.content) for line in lines or [] if line.is_cause)


def _secret(item: _Secret, place: _Place, raw: bytes, salt: bytes) -> ParsedFinding:
    rule = named(item.rule_id, item.title)
    match = clean(item.match)
    return ParsedFinding(
        kind=Kind.SECRET,
        rule_id=rule,
        title=first_line(item.title, rule),
        severity=severity.from_word(item.severity),
        severity_source=clean(item.severity),
        location=Location(
            path=place.target, line=positive(item.start_line), end_line=positive(item.end_line)
        ),
        remediation=(
            "Revoke the credential; removing it from the file leaves it in older layers or commits."
        ),
        tags=tags(item.category),
        tool_fingerprint=masking.digest(" ".join(match.split()), salt) if match else "",
        raw=masking.concealed_json(msgspec.json.decode(raw), [match], frozenset({"Match", "Code"})),
    )
