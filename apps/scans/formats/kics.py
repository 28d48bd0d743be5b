"""KICS: infrastructure as code."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, masking, severity
from apps.scans.formats.decode import listing, warn
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport

_SECRET_FIELDS = frozenset({"actual_value", "value", "search_value", "vulnerable_lines"})


class Kics(Format):
    """`kics scan --report-formats json`."""

    slug = "kics"
    name = "KICS JSON"
    stages = ("deploy", "code")
    tool_name = "KICS"
    mapping = {
        "kind": "resource; secret for queries of the category Secret Management about passwords",
        "rule_id": "queries[].query_id",
        "title": "query_name",
        "severity": "severity; TRACE and INFO are informational",
        "location.path": "files[].file_name, line",
        "location.resource": "resource_type and resource_name, else search_key",
        "description": "description, expected_value, actual_value",
        "remediation": "remediation, else expected_value",
        "cwes": "cwe",
        "references": "query_url",
        "tags": "platform, category, issue_type",
        "tool_fingerprint": "similarity_id",
        "tool_version": "kics_version",
        "scanned_at": "end",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "queries" in head.keys and (
            "severity_counters" in head.keys or "kics_version" in head.keys
            or head.has("queries.query_id", "queries.files")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "queries", null=True)
        top = header(members, "kics_version", "end", "files_failed_to_scan")
        report = ParsedReport(
            findings=iter(()),
            tool_name=self.tool_name,
            tool_version=top.text("kics_version")[:120],
            scanned_at=moment(top.text("end")),
        )
        if failed := int(top.number("files_failed_to_scan") or 0):
            warn(report.warnings, f"KICS could not read {failed} files.")
        report.findings = _findings(raws, report.warnings)
        return report


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for query, _ in nodes(raws, warnings, "/queries"):
        for file in query.objects("files"):
            yield _finding(query, file)


def _finding(query: Node, file: Node) -> ParsedFinding:
    rule = named(query.text("query_id"), query.text("query_name"))
    secret = _is_secret(query)
    record = {k: v for k, v in query.value.items() if k != "files"} | {"files": [file.value]}
    raw = masking.concealed_json(record, [], _SECRET_FIELDS if secret else frozenset())
    query = Node(msgspec.json.decode(raw))
    file = query.at("files", 0)
    named_one = " ".join(filter(None, [file.text("resource_type"), file.text("resource_name")]))
    word, expected = query.text("severity"), file.text("expected_value")
    return ParsedFinding(
        kind=Kind.SECRET if secret else Kind.RESOURCE,
        rule_id=rule,
        rule_name=query.text("query_name")[:300],
        title=named(query.text("query_name"), rule),
        severity=severity.NONE if word.upper() == "TRACE" else severity.from_word(word),
        severity_source=word,
        location=Location(
            path=slash_path(file.text("file_name")),
            line=positive(file.at("line").value),
            resource=named_one or file.text("search_key"),
        ),
        description="\n\n".join(
            filter(
                None,
                [
                    query.text("description"),
                    f"Expected: {expected}" if expected else "",
                    f"Found: {file.text('actual_value')}" if file.text("actual_value") else "",
                ],
            )
        ),
        remediation=file.text("remediation") or expected,
        cwes=ids.cwes(query.at("cwe").value),
        references=links(query.text("query_url")),
        tags=tags(query.text("platform"), query.text("category"), file.text("issue_type")),
        tool_fingerprint=file.text("similarity_id"),
        raw=raw,
    )


def _is_secret(query: Node) -> bool:
    text = query.text("query_name").lower()
    return query.text("category") == "Secret Management" and (
        "secret" in text or "password" in text
    )
