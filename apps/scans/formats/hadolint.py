"""Hadolint: Dockerfiles."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import severity
from apps.scans.formats.decode import root_elements
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import links, named, positive, slash_path
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW}


class Hadolint(Format):
    """`hadolint --format json`."""

    slug = "hadolint"
    name = "Hadolint JSON"
    stages = ("deploy", "build", "code")
    tool_name = "Hadolint"
    empty_roots = ("[]",)
    mapping = {
        "kind": "code",
        "rule_id": "code",
        "title": "message",
        "severity": "level: error high, warning medium, info low, style informational",
        "severity_source": "level",
        "location.path": "file; line, column",
        "references": "the rule's page, of Hadolint or of ShellCheck",
    }

    def detect(self, head: Head) -> bool:
        return (
            head.root == "[" and {"code", "column", "file", "level", "line", "message"} <= head.keys
        )

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        return ParsedReport(
            _findings(root_elements(data), warnings), self.tool_name, warnings=warnings
        )


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for item, raw in nodes(raws, warnings):
        yield _finding(item, raw)


def _finding(item: Node, raw: bytes) -> ParsedFinding:
    rule, word = named(item.text("code"), item.text("message")), item.text("level")
    return ParsedFinding(
        kind=Kind.CODE,
        rule_id=rule,
        title=named(item.text("message"), rule),
        severity=_LEVELS.get(word.lower(), severity.from_word(word)),
        severity_source=word,
        location=Location(
            path=slash_path(item.text("file")),
            line=positive(item.at("line").value),
            column=positive(item.at("column").value),
        ),
        references=_page(rule),
        raw=raw,
    )


def _page(rule: str) -> tuple[str, ...]:
    site = {
        "DL": "https://github.com/hadolint/hadolint/wiki/",
        "SC": "https://www.shellcheck.net/wiki/",
    }
    start = site.get(rule[:2])
    return links(start + rule) if start and rule[2:].isdecimal() else ()
