"""Bandit: Python source."""

import re
from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, masking, severity
from apps.scans.formats.decode import listing, warn
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport

_NUMBERED = re.compile(r"^(\d+)(?: (.*))?$")


class Bandit(Format):
    """`bandit -f json`."""

    slug = "bandit"
    name = "Bandit JSON"
    stages = ("code",)
    tool_name = "Bandit"
    mapping = {
        "kind": "code; secret for B105 to B107",
        "rule_id": "test_id",
        "rule_name": "test_name",
        "title": "issue_text",
        "severity": "issue_severity",
        "location.path": "filename; line_number, the end of line_range, col_offset + 1",
        "location.snippet": "the lines of code that line_range names, without their numbers",
        "cwes": "issue_cwe.id",
        "references": "more_info, issue_cwe.link",
        "tags": "confidence",
        "scanned_at": "generated_at",
    }

    def detect(self, head: Head) -> bool:
        own = {"errors", "generated_at", "metrics", "results"} & head.keys
        return head.root == "{" and len(own) >= 3 and "generated_at" in own

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "results")
        top = header(members, "generated_at", "errors")
        report = ParsedReport(iter(()), self.tool_name, scanned_at=moment(top.text("generated_at")))
        for error in top.objects("errors")[:50]:
            warn(report.warnings, f"{error.text('filename')}: {error.text('reason')}")
        report.findings = self._findings(raws, report.warnings)
        return report

    def _findings(self, raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
        for result, raw in nodes(raws, warnings, "/results"):
            yield self._finding(result, raw)

    def _finding(self, result: Node, raw: bytes) -> ParsedFinding:
        rule, text = (
            named(result.text("test_id"), result.text("test_name")),
            result.text("issue_text"),
        )
        weaknesses = ids.cwes(result.at("issue_cwe", "id").value)
        snippet = _snippet(result)
        secret = not masking.SECRET_CWES.isdisjoint(weaknesses) or rule in {"B105", "B106", "B107"}
        fingerprint = ""
        if secret:
            quoted = [part for pair in re.findall(r"'([^']*)'|\"([^\"]*)\"", text) for part in pair]
            text = masking.hide(text, quoted)
            fingerprint = masking.digest(" ".join(snippet.split()), self.salt) if snippet else ""
            raw = masking.concealed_json(result.value, quoted, frozenset({"code"}))
        return ParsedFinding(
            kind=Kind.SECRET if secret else Kind.CODE,
            rule_id=rule,
            rule_name=result.text("test_name")[:300],
            title=named(text, rule),
            severity=severity.from_word(result.text("issue_severity")),
            severity_source=result.text("issue_severity"),
            location=Location(
                path=slash_path(result.text("filename")),
                line=positive(result.at("line_number").value),
                end_line=positive((result.texts("line_range") or [""])[-1]),
                column=_column(result),
                snippet="" if secret else snippet,
            ),
            cwes=weaknesses,
            references=links(result.text("more_info"), result.text("issue_cwe", "link")),
            tags=tags(f"confidence:{result.text('issue_confidence').lower()}"),
            tool_fingerprint=fingerprint,
            raw=raw,
        )


def _column(result: Node) -> int | None:
    offset = result.number("col_offset")
    return positive(int(offset) + 1) if offset is not None and offset < 1e6 else None


def _snippet(result: Node) -> str:
    """The lines that the finding is about; Bandit adds one before and one after, and their
    numbers."""
    wanted = set(result.texts("line_range")) or {result.text("line_number")}
    found = [_NUMBERED.match(line) for line in result.text("code").splitlines()]
    return "\n".join(match[2] or "" for match in found if match and match[1] in wanted).strip()
