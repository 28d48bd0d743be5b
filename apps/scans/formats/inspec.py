"""InSpec (and CINC): controls of compliance profiles."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids
from apps.scans.formats.decode import listing
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import links, moment, named, positive, slash_path, tags
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

MAX_MESSAGES = 50
MAX_CODE = 20_000


class Inspec(Format):
    """The json, json-automate and json-min reporters."""

    slug = "inspec-json"
    name = "InSpec JSON"
    stages = ("deploy", "operate")
    tool_name = "InSpec"
    mapping = {
        "kind": "resource",
        "rule_id": "profiles[].controls[].id; controls[].id of json-min",
        "title": "title",
        "severity": "impact: from 0.9 critical, 0.7 high, 0.4 medium, 0.01 low",
        "severity_source": "impact",
        "location.path": "source_location.ref, line",
        "location.resource": "platform.target_id, else name and release",
        "description": "desc, messages of the results that failed",
        "remediation": "tags.fix or the description labelled fix",
        "cwes": "tags.cwe",
        "references": "refs[].url",
        "tags": "tags.nist, cci, severity, the profile's name",
        "suppressed": "waiver_data.justification of a waived control",
        "outcomes": "controls passed and skipped",
        "tool_version": "version",
        "status": "unknown if no control has a result",
    }
    notes = "One finding per control with a failed result, in each profile that holds it."

    def detect(self, head: Head) -> bool:
        full = {"platform", "profiles"} <= head.keys and (
            "statistics" in head.keys or head.has("profiles.controls")
        )
        short = {"controls", "statistics", "version"} <= head.keys and ("profiles" not in head.keys)
        return head.root == "{" and (full or short)

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "profiles", "controls", null=True)
        top = header(members, "platform", "version")
        report = ParsedReport(
            findings=iter(()),
            tool_name=self.tool_name,
            tool_version=top.text("version")[:120],
            outcomes={},
        )
        if "profiles" in members:
            report.findings = _findings(raws, _target(top.at("platform")), report)
        else:
            report.findings = _results(raws, report)
        return report


def _results(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    """Of the json-min reporter: results without titles and impacts, several a control."""
    states: dict[tuple[str, str], set[str]] = {}
    failed: dict[tuple[str, str], list[Node]] = {}
    for result, _ in nodes(raws, report.warnings, "/controls"):
        key = (result.text("profile_id"), result.text("id"))
        states.setdefault(key, set()).add(result.text("status"))
        if result.text("status") == "failed":
            failed.setdefault(key, []).append(result)
    outcomes: dict[str, int] = {}
    for found in states.values():
        state = _state(found)
        outcomes[state] = outcomes.get(state, 0) + 1
    report.outcomes = outcomes
    for (profile, rule), results in failed.items():
        control = {"id": rule, "results": [one.value for one in results]}
        yield _finding(Node(control), profile, "")
    _say_if_nothing_was_tried(report)


def _state(found: set[str]) -> str:
    return next((s for s in ("failed", "passed", "skipped") if s in found), "no result")


def _say_if_nothing_was_tried(report: ParsedReport) -> None:
    if not set(report.outcomes) - {"no result"}:
        report.status, report.status_reason = ScanStatus.UNKNOWN, "No control has a result."


def _target(platform: Node) -> str:
    name = " ".join(filter(None, [platform.text("name"), platform.text("release")]))
    return platform.text("target_id") or name


def _findings(raws: list[Raw], target: str, report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for profile, _ in nodes(raws, report.warnings, "/profiles"):
        for control in profile.objects("controls"):
            state = _state({result.text("status") for result in control.objects("results")})
            outcomes[state] = outcomes.get(state, 0) + 1
            if report.scanned_at is None:
                report.scanned_at = moment(control.text("results", 0, "start_time"))
            if state == "failed":
                yield _finding(control, profile.text("name"), target)
    _say_if_nothing_was_tried(report)


def _finding(control: Node, profile: str, target: str) -> ParsedFinding:
    kept = {k: v for k, v in control.value.items() if k != "code" or len(str(v)) < MAX_CODE}
    raw = scrub(msgspec.json.encode(kept))
    control = Node(msgspec.json.decode(raw))
    marks, impact = control.at("tags"), control.number("impact")
    rule = named(control.text("id"), marks.text("gid"), control.text("title"))
    waiver = control.at("waiver_data")
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=rule,
        title=named(" ".join(control.text("title").split()), rule),
        severity=_severity(impact),
        severity_source="" if impact is None else f"{impact:g}",
        location=Location(
            path=slash_path(control.text("source_location", "ref")),
            line=positive(control.at("source_location", "line").value),
            resource=target,
        ),
        description=_description(control),
        remediation=marks.text("fix") or _labelled(control, "fix"),
        cwes=ids.cwes(marks.at("cwe").value),
        references=links([one.text("url") for one in control.objects("refs")]),
        tags=tags(profile, marks.texts("nist"), marks.texts("cci"), marks.text("severity")),
        suppressed=(waiver.text("justification") or "waived") if waiver else "",
        raw=raw,
    )


def _severity(impact: float | None) -> Severity:
    """Source: InSpec's table of impacts (none, low, medium, high, critical)."""
    if impact is None:
        return Severity.MEDIUM
    for limit, rated in ((0.9, 4), (0.7, 3), (0.4, 2), (0.01, 1)):
        if impact >= limit:
            return Severity(rated)
    return Severity.NONE


def _description(control: Node) -> str:
    failed = [one for one in control.objects("results") if one.text("status") == "failed"]
    messages = [one.first("message", "code_desc") for one in failed[:MAX_MESSAGES]]
    return "\n\n".join(dict.fromkeys(filter(None, [control.text("desc"), *messages])))


def _labelled(control: Node, label: str) -> str:
    found = [
        one.text("data") for one in control.objects("descriptions") if one.text("label") == label
    ]
    return found[0] if found else ""
