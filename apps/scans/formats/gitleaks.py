"""Gitleaks: credentials in a repository and its history."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import decode, masking
from apps.scans.formats.decode import Shape, loose, read_all
from apps.scans.formats.text import (
    clean,
    first_line,
    links,
    moment,
    plain,
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
    Severity,
)

_SECRET_FIELDS = frozenset({"Secret", "Match", "Line", "offender", "line"})


class _Leak(msgspec.Struct, rename="pascal"):
    """A result of version 8; version 7 used other names, in lower case."""

    rule_id: str | None = msgspec.field(name="RuleID", default=None)
    description: str | None = None
    secret: str | None = None
    match: str | None = None
    file: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    commit: str | None = None
    date: str | None = None
    link: str | None = None
    tags: list[str] | None = None
    fingerprint: str | None = None
    old_rule: str | None = msgspec.field(name="rule", default=None)
    old_secret: str | None = msgspec.field(name="offender", default=None)
    old_line: str | None = msgspec.field(name="line", default=None)
    old_file: str | None = msgspec.field(name="file", default=None)
    old_line_number: int | None = msgspec.field(name="lineNumber", default=None)
    old_commit: str | None = msgspec.field(name="commit", default=None)
    old_date: str | None = msgspec.field(name="date", default=None)
    old_link: str | None = msgspec.field(name="leakURL", default=None)
    old_tags: str | list[str] | None = msgspec.field(name="tags", default=None)


_LEAK = Shape(_Leak)


class Gitleaks(Format):
    """JSON of versions 7 and 8."""

    slug = "gitleaks"
    name = "Gitleaks JSON"
    stages = ("code", "build")
    tool_name = "Gitleaks"
    empty_roots = ("[]", "null")
    mapping = {
        "kind": "secret",
        "rule_id": "RuleID (version 7: rule)",
        "title": "Description, else RuleID",
        "severity": "high: Gitleaks gives none",
        "location.path": "File, StartLine, EndLine, StartColumn (version 7: file, lineNumber)",
        "description": "the commit and its date",
        "references": "Link (version 7: leakURL)",
        "tags": "Tags",
        "tool_fingerprint": "keyed hash of Secret; Fingerprint if the secret is redacted",
        "raw": "the record with Secret, Match and Line masked wherever they occur",
        "status": "unknown if the root is null",
    }

    def detect(self, head: Head) -> bool:
        version8 = {"RuleID", "Secret", "Match"} <= head.keys
        version7 = {"offender", "rule", "commit"} <= head.keys
        wrapped = head.root == "{" and head.has("findings.RuleID", "findings.Match")
        empty = head.root == "{" and head.keys == {"findings"} and len(head.values) == 1
        return (head.root == "[" and (version8 or version7)) or wrapped or empty

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        view = decode.body(data)
        is_null = decode.is_null(view)
        raws, _ = ([], {}) if is_null else decode.listing(view, "findings", null=True)
        return ParsedReport(
            findings=self._findings(raws, warnings),
            tool_name=self.tool_name,
            status=ScanStatus.UNKNOWN if is_null else ScanStatus.COMPLETE,
            status_reason="The report is null." if is_null else "",
            warnings=warnings,
        )

    def _findings(self, raws: list[msgspec.Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
        for leak, record in read_all(raws, _LEAK, warnings):
            yield self._finding(leak, record)

    def _finding(self, leak: _Leak, record: bytes) -> ParsedFinding:
        rule = clean(leak.rule_id or leak.old_rule) or "secret"
        secret = leak.secret or leak.old_secret or ""
        commit = clean(leak.commit or leak.old_commit)
        date = moment(leak.date or leak.old_date)
        return ParsedFinding(
            kind=Kind.SECRET,
            rule_id=rule,
            title=first_line(masking.hide(clean(leak.description), [secret]), rule),
            severity=Severity.HIGH,
            location=Location(
                path=slash_path(leak.file or leak.old_file),
                line=positive(leak.start_line or leak.old_line_number),
                end_line=positive(leak.end_line),
                column=positive(leak.start_column),
            ),
            description=_where(commit, date.date().isoformat() if date else ""),
            remediation=(
                "Revoke the credential; removing it from the file leaves it in the history."
            ),
            references=links(leak.link, leak.old_link),
            tags=tags(leak.tags, plain(leak.old_tags).split(",") if leak.old_tags else ()),
            tool_fingerprint=self._fingerprint(leak, secret),
            raw=masking.concealed_json(
                loose(record), [secret, leak.match or "", leak.old_line or ""], _SECRET_FIELDS
            ),
        )

    def _fingerprint(self, leak: _Leak, secret: str) -> str:
        if secret and not masking.is_masked(secret):
            return masking.digest(secret, self.salt)
        return clean(leak.fingerprint)[:1000]


def _where(commit: str, date: str) -> str:
    if not commit:
        return ""
    return f"In commit {commit[:64]}" + (f" of {date}." if date else ".")
