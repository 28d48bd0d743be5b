"""TruffleHog version 3."""

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


class TruffleHog(Format):
    """`trufflehog --json`: lines, an array, or one object."""

    slug = "trufflehog"
    name = "TruffleHog JSON (version 3)"
    stages = ("code", "build")
    tool_name = "TruffleHog"
    empty_roots = ("", "[]")
    mapping = {
        "kind": "secret",
        "rule_id": "DetectorName",
        "title": "DetectorName, and whether it was verified",
        "severity": "critical if Verified, else high",
        "severity_source": "verified or unverified",
        "location.path": "file of SourceMetadata.Data; line",
        "location.resource": "repository, bucket, image or the like of SourceMetadata.Data",
        "description": "DetectorDescription, commit and date",
        "references": "link of SourceMetadata.Data, ExtraData.rotation_guide",
        "tags": "kind of source, DecoderName",
        "tool_fingerprint": "keyed hash of Raw",
        "occurred_at": "timestamp of SourceMetadata.Data",
        "raw": "the record with Raw, RawV2 and StructuredData masked wherever they occur",
    }

    def detect(self, head: Head) -> bool:
        return {"SourceMetadata", "DetectorName"} <= head.keys or (
            {"SourceMetadata", "DetectorType"} <= head.keys
        )

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name)
        if len(data) > 1024 or bytes(data).strip():
            report.findings = self._findings(data, report.warnings)
        return report

    def _findings(self, data: memoryview, warnings: list[str]) -> Iterator[ParsedFinding]:
        for item, _ in value_nodes(values(data), warnings, ("SourceMetadata", "DetectorName")):
            yield self._finding(item)

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
            remediation="Revoke the credential; removing it leaves it in the history.",
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
