"""Zeek notice.log: what Zeek's policies noticed in network traffic."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats.decode import values
from apps.scans.formats.lines import lines
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import first_line, moment, named, positive, tags
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

_EMPTY = {"-", "(empty)"}


class ZeekNotice(Format):
    """The log as Zeek writes it (tabs), or as JSON lines."""

    slug = "zeek-notice"
    name = "Zeek notice.log"
    stages = ("monitor",)
    tool_name = "Zeek"
    mapping = {
        "kind": "alert",
        "rule_id": "note",
        "title": "msg",
        "severity": "medium; low for notices that are only logged: Zeek gives none",
        "severity_source": "actions",
        "location.host": "dst or id.resp_h; p or id.resp_p, proto",
        "location.resource": "src or id.orig_h",
        "description": "msg, sub, file_desc",
        "tags": "actions, peer_descr",
        "occurred_at": "ts",
    }
    notes = "Read as a partial report: what is not in the next one is not over."

    def detect(self, head: Head) -> bool:
        text = head.root == "" and b"#fields" in head.prefix and b"#path\tnotice" in head.prefix
        return text or (head.root == "{" and {"note", "msg", "ts"} <= head.keys)

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, partial=True)
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    if bytes(data[:1024]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        for record, raw in value_nodes(values(data), report.warnings, ("note", "msg")):
            yield _finding(record, raw)
        return
    for row in _records(data):
        raw = scrub(msgspec.json.encode(row))
        yield _finding(Node(msgspec.json.decode(raw)), raw)


def _records(data: memoryview) -> Iterator[dict[str, str]]:
    fields: list[str] = []
    for number, line in enumerate(lines(data), start=1):
        if line.startswith("#fields"):
            fields = line.split("\t")[1:]
        elif line.strip() and not line.startswith("#"):
            if not fields:
                raise FormatError("wrong-type", "There is no line `#fields` before the first notice.",
                                  f"line {number}")  # fmt: skip
            found = zip(fields, line.split("\t"), strict=False)
            yield {name: value for name, value in found if value not in _EMPTY}
    if not fields:
        raise FormatError("wrong-type", "There is no line `#fields`.", "line 1")


def _finding(record: Node, raw: bytes) -> ParsedFinding:
    rule, actions = named(record.text("note")), record.text("actions")
    only_logged = actions in {"", "Notice::ACTION_LOG"}
    return ParsedFinding(
        kind=Kind.ALERT,
        rule_id=rule,
        title=named(record.text("msg"), rule),
        severity=Severity.LOW if only_logged else Severity.MEDIUM,
        severity_source=actions,
        location=Location(
            host=record.first("dst", "id.resp_h"),
            port=positive(record.first("p", "id.resp_p")),
            protocol=record.text("proto"),
            resource=record.first("src", "id.orig_h"),
        ),
        description="\n".join(
            dict.fromkeys(filter(None, [record.text(name) for name in ("msg", "sub", "file_desc")]))
        ),
        tags=tags(actions, first_line(record.text("peer_descr"))),
        occurred_at=moment(record.number("ts")) or moment(record.text("ts")),
        raw=raw,
    )
