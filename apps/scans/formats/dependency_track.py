"""Dependency-Track's Finding Packaging Format."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import packages
from apps.scans.formats.decode import array, root_members
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)

_SUPPRESSED = {"NOT_AFFECTED", "FALSE_POSITIVE", "RESOLVED"}
_VEX = {
    "EXPLOITABLE": "affected",
    "IN_TRIAGE": "under_investigation",
    "NOT_AFFECTED": "not_affected",
    "FALSE_POSITIVE": "not_affected",
    "RESOLVED": "fixed",
}


class DependencyTrack(Format):
    """FPF 1.0 to 1.3."""

    slug = "dependency-track-fpf"
    name = "Dependency-Track FPF"
    stages = ("build", "release")
    tool_name = "Dependency-Track"
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulnerability.vulnId and aliases",
        "title": "the vulnerability and the component",
        "severity": "vulnerability.severity; if UNASSIGNED the CVSS base score",
        "location.purl": "component.purl",
        "location.resource": "project.name",
        "description": "vulnerability.title, subtitle, description",
        "remediation": "vulnerability.recommendation",
        "cwes": "vulnerability.cwes[].cweId, cweId",
        "cvss_score": "cvssV3BaseScore, cvssV2BaseScore",
        "references": "attribution.referenceUrl",
        "tags": "vulnerability.source, attribution.analyzerIdentity",
        "vex_status": "analysis.state",
        "suppressed": "analysis.isSuppressed, or a state that settles it",
        "tool_version": "meta.version",
        "scanned_at": "meta.timestamp",
        "status": "unknown if findings is missing or null",
    }

    def detect(self, head: Head) -> bool:
        own = head.values.get("meta.application", "").lower() == "dependency-track"
        return head.root == "{" and own and "project" in head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        found = root_members(data)
        top = header(found, "meta", "project")
        if not top.at("meta") and "findings" not in found:
            raise FormatError("wrong-type", "There is no object `meta`.", "/meta")
        raws, silent = array(found, "findings"), "findings" not in found
        silent = silent or (not raws and bytes(found["findings"]).strip() == b"null")
        report = ParsedReport(
            iter(()),
            top.text("meta", "application")[:120] or self.tool_name,
            tool_version=top.text("meta", "version")[:120],
            scanned_at=moment(top.text("meta", "timestamp")),
            status=ScanStatus.UNKNOWN if silent else ScanStatus.COMPLETE,
            status_reason="There is no list of findings." if silent else "",
        )
        report.findings = _findings(raws, top.text("project", "name"), report.warnings)
        return report


def _findings(raws: list[Raw], project: str, warnings: list[str]) -> Iterator[ParsedFinding]:
    for item, raw in nodes(raws, warnings, "/findings"):
        yield _finding(item, project, raw)


def _finding(item: Node, project: str, raw: bytes) -> ParsedFinding:
    known, component = item.at("vulnerability"), item.at("component")
    names = [name for alias in known.objects("aliases") for key, value in alias.members().items()
             if key.endswith("Id") and (name := value.text())]  # fmt: skip
    group = component.text("group")
    word, state = known.text("severity"), item.text("analysis", "state")
    return packages.finding(
        identifiers=[known.text("vulnId"), *names],
        name=f"{group}/{component.text('name')}" if group else component.text("name"),
        version=component.text("version"),
        purl=component.text("purl"),
        target=project,
        word="" if word == "UNASSIGNED" else word,
        score=known.number("cvssV3BaseScore") or known.number("cvssV2BaseScore"),
        vectors=[known.text("cvssV3Vector"), known.text("cvssV2Vector")],
        title=known.text("title"),
        description="\n\n".join(filter(None, [known.text("subtitle"), known.text("description")])),
        remediation=known.text("recommendation"),
        cwes=[[cwe.text("cweId") for cwe in known.objects("cwes")], known.text("cweId")],
        references=[item.text("attribution", "referenceUrl")],
        labels=[known.text("source"), item.text("attribution", "analyzerIdentity")],
        vex_status=_VEX.get(state, ""),
        suppressed=_suppressed(item, state),
        raw=raw,
    )


def _suppressed(item: Node, state: str) -> str:
    if state in _SUPPRESSED:
        return state.lower()
    return "suppressed" if item.flag("analysis", "isSuppressed") else ""
