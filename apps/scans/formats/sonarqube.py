"""SonarQube and SonarCloud: issues and hotspots from the web API, or issues of sonar-report."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Raw

from apps.scans.formats import ids, masking, severity
from apps.scans.formats.decode import body, first_char, listing, root_elements
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import from_html, links, moment, named, positive, slash_path, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

_SETTLED = {"FALSE-POSITIVE", "WONTFIX", "ACCEPTED", "REVIEWED", "SAFE"}
_OVER = {"CLOSED", "RESOLVED"}
_HREF = re.compile(r"""href=["']([^"'<> ]{1,2000})["']""")


class SonarQube(Format):
    """`/api/issues/search`, an array of its issues, `/api/hotspots/search`, or a JSON of
    sonar-report."""

    slug = "sonarqube-issues"
    name = "SonarQube issues"
    stages = ("code",)
    tool_name = "SonarQube"
    mapping = {
        "kind": "code; secret for rules about credentials",
        "rule_id": "rule, ruleKey",
        "title": "message",
        "severity": (
            "severity: BLOCKER critical, CRITICAL high, MAJOR medium, MINOR low, INFO; else "
            "vulnerabilityProbability of a hotspot, else the worst of impacts[].severity"
        ),
        "location.path": (
            "path of the component among components, else component after its project; line, "
            "textRange"
        ),
        "description": "the rule's description in a sonar-report",
        "cwes": "tags, message, the rule's description",
        "references": "links of the rule's description",
        "vulnerabilities": "ids in the message",
        "tags": "type, tags, securityCategory, impacts[].softwareQuality",
        "tool_fingerprint": "hash of the line, else key",
        "occurred_at": "creationDate",
        "resolved_at": "closeDate or updateDate of an issue that is closed or resolved as fixed",
        "suppressed": "resolution FALSE-POSITIVE, WONTFIX, ACCEPTED; SAFE of a hotspot",
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
        hotspots = head.root == "{" and "hotspots" in head.keys and (
            head.has("hotspots.vulnerabilityProbability") or "paging" in head.keys
        )  # fmt: skip
        return wrapped or hotspots or (head.root == "[" and issue <= head.keys)

    def parse(self, data: memoryview) -> ParsedReport:
        view, warnings = body(data), list[str]()
        top = Node({})
        if first_char(view) == "{":
            raws, found = listing(view, "issues", "hotspots", null=True)
            top = header(found, "rules", "components", "total", "paging")
            total = top.number("total") or top.number("paging", "total")
            if total is not None and total > len(raws):
                warnings.append(f"The file holds {len(raws)} of {total:g} issues.")
        else:
            raws = root_elements(view)
        return ParsedReport(
            findings=_findings(raws, top, warnings),
            tool_name=self.tool_name,
            warnings=warnings,
        )


def _findings(raws: list[Raw], top: Node, warnings: list[str]) -> Iterator[ParsedFinding]:
    rules = top.members("rules")
    paths = {
        one.text("key"): path for one in top.objects("components") if (path := one.text("path"))
    }
    for issue, raw in nodes(raws, warnings, "/issues"):
        known = rules.get(issue.first("rule", "ruleKey"), Node({}))
        yield _finding(issue, known, paths, raw)


_WORDS = {"BLOCKER": severity.CRITICAL, "CRITICAL": severity.HIGH}


def _rated(issue: Node) -> tuple[Severity, str]:
    """The severity and the word that it is from."""
    word = issue.first("severity", "vulnerabilityProbability")
    words = [word] if word else [one.text("severity") for one in issue.objects("impacts")]
    rated = [(_WORDS.get(each.upper(), severity.from_word(each)), each) for each in words if each]
    return max(rated, default=(Severity.MEDIUM, ""), key=lambda pair: pair[0])


def _finding(issue: Node, known: Node, paths: Mapping[str, str], raw: bytes) -> ParsedFinding:
    message, manual = issue.text("message"), known.text("htmlDesc")
    rule = named(issue.first("rule", "ruleKey"), message)
    weaknesses = ids.cwes_in(f"{' '.join(issue.texts('tags'))} {message} {from_html(manual)}")
    rating, word = _rated(issue)
    resolution = issue.text("resolution").upper()
    secret = masking.is_about_secrets(f"{rule} {known.text('name')}", weaknesses)
    over = resolution not in _SETTLED and (
        issue.text("status").upper() in _OVER or resolution == "FIXED"
    )
    return ParsedFinding(
        kind=Kind.SECRET if secret else Kind.CODE,
        rule_id=rule,
        rule_name=known.text("name")[:300],
        title=named(message, known.text("name"), rule),
        severity=rating,
        severity_source=word,
        location=_location(issue, paths),
        description=from_html(manual or issue.text("description")),
        cwes=weaknesses,
        vulnerabilities=ids.vulnerabilities_in(message),
        tags=tags(
            issue.text("type"),
            issue.texts("tags"),
            issue.text("securityCategory"),
            [impact.text("softwareQuality") for impact in issue.objects("impacts")],
        ),
        references=links(_HREF.findall(manual)),
        tool_fingerprint=issue.text("hash") or issue.text("key"),
        occurred_at=moment(issue.text("creationDate")),
        resolved_at=moment(issue.first("closeDate", "updateDate")) if over else None,
        suppressed=resolution.lower() if resolution in _SETTLED else "",
        raw=raw,
    )


def _location(issue: Node, paths: Mapping[str, str]) -> Location:
    project, component = issue.text("project"), issue.text("component")
    path = component.removeprefix(f"{project}:") if project else component.rpartition(":")[2]
    path = paths.get(component, path)
    line = issue.at("line").value or issue.at("textRange", "startLine").value
    return Location(
        path="" if path == project else slash_path(path),
        line=positive(line),
        end_line=positive(issue.at("textRange", "endLine").value),
    )
