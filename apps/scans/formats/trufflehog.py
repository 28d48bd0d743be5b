"""TruffleHog versions 2 and 3."""

from collections.abc import Iterator

from apps.scans.formats import masking
from apps.scans.formats.decode import values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

_FIELDS = frozenset({"Raw", "RawV2", "StructuredData"})
_OLD_FIELDS = frozenset({"stringsFound", "diff", "printDiff"})
_MEMBERS = ("SourceMetadata", "DetectorName", "stringsFound")


_REMEDIATION = "Revoke the credential; removing it leaves it in the history."


class TruffleHog(Format):
    """`trufflehog --json`: lines, an array, or one object."""

    slug = "trufflehog"
    name = "TruffleHog JSON"
    stages = ("code", "build")
    tool_name = "TruffleHog"
    empty_roots = ("", "[]")
    mapping = {
        "kind": "secret",
        "rule_id": "DetectorName; reason of version 2",
        "title": "DetectorName, and whether it was verified; reason",
        "severity": "critical if Verified, else high; medium for High Entropy of version 2",
        "severity_source": "verified or unverified",
        "location.path": "file of SourceMetadata.Data, line; path",
        "location.resource": "repository, bucket, image or the like of SourceMetadata.Data",
        "description": "DetectorDescription, commit and date",
        "references": "link of SourceMetadata.Data, ExtraData.rotation_guide",
        "tags": "kind of source, DecoderName",
        "tool_fingerprint": "keyed hash of Raw, of stringsFound",
        "occurred_at": "timestamp of SourceMetadata.Data; date",
        "raw": (
            "the record with Raw, RawV2 and StructuredData, or stringsFound, diff and printDiff, "
            "masked wherever they occur"
        ),
    }
    notes = "Lines of its log among the findings (`2>&1`) are passed over."

    def detect(self, head: Head) -> bool:
        found = (
            {"SourceMetadata", "DetectorName"} <= head.keys
            or {"SourceMetadata", "DetectorType"} <= head.keys
            or {"stringsFound", "reason", "path"} <= head.keys
        )
        return found or head.values.get("logger") == "trufflehog"

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name)
        if len(data) > 1024 or bytes(data).strip():
            report.findings = self._findings(data, report.warnings)
        return report

    def _findings(self, data: memoryview, warnings: list[str]) -> Iterator[ParsedFinding]:
        for item, _ in value_nodes(values(data), warnings, (*_MEMBERS, "logger")):
            if "stringsFound" in item:
                yield self._old_finding(item)
            elif any(name in item for name in _MEMBERS):
                yield self._finding(item)

    def _old_finding(self, item: Node) -> ParsedFinding:
        rule, secrets = named(item.text("reason")), item.texts("stringsFound")
        place = f"{item.text('branch')} {item.text('commitHash')[:64]}".strip()
        return ParsedFinding(
            kind=Kind.SECRET,
            rule_id=rule,
            title=named(f"{rule} credential"),
            severity=Severity.MEDIUM if rule == "High Entropy" else Severity.HIGH,
            location=Location(path=slash_path(masking.hide(item.text("path"), secrets))),
            description=f"In commit {place}." if place else "",
            remediation=_REMEDIATION,
            tool_fingerprint=masking.digest("\n".join(secrets), self.salt) if secrets else "",
            occurred_at=moment(item.text("date")),
            raw=masking.concealed_json(item.value, secrets, _OLD_FIELDS),
        )

    def _finding(self, item: Node) -> ParsedFinding:
        source, place = _source(item)
        rule, verified = named(item.text("DetectorName")), item.flag("Verified")
        secrets = [item.text("Raw"), item.text("RawV2")]
        raw = masking.concealed_json(item.value, secrets, _FIELDS)
        state = "verified" if verified else "unverified"
        return ParsedFinding(
            kind=Kind.SECRET,
            rule_id=rule,
            title=named(f"{rule} credential ({state})"),
            severity=Severity.CRITICAL if verified else Severity.HIGH,
            severity_source=state,
            location=Location(
                path=slash_path(masking.hide(place.text("file"), secrets)),
                line=positive(place.at("line").value),
                resource=masking.hide(
                    place.first("repository", "bucket", "image", "channel_name", "project"), secrets
                ),
            ),
            description=_description(item, place),
            remediation=_REMEDIATION,
            references=links(
                masking.hide(place.text("link"), secrets), item.text("ExtraData", "rotation_guide")
            ),
            tags=tags(source.lower(), item.text("DecoderName")),
            tool_fingerprint=masking.digest(secrets[0], self.salt) if secrets[0] else "",
            occurred_at=moment(place.text("timestamp")),
            raw=raw,
        )


def _source(item: Node) -> tuple[str, Node]:
    """The kind of source ("Git", "Filesystem", "S3") and what it says about the place."""
    found = item.members("SourceMetadata", "Data")
    return next(iter(found.items()), ("", Node({})))


def _description(item: Node, place: Node) -> str:
    commit = place.text("commit")
    where = f"In commit {commit[:64]}." if commit else ""
    return "\n\n".join(filter(None, [item.text("DetectorDescription"), where]))
