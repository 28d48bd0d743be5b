"""detect-secrets baselines."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import masking
from apps.scans.formats.decode import array, first_char, members, root_members
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)


class DetectSecrets(Format):
    """A baseline of version 1, or the output of `scan`."""

    slug = "detect-secrets"
    name = "detect-secrets JSON"
    stages = ("code",)
    tool_name = "detect-secrets"
    mapping = {
        "kind": "secret",
        "rule_id": "type",
        "title": "type",
        "severity": "high; critical if is_verified: detect-secrets gives none",
        "location.path": "filename, else the key in results; line_number",
        "tags": "verified",
        "tool_fingerprint": "keyed hash of hashed_secret, which is not kept (it has no salt)",
        "suppressed": "is_secret false, as a person marked it in the baseline",
        "tool_version": "version",
        "scanned_at": "generated_at",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"plugins_used", "results"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        found = root_members(data)
        if "results" not in found or first_char(found["results"]) != "{":
            raise FormatError("wrong-type", "There is no object `results`.", "/results")
        top = header(found, "version", "generated_at")
        report = ParsedReport(
            iter(()),
            self.tool_name,
            tool_version=top.text("version")[:120],
            scanned_at=moment(top.text("generated_at")),
        )
        report.findings = self._findings(members(found["results"]), report.warnings)
        return report

    def _findings(self, files: dict[str, Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
        for name in files:
            for item, _ in nodes(array(files, name), warnings, f"/results/{name}"):
                yield self._finding(item, name)

    def _finding(self, item: Node, file: str) -> ParsedFinding:
        rule, hashed = named(item.text("type")), item.text("hashed_secret")
        masking.note(hashed)  # a hash without a key: what is short can be guessed
        digest = masking.digest(hashed, self.salt) if hashed else ""
        verified = item.flag("is_verified")
        kept = {k: v for k, v in item.value.items() if k != "hashed_secret"}
        return ParsedFinding(
            kind=Kind.SECRET,
            rule_id=rule,
            title=rule,
            severity=Severity.CRITICAL if verified else Severity.HIGH,
            location=Location(
                path=slash_path(item.text("filename") or masking.scrub_text(file)),
                line=positive(item.at("line_number").value),
            ),
            remediation=(
                "Revoke the credential; removing it from the file leaves it in the history."
            ),
            tags=tags("verified" if verified else ""),
            tool_fingerprint=digest,
            suppressed="marked as no secret" if item.at("is_secret").value is False else "",
            raw=masking.concealed_json(kept, [], frozenset()),
        )
