"""Semgrep's own JSON (and Opengrep's, which is the same)."""

from collections.abc import Iterator
from itertools import islice

from msgspec import Raw

from apps.scans.formats import ids, masking, severity, tooltrust
from apps.scans.formats.decode import listing, loose
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import first_line, links, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_PLACEHOLDER = "requires login"
_SEVERITIES = {"ERROR": severity.HIGH, "WARNING": severity.MEDIUM, "INFO": severity.LOW}


class Semgrep(Format):
    """`semgrep --json`."""

    slug = "semgrep"
    name = "Semgrep JSON"
    stages = ("code", "build")
    tool_name = "Semgrep"
    mapping = {
        "kind": "code; secret for rules about credentials; package for supply chain rules",
        "rule_id": "check_id",
        "title": "first line of extra.message",
        "severity": "extra.severity: ERROR high, WARNING medium, INFO low; or its newer words",
        "location.path": "path; start.line, start.col, end.line",
        "location.snippet": "extra.lines, unless it says `requires login`",
        "description": "extra.message",
        "remediation": "extra.fix",
        "cwes": "extra.metadata.cwe",
        "location.purl": "extra.sca_info.dependency_match.found_dependency",
        "vulnerabilities": "extra.metadata.sca-vuln-database-identifier, ghsa, ids in check_id",
        "fixed_version": "extra.metadata.sca-fix-versions",
        "references": "extra.metadata.references, source, shortlink",
        "tags": "extra.metadata.category, technology, owasp, confidence, impact",
        "tool_fingerprint": "extra.fingerprint, if it tells the findings apart",
        "suppressed": "extra.is_ignored",
        "tool_version": "version",
        "status": "failed if there are errors of the level error and nothing was scanned",
    }
    notes = (
        "Without a login Semgrep writes `requires login` as fingerprint and lines of every "
        "finding; "
        "both are ignored then."
    )

    def detect(self, head: Head) -> bool:
        own = {"results", "errors", "paths"} <= head.keys or head.has("results.check_id")
        empty = head.root == "{" and head.keys == {"results", "errors"}
        return head.root == "{" and "results" in head.keys and (own or empty) and not (
            "metrics" in head.keys or "generated_at" in head.keys
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        raws, members = listing(data, "results")
        top = header(members, "version", "errors")
        report = ParsedReport(
            findings=self._findings(raws, warnings),
            tool_name=self.tool_name,
            tool_version=top.text("version")[:120],
            warnings=warnings,
        )
        _read_errors(top, members, report, found=bool(raws))
        return report

    def _findings(self, raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
        trusted = tooltrust.trusted_keys(_marks(raws))
        for result, raw in nodes(raws, warnings, "/results"):
            yield self._finding(result, raw, bool(trusted))

    def _finding(self, result: Node, raw: bytes, trusted: bool) -> ParsedFinding:  # noqa: FBT001
        extra, meta = result.at("extra"), result.at("extra", "metadata")
        rule = named(result.text("check_id"))
        message = extra.text("message")
        weaknesses = ids.cwes(meta.at("cwe").value)
        known = ids.vulnerabilities(
            meta.texts("sca-vuln-database-identifier"),
            ids.vulnerabilities_in(meta.text("ghsa"), rule),
        )
        package = extra.at("sca_info", "dependency_match", "found_dependency")
        secret = masking.is_about_secrets(rule, weaknesses)
        snippet = "" if extra.text("lines") == _PLACEHOLDER else extra.text("lines")
        own = extra.text("fingerprint")
        fingerprint = own if trusted and tooltrust.is_plausible(own) else ""
        if secret:
            fingerprint = masking.digest(" ".join(snippet.split()), self.salt) if snippet else ""
            fields = frozenset({"lines", "metavars", "dataflow_trace", "fix"})
            raw = masking.concealed_json(result.value, [snippet], fields)
        return ParsedFinding(
            kind=Kind.SECRET if secret else Kind.PACKAGE if known else Kind.CODE,
            rule_id=rule,
            rule_name=rule.rpartition(".")[2],
            title=named(message, rule),
            severity=_severity(extra.text("severity")),
            severity_source=extra.text("severity"),
            location=Location(
                path=slash_path(result.text("path")),
                line=positive(result.at("start", "line").value),
                end_line=positive(result.at("end", "line").value),
                column=positive(result.at("start", "col").value),
                snippet="" if secret else snippet,
                purl=_purl(package),
            ),
            description=message if message != first_line(message) else "",
            remediation="" if secret else extra.text("fix"),
            cwes=weaknesses,
            vulnerabilities=known,
            fixed_version=_fixed(meta, package),
            references=links(meta.texts("references"), meta.text("source"), meta.text("shortlink")),
            tags=_tags(meta),
            tool_fingerprint=fingerprint,
            suppressed="ignored in the code" if extra.flag("is_ignored") else "",
            raw=raw,
        )


def _marks(raws: list[Raw]) -> Iterator[tuple[str, str, object]]:
    for raw in islice(raws, tooltrust.SAMPLE):
        try:
            result = Node(loose(raw))
        except FormatError:
            return
        place = (result.text("path"), result.text("start", "line"), result.text("start", "col"))
        yield "fingerprint", result.text("extra", "fingerprint"), place


def _purl(package: Node) -> str:
    ecosystem, name = package.text("ecosystem"), package.text("package")
    return ids.make_purl(ecosystem, name, package.text("version"))


def _fixed(meta: Node, package: Node) -> str:
    """The versions that mend it, of the list of one package and version each."""
    name = package.text("package")
    return ", ".join(
        version for one in meta.objects("sca-fix-versions") if (version := one.text(name))
    )


def _severity(word: str) -> Severity:
    known = _SEVERITIES.get(word.upper())
    return known if known is not None else severity.from_word(word)


def _tags(meta: Node) -> tuple[str, ...]:
    rated = [
        f"{name}:{meta.text(name).lower()}" for name in ("confidence", "impact") if meta.text(name)
    ]
    return tags(meta.text("category"), meta.texts("technology"), meta.texts("owasp"), rated)


def _read_errors(top: Node, members: dict[str, Raw], report: ParsedReport, *, found: bool) -> None:
    errors = top.objects("errors")
    grave = [error for error in errors if error.text("level") == "error"]
    said = [
        first_line(error.text("message"), error.text("long_msg"), error.text("type"))
        for error in errors
    ]
    scanned = header(members, "paths").items("paths", "scanned")
    if grave and not scanned and not found:
        report.status = ScanStatus.FAILED
        report.status_reason = said[errors.index(grave[0])] or "Semgrep reports an error."
    report.warnings.extend(f"Semgrep reports: {text}" for text in said[:10] if text)
