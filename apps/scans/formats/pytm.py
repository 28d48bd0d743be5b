"""pytm: threats found in a model written as Python."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, scores, severity
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import links, named, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport


class Pytm(Format):
    """`tm.py --json`."""

    slug = "pytm-json"
    name = "pytm JSON"
    stages = ("plan",)
    tool_name = "pytm"
    mapping = {
        "kind": "threat",
        "rule_id": "threat_id",
        "title": "description and target",
        "severity": "severity (Very High is critical)",
        "location.resource": "target",
        "description": "details, example",
        "remediation": "mitigations",
        "cwes": "references",
        "references": "references",
        "tags": "likelihood",
        "suppressed": "response or assumption, where one is given",
    }

    def detect(self, head: Head) -> bool:
        own = {"findings", "threatsFile"} <= head.keys
        return head.root == "{" and (own or {"findings", "flows", "boundaries"} <= head.keys)

    def parse(self, data: memoryview) -> ParsedReport:
        raws, _ = listing(data, "findings", null=True)
        warnings: list[str] = []
        return ParsedReport(_findings(raws, warnings), self.tool_name, warnings=warnings)


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for item, raw in nodes(raws, warnings, "/findings"):
        yield _finding(item, raw)


def _finding(item: Node, raw: bytes) -> ParsedFinding:
    rule, target, word = named(item.text("threat_id")), item.text("target"), item.text("severity")
    what = named(item.text("description"), rule)
    references = [part.strip() for part in item.text("references").split(",")]
    example, likelihood = item.text("example"), item.text("likelihood").lower()
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=rule,
        rule_name=what,
        title=named(f"{what} at {target}" if target else what),
        severity=severity.from_word(word),
        severity_source=word,
        location=Location(resource=target),
        description="\n\n".join(
            filter(None, [item.text("details"), f"Example: {example}" if example else ""])
        ),
        remediation=item.text("mitigations"),
        cwes=ids.cwes([_weakness(url) for url in references]),
        cvss_score=scores.score(item.text("cvss") or None),
        references=links(references),
        tags=tags(f"likelihood:{likelihood}" if likelihood else ""),
        suppressed=item.text("response") or item.text("assumption"),
        raw=raw,
    )


def _weakness(url: str) -> str:
    """The number in https://cwe.mitre.org/data/definitions/79.html."""
    found = url.partition("cwe.mitre.org/data/definitions/")[2]
    return found.partition(".")[0]
