"""XCCDF and ARF: results of OpenSCAP and other SCAP scanners."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.scans.formats import ids, severity, xml
from apps.scans.formats.text import clean, first_line, from_html, links, moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
)

_ROOTS = ("Benchmark", "TestResult", "asset-report-collection", "data-stream-collection")
_OUTCOMES = {"pass": "passed", "fixed": "fixed", "error": "errors", "unknown": "unknown"}
_DISCUSSION = re.compile(r"<VulnDiscussion>(.*?)</VulnDiscussion>", re.DOTALL)
MAX_TEXT = 20_000


@dataclass(slots=True)
class _Rule:
    title: str = ""
    description: str = ""
    fix: str = ""
    severity: str = ""
    references: tuple[str, ...] = ()


class Xccdf(Format):
    """XCCDF 1.1 and 1.2 with a TestResult, and ARF around it."""

    slug = "xccdf"
    name = "XCCDF / ARF results"
    stages = ("deploy", "operate")
    mapping = {
        "kind": "resource",
        "rule_id": "rule-result idref, without the prefix of its namespace",
        "title": "title of the Rule, else its version or id",
        "severity": "severity of the rule-result, else of the Rule",
        "location.resource": "target of the TestResult",
        "description": "description (VulnDiscussion of a STIG), rationale",
        "remediation": "fixtext",
        "vulnerabilities": "ident elements with vulnerability ids",
        "references": "href of the Rule's references",
        "tags": "ident elements (CCE, CCI, ...), version of the rule-result",
        "occurred_at": "time",
        "outcomes": "rule-results of each other kind",
        "tool_name": "test-system of the TestResult",
        "scanned_at": "end-time of the TestResult",
        "status": "unknown if no rule passed, failed or ended in an error",
    }
    notes = (
        "Only the result fail is a finding. Rules that were not selected or not applicable are "
        "counted."
    )

    def detect(self, head: Head) -> bool:
        if head.xml_root in {"Benchmark", "TestResult"}:
            return "xccdf" in head.xml_namespace
        return head.xml_root == "asset-report-collection" and "scap.nist.gov" in head.xml_namespace

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(findings=iter(()), outcomes={})
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    rules: dict[str, _Rule] = {}
    target = ""
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    wanted = ("Rule", "rule-result", "target", "TestResult")
    for element in xml.records(data, *wanted, roots=_ROOTS):
        name = xml.local_name(element)
        if name == "Rule":
            rules[xml.attribute(element, "id")] = _rule(element)
        elif name == "target" and xml.local_name(element.getparent()) == "TestResult":
            target = xml.text(element)
            _read_test(element.getparent(), report)
        elif name == "rule-result":
            result = xml.text(element, "result")
            outcome = _OUTCOMES.get(result, result[:40] or "other")
            if result == "fail":
                outcome = "failed"
                yield _finding(element, rules, target)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    if not {"passed", "failed", "errors", "fixed"} & outcomes.keys():
        report.status, report.status_reason = ScanStatus.UNKNOWN, "No rule was decided."


def _read_test(test: xml.Element, report: ParsedReport) -> None:
    system = xml.attribute(test, "test-system").removeprefix("cpe:/a:")
    parts = system.split(":")
    report.tool_name = " ".join(parts[:2])[:120] if system else report.tool_name
    report.tool_version = parts[2][:120] if len(parts) > 2 else ""
    report.scanned_at = moment(xml.attribute(test, "end-time")) or moment(
        xml.attribute(test, "start-time")
    )


def _rule(element: xml.Element) -> _Rule:
    text = html.unescape(xml.text(element, "description"))[:MAX_TEXT]
    found = _DISCUSSION.search(text)
    return _Rule(
        title=" ".join(xml.text(element, "title").split()),
        description="\n\n".join(
            filter(
                None,
                [
                    clean(found[1]) if found else from_html(text),
                    xml.text(element, "rationale")[:MAX_TEXT],
                ],
            )
        ),
        fix=xml.text(element, "fixtext")[:MAX_TEXT],
        severity=xml.attribute(element, "severity"),
        references=links(
            [xml.attribute(item, "href") for item in xml.children(element, "reference")]
        ),
    )


_PREFIX = re.compile(r"^xccdf_[^_]+_rule_")


def _finding(element: xml.Element, rules: dict[str, _Rule], target: str) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    reference = xml.attribute(item, "idref")
    rule = rules.get(reference, _Rule())
    idents = [xml.text(ident) for ident in xml.children(item, "ident")]
    name = named(_PREFIX.sub("", reference), rule.title)
    word = xml.attribute(item, "severity") or rule.severity
    known = ids.vulnerabilities_in(" ".join(idents))
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id=name,
        rule_name=first_line(rule.title),
        title=named(rule.title, xml.attribute(item, "version"), name),
        severity=severity.from_word(word or "medium"),
        severity_source=word,
        location=Location(resource=target),
        description=rule.description,
        remediation=rule.fix,
        vulnerabilities=known,
        references=rule.references,
        tags=tags([one for one in idents if one not in known][:20], xml.attribute(item, "version")),
        occurred_at=moment(xml.attribute(item, "time")),
        raw=raw,
    )
