"""Findings as SARIF 2.1.0: one run a series, its results as they come from the database."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

from apps.scans.exports.rows import ExportRow, owner_of, tags_of
from apps.scans.exports.words import SEVERITY_NAMES, compact, finding_url, joined
from apps.scans.models import Finding, FindingState, Series

LEVELS = {0: "note", 1: "note", 2: "warning", 3: "error", 4: "error"}
# GitHub's "security-severity", where the tool gave no CVSS score.
SCORES = {0: "0.0", 1: "3.0", 2: "5.5", 3: "8.0", 4: "9.5"}
MAX_RULES = (
    20_000  # descriptors of a run that are kept while it is written; results name theirs anyway
)
HEAD = '{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[\n'


def sarif_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """rows: those of one series together."""
    yield HEAD
    for number, (_, group) in enumerate(groupby(rows, key=lambda row: row.finding.series_id)):
        yield from _run(group, "" if not number else ",\n")
    yield "\n]}\n"


def _run(group: Iterable[ExportRow], separator: str) -> Iterator[str]:
    rules: dict[str, dict[str, Any]] = {}
    series: list[Series] = []

    def results() -> Iterator[str]:
        for row in group:
            found = row.finding
            if not series:
                series.append(found.series)
            if len(rules) < MAX_RULES:
                rules.setdefault(_rule_id(found), _rule(found))
            yield compact(_result(row))

    yield separator + '{"results":[\n'
    yield from joined(results())
    # The tool comes last: its rules are known once the results are written.
    yield "\n]," + compact(_about(series[0], list(rules.values())))[1:]


def _about(series: Series, rules: list[dict[str, Any]]) -> dict[str, Any]:
    place = "/".join(filter(None, [series.system.key, series.stage, series.category]))
    return {
        "tool": {"driver": {"name": series.tool, "rules": rules}},
        "automationDetails": {"id": f"secops-portal/{place}/"},
    }


def _rule_id(finding: Finding) -> str:
    return finding.rule_id or "finding"


def _rule(finding: Finding) -> dict[str, Any]:
    facts = finding.detail.facts if hasattr(finding, "detail") else {}
    tags = ["security", *(f"external/cwe/cwe-{cwe:03}" for cwe in finding.cwes)]
    return {
        "id": _rule_id(finding),
        "shortDescription": {"text": str(facts.get("rule_name") or finding.title)},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"security-severity": SCORES[finding.severity], "tags": tags},
    }


def _result(row: ExportRow) -> dict[str, Any]:
    found = row.finding
    result: dict[str, Any] = {
        "ruleId": _rule_id(found),
        "level": LEVELS[found.severity],
        "message": {"text": found.title or _rule_id(found)},
        "locations": [_location(found)],
        "partialFingerprints": {"secopsPortal/v1": bytes(found.fingerprint).hex()},
        "hostedViewerUri": finding_url(found),
        "properties": _properties(found),
    }
    if found.state == FindingState.FIXED:
        result["baselineState"] = "absent"
    elif found.state != FindingState.OPEN:
        result["suppressions"] = [_suppression(row)]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if finding.path:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": quote(finding.path, safe="/:@!$&'()*+,;=~")}
        }
        if finding.line:
            place["region"] = {"startLine": finding.line}
        location["physicalLocation"] = place
    name = finding.purl or finding.place
    if name:
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    return location


def _suppression(row: ExportRow) -> dict[str, Any]:
    """SARIF 2.1.0, 3.35: a decision kept outside the code, and why."""
    why = row.said.triage.reason if row.said else "As the tool's report said."
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{row.finding.get_state_display()}: {why}",
    }


def _properties(finding: Finding) -> dict[str, Any]:
    values = {
        "state": finding.state,
        "severity": SEVERITY_NAMES[finding.severity],
        "system": finding.system.key,
        "stage": finding.stage,
        "firstSeen": finding.first_seen_at.isoformat(),
        "purl": finding.purl,
        "vulnerabilities": finding.vulnerabilities,
        "cwes": [f"CWE-{number}" for number in finding.cwes],
        "owner": owner_of(finding),
        "tags": tags_of(finding),
    }
    return {name: value for name, value in values.items() if value}
