"""AWS Threat Composer."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, severity
from apps.scans.formats.decode import array, only_array, root_members
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import named, tags
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

_SETTLED = {"threatResolved": "resolved", "threatResolvedNotUseful": "resolved: not useful"}


class ThreatComposer(Format):
    """A workspace: its threat statements are the findings."""

    slug = "threat-composer"
    name = "AWS Threat Composer"
    stages = ("plan",)
    tool_name = "Threat Composer"
    mapping = {
        "kind": "threat",
        "rule_id": "STRIDE of metadata, else `threat`",
        "title": "statement, else threatAction",
        "severity": "Priority of metadata, else medium",
        "location.resource": "impactedAssets",
        "description": "Comments of metadata, threatImpact, prerequisites",
        "remediation": "content of the mitigations linked to the threat",
        "cwes": "tags",
        "vulnerabilities": "tags",
        "tags": "tags, status",
        "tool_fingerprint": "id",
        "suppressed": "status threatResolved or threatResolvedNotUseful",
        "status": "unknown if there is no list of threats",
    }

    def detect(self, head: Head) -> bool:
        lists = {"threats", "mitigations", "assumptions", "mitigationLinks", "assumptionLinks"}
        return head.root == "{" and {"schema", "applicationInfo"} <= head.keys and bool(
            lists & head.keys
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        found = root_members(data)
        if not {"threats", "applicationInfo", "schema"} & found.keys():
            raise FormatError("wrong-type", "There is no array `threats`.", "/threats")
        silent = "threats" not in found
        report = ParsedReport(
            iter(()),
            self.tool_name,
            status=ScanStatus.UNKNOWN if silent else ScanStatus.COMPLETE,
            status_reason="There is no list of threats." if silent else "",
        )
        report.findings = _findings(
            only_array(found, "threats"), _fixes(found, report), report.warnings
        )
        return report


def _fixes(found: dict[str, Raw], report: ParsedReport) -> dict[str, list[str]]:
    """Threat id -> contents of its mitigations."""
    contents = {
        item.text("id"): item.text("content")
        for item, _ in nodes(array(found, "mitigations"), report.warnings, "/mitigations")
    }
    fixes: dict[str, list[str]] = {}
    for link, _ in nodes(array(found, "mitigationLinks"), report.warnings, "/mitigationLinks"):
        if content := contents.get(link.text("mitigationId")):
            fixes.setdefault(link.text("linkedId"), []).append(content)
    return fixes


def _findings(
    raws: list[Raw], fixes: dict[str, list[str]], warnings: list[str]
) -> Iterator[ParsedFinding]:
    for threat, raw in nodes(raws, warnings, "/threats"):
        yield _finding(threat, fixes.get(threat.text("id"), []), raw)


def _finding(threat: Node, fixes: list[str], raw: bytes) -> ParsedFinding:
    facts = {item.text("key"): item.at("value") for item in threat.objects("metadata")}
    word = facts.get("Priority", Node("")).text()
    labels, status = threat.texts("tags"), threat.text("status")
    parts = [
        facts.get("Comments", Node("")).text(),
        threat.text("threatImpact"),
        threat.text("prerequisites"),
    ]
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=named(", ".join(facts.get("STRIDE", Node("")).texts()), "threat"),
        title=named(threat.text("statement"), threat.text("threatAction"), "threat"),
        severity=severity.from_word(word) if word else severity.MEDIUM,
        severity_source=word,
        location=Location(resource=threat.text("impactedAssets")),
        description="\n\n".join(dict.fromkeys(filter(None, parts))),
        remediation="\n\n".join(fixes),
        cwes=ids.cwes_in(" ".join(labels)),
        vulnerabilities=ids.vulnerabilities_in(*labels),
        tags=tags(labels, status),
        tool_fingerprint=threat.text("id"),
        suppressed=_SETTLED.get(status, ""),
        raw=raw,
    )
