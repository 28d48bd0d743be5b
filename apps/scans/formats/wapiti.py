"""Wapiti: a running web application."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import ids
from apps.scans.formats.decode import loose_document
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.node import Node
from apps.scans.formats.text import links, moment, named, tags
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

_LEVELS = {
    0: Severity.NONE,
    1: Severity.LOW,
    2: Severity.MEDIUM,
    3: Severity.HIGH,
    4: Severity.CRITICAL,
}


class Wapiti(Format):
    """`wapiti -f json`."""

    slug = "wapiti"
    name = "Wapiti JSON"
    stages = ("test",)
    tool_name = "Wapiti"
    mapping = {
        "kind": "web",
        "rule_id": "the key in vulnerabilities",
        "title": "info, else the key",
        "severity": "level: 0 informational to 4 critical",
        "location.url": "infos.target and path",
        "location.parameter": "parameter",
        "description": "info, desc of the classification",
        "remediation": "sol of the classification",
        "cwes": "names of the classification's references",
        "references": "ref of the classification",
        "tags": "module, wstg",
        "outcomes": "anomalies and additional facts",
        "tool_version": "infos.version",
        "scanned_at": "infos.date",
    }
    notes = "Values of cookie and authorization headers in recorded requests are masked."

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"classifications", "vulnerabilities", "infos"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        report = Node(loose_document(data))
        if not isinstance(report.at("vulnerabilities").value, dict):
            raise FormatError(
                "wrong-type", "There is no object `vulnerabilities`.", "/vulnerabilities"
            )
        infos = report.at("infos")
        others = {
            name: sum(len(item.items()) for item in report.members(name).values())
            for name in ("anomalies", "additionals")
        }
        return ParsedReport(
            findings=_findings(report, infos.text("target")),
            tool_name=self.tool_name,
            tool_version=infos.text("version").removeprefix("Wapiti ")[:120],
            scanned_at=moment(infos.text("date")),
            outcomes={name: count for name, count in others.items() if count},
        )


def _findings(report: Node, target: str) -> Iterator[ParsedFinding]:
    classes = report.members("classifications")
    for kind, listed in report.members("vulnerabilities").items():
        for item in listed.objects():
            yield _finding(item, kind, classes.get(kind, Node({})), target)


def _finding(item: Node, kind: str, known: Node, target: str) -> ParsedFinding:
    raw = scrub_http(msgspec.json.encode(item.value))
    item = Node(msgspec.json.decode(raw))
    references, level = known.members("ref"), item.number("level")
    rule = named(kind)
    return ParsedFinding(
        kind=Kind.WEB,
        rule_id=rule,
        title=named(item.text("info"), rule),
        severity=_LEVELS.get(int(level), Severity.MEDIUM) if level is not None else Severity.MEDIUM,
        severity_source=item.text("level"),
        location=Location(
            url=target.rstrip("/") + item.text("path"), parameter=item.text("parameter")
        ),
        description="\n\n".join(filter(None, [item.text("info"), known.text("desc")])),
        remediation=known.text("sol"),
        cwes=ids.cwes_in(" ".join(references)),
        references=links([url.text() for url in references.values()]),
        tags=tags(item.text("module"), item.texts("wstg")),
        raw=raw,
    )
