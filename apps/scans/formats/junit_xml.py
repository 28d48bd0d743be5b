"""JUnit XML, as test runners and many scanners write it."""

import re
from collections.abc import Iterator

from apps.scans.formats import masking, xml
from apps.scans.formats.text import clean, first_line, moment, positive, slash_path
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

_ROOTS = ("testsuites", "testsuite")
_PROBLEMS = ("failure", "error")
_SECRET_MEMBER = re.compile(
    rb'((?:"|&quot;)(?:Secret|Match|Line|Raw|RawV2)(?:"|&quot;): ?(?:"|&quot;))'
    rb'((?:[^"&\\]|\\.|&(?!quot;))+)'
)
MAX_OUTPUT = 20_000  # characters of a failure's text


class JUnitXml(Format):
    """JUnit XML of any test runner."""

    slug = "junit-xml"
    name = "JUnit XML"
    stages = ("test", "build", "deploy")
    mapping = {
        "kind": "test",
        "rule_id": "testcase classname (else the testsuite's name) and name",
        "title": "testcase name and the first line of the failure's or error's message",
        "severity": "medium: JUnit has none",
        "severity_source": "failure or error",
        "location.path": "testcase or testsuite file, line",
        "location.logical": "classname and name",
        "description": "message, type and text of the failures and errors",
        "occurred_at": "timestamp of the testsuite",
        "outcomes": "passed, failed, skipped test cases",
        "scanned_at": "timestamp of testsuites or of the first testsuite",
        "status": "unknown if there is no test case at all",
    }
    notes = "One finding per test case with a failure or an error. Reruns that passed are passed."

    def detect(self, head: Head) -> bool:
        return head.xml_root in _ROOTS

    def parse(self, data: memoryview) -> ParsedReport:
        attributes = xml.root_attributes(data)
        report = ParsedReport(
            findings=iter(()), scanned_at=moment(attributes.get("timestamp")), outcomes={}
        )
        report.findings = _findings(data, report)
        return report


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for element in xml.records(data, "testcase", roots=_ROOTS):
        suite = element.getparent()
        report.scanned_at = report.scanned_at or moment(xml.attribute(suite, "timestamp"))
        problems = [child for name in _PROBLEMS for child in xml.children(element, name)]
        if problems:
            counts["failed"] += 1
            yield _finding(element, suite)
        else:
            counts["passed" if xml.child(element, "skipped") is None else "skipped"] += 1
        report.outcomes = {name: count for name, count in counts.items() if count}
    if not any(counts.values()):
        report.status, report.status_reason = ScanStatus.UNKNOWN, "There is no test case in it."


def _finding(element: xml.Element, suite: xml.Element) -> ParsedFinding:
    case, raw = xml.scrubbed(element)
    for member in _SECRET_MEMBER.finditer(raw):
        masking.note(member[2].decode("utf-8", "replace"))
    problems = [child for name in _PROBLEMS for child in xml.children(case, name)]
    name = xml.attribute(case, "name")
    place = xml.attribute(case, "classname") or xml.attribute(suite, "name")
    message = first_line(xml.attribute(problems[0], "message"), xml.text(problems[0]))
    test = "::".join(filter(None, [place, name])) or "test case without a name"
    return ParsedFinding(
        kind=Kind.TEST,
        rule_id=test,
        title=first_line(f"{name or test}: {message}" if message else name or test),
        severity=Severity.MEDIUM,
        severity_source=xml.local_name(problems[0]),
        location=Location(
            path=slash_path(xml.attribute(case, "file") or xml.attribute(suite, "file")),
            line=positive(xml.attribute(case, "line")),
            logical=test,
        ),
        description="\n\n".join(filter(None, map(_text, problems))),
        occurred_at=moment(xml.attribute(suite, "timestamp")),
        passed=False,
        raw=_SECRET_MEMBER.sub(rb"\1[masked]", raw),
    )


def _hidden(text: str) -> str:
    """SECURITY: Gitleaks puts its record, secret included, into the text of a failure."""
    return _SECRET_MEMBER.sub(rb"\1[masked]", text.encode()).decode()


def _text(problem: xml.Element) -> str:
    message, body = xml.attribute(problem, "message"), _hidden(xml.text(problem)[:MAX_OUTPUT])
    first = " ".join(filter(None, [xml.attribute(problem, "type"), clean(message)]))
    return body if message and message in body else "\n".join(filter(None, [first, body]))
