"""SonarQube and SonarCloud: issues from the web API or from sonar-report."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, masking, severity
from apps.scans.formats.decode import body, first_char, listing, loose, root_elements
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import from_html, moment, named, positive, slash_path, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport

_SETTLED = {"FALSE-POSITIVE", "WONTFIX", "ACCEPTED", "REVIEWED"}
_OVER = {"CLOSED", "RESOLVED"}


class SonarQube(Format):
    """`/api/issues/search`, an array of its issues, or a JSON of sonar-report."""

    slug = "sonarqube-issues"
    name = "SonarQube issues"
    stages = ("code",)
    tool_name = "SonarQube"
    mapping = {
        "kind": "code; secret for rules about credentials",
        "rule_id": "rule",
        "title": "message",
        "severity": "severity: BLOCKER critical, CRITICAL high, MAJOR medium, MINOR low, INFO",
        "location.path": "component after its project; line, textRange",
        "description": "the rule's description in a sonar-report",
        "cwes": "tags, message",
        "vulnerabilities": "ids in the message",
        "tags": "type, tags, impacts[].softwareQuality",
        "tool_fingerprint": "hash of the line, else key",
        "occurred_at": "creationDate",
        "resolved_at": "closeDate or updateDate of an issue that is closed or resolved as fixed",
        "suppressed": "resolution FALSE-POSITIVE, WONTFIX, ACCEPTED",
    }
    notes = (
        "A page of the web API holds at most 500 issues: send all pages, or say that it is partial."
    )

    def detect(self, head: Head) -> bool:
        issue = {"key", "rule", "component", "severity"}
        wrapped = head.root == "{" and "issues" in head.keys and (
            head.has("issues.rule", "issues.component") or "sonarComponent" in head.keys
            or {"effortTotal", "paging"} <= head.keys
        )  # fmt: skip
        return wrapped or (head.root == "[" and issue <= head.keys)

    def parse(self, data: memoryview) -> ParsedReport:
        view, warnings = body(data), list[str]()
        rules: dict[str, Node] = {}
        if first_char(view) == "{":
            raws, found = listing(view, "issues", null=True)
            rules = Node({"r": loose(found["rules"])}).members("r") if "rules" in found else {}
            total = Node({"t": loose(found["total"])}).number("t") if "total" in found else None
            if total is not None and total > len(raws):
                warnings.append(f"The file holds {len(raws)} of {total:g} issues.")
        else:
            raws = root_elements(view)
        return ParsedReport(
            findings=self._findings(raws, rules, warnings),
            tool_name=self.tool_name,
            warnings=warnings,
        )

    def _findings(
        self, raws: list[Raw], rules: dict[str, Node], warnings: list[str]
    ) -> Iterator[ParsedFinding]:
        for issue, raw in nodes(raws, warnings, "/issues"):
            yield _finding(issue, rules.get(issue.text("rule"), Node({})), raw)


_WORDS = {"BLOCKER": severity.CRITICAL, "CRITICAL": severity.HIGH}


def _finding(issue: Node, known: Node, raw: bytes) -> ParsedFinding:
    rule, message = named(issue.text("rule"), issue.text("message")), issue.text("message")
    weaknesses = ids.cwes_in(f"{' '.join(issue.texts('tags'))} {message}")
    word, resolution = issue.text("severity"), issue.text("resolution").upper()
    secret = masking.is_about_secrets(f"{rule} {known.text('name')}", weaknesses)
    over = issue.text("status").upper() in _OVER and resolution not in _SETTLED
    return ParsedFinding(
        kind=Kind.SECRET if secret else Kind.CODE,
        rule_id=rule,
        rule_name=known.text("name")[:300],
        title=named(message, known.text("name"), rule),
        severity=_WORDS.get(word.upper(), severity.from_word(word)),
        severity_source=word,
        location=_location(issue),
        description=from_html(known.text("htmlDesc") or issue.text("description")),
        cwes=weaknesses,
        vulnerabilities=ids.vulnerabilities_in(message),
        tags=tags(
            issue.text("type"),
            issue.texts("tags"),
            [impact.text("softwareQuality") for impact in issue.objects("impacts")],
        ),
        tool_fingerprint=issue.text("hash") or issue.text("key"),
        occurred_at=moment(issue.text("creationDate")),
        resolved_at=moment(issue.first("closeDate", "updateDate")) if over else None,
        suppressed=resolution.lower() if resolution in _SETTLED else "",
        raw=raw,
    )


def _location(issue: Node) -> Location:
    project, component = issue.text("project"), issue.text("component")
    path = component.removeprefix(f"{project}:") if project else component.rpartition(":")[2]
    line = issue.at("line").value or issue.at("textRange", "startLine").value
    return Location(
        path="" if path == project else slash_path(path),
        line=positive(line),
        end_line=positive(issue.at("textRange", "endLine").value),
    )
