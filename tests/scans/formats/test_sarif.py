"""SARIF where the specification decides: what a sample of one tool does not show."""

import json
from typing import Any

import pytest

from apps.scans.domain.fingerprints import Fingerprinter
from apps.scans.formats.sarif import Sarif
from apps.scans.formats.types import ParsedFinding, ParsedReport, ScanStatus, Severity

RULE = {"id": "R1", "shortDescription": {"text": "Short"}}


def parse(log: Any) -> tuple[ParsedReport, list[ParsedFinding]]:
    report = Sarif(b"salt").parse(memoryview(json.dumps(log).encode()))
    return report, list(report.findings)


def run(results: Any, **fields: Any) -> dict[str, Any]:
    tool = {"driver": {"name": "T", "rules": [RULE]}}
    return {"tool": tool, "results": results, **fields}


def one(result: dict[str, Any], **fields: Any) -> ParsedFinding:
    _, findings = parse({"version": "2.1.0", "runs": [run([result], **fields)]})
    assert len(findings) == 1
    return findings[0]


def at(uri: str, **region: Any) -> list[dict[str, Any]]:
    return [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}]


@pytest.mark.parametrize(
    ("result", "rule", "expected"),
    [
        ({}, {}, Severity.MEDIUM),  # 3.27.10: warning
        ({"level": "error"}, {}, Severity.HIGH),
        ({"level": "note"}, {}, Severity.LOW),
        ({"level": "none"}, {}, Severity.NONE),
        ({}, {"defaultConfiguration": {"level": "error"}}, Severity.HIGH),
        ({"kind": "review"}, {"defaultConfiguration": {"level": "error"}}, Severity.NONE),
        ({"kind": "open", "level": "warning"}, {}, Severity.MEDIUM),
        ({"level": "note"}, {"properties": {"security-severity": "9.1"}}, Severity.CRITICAL),
        ({"level": "note"}, {"properties": {"security-severity": 4.0}}, Severity.MEDIUM),
        ({"level": "note"}, {"properties": {"security-severity": "0.0"}}, Severity.NONE),
        ({"level": "note"}, {"properties": {"security-severity": "HIGH"}}, Severity.HIGH),
        ({"level": "note"}, {"properties": {"security-severity": "?"}}, Severity.LOW),
        ({"properties": {"security-severity": "2"}}, {"properties": {"security-severity": "9"}}, Severity.LOW),
    ],
)  # fmt: skip
def test_severity(result: dict[str, Any], rule: dict[str, Any], expected: Severity) -> None:
    tool = {"driver": {"name": "T", "rules": [RULE | rule]}}
    found = one({"ruleId": "R1", "message": {"text": "m"}, **result}, tool=tool)
    assert found.severity is expected


def test_levels_that_the_user_of_the_tool_set() -> None:
    overrides = [{"descriptor": {"id": "R1"}, "configuration": {"level": "note"}}]
    invocations = [{"executionSuccessful": True, "ruleConfigurationOverrides": overrides}]
    assert one({"ruleId": "R1"}, invocations=invocations).severity is Severity.LOW


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"ruleId": "R1"}, "R1"),
        ({"ruleIndex": 0}, "R1"),
        ({"ruleIndex": 0, "ruleId": "R1/case"}, "R1"),
        ({"ruleIndex": 99, "ruleId": "R1"}, "R1"),
        ({"ruleIndex": -1, "ruleId": "X9"}, "X9"),
        ({"ruleIndex": 0, "ruleId": "X9"}, "X9"),  # the id is believed where the two disagree
        ({"rule": {"index": 0}}, "R1"),
        ({"rule": {"id": "E1", "toolComponent": {"name": "ext"}, "index": 0}}, "E1"),
        ({"rule": {"index": 0, "toolComponent": {"index": 0}}}, "E1"),
        ({}, "unnamed"),
    ],
)
def test_the_rule_is_found(result: dict[str, Any], expected: str) -> None:
    tool = {
        "driver": {"name": "T", "rules": [RULE]},
        "extensions": [{"name": "ext", "rules": [{"id": "E1"}]}],
    }
    assert one({"message": {"text": "m"}, **result}, tool=tool).rule_id == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"text": "a {0} b {1} {2} {{x}}", "arguments": ["1", "2"]}, "a 1 b 2 {2} {x}"),
        ({"id": "m", "arguments": ["y"]}, "from y"),
        ({"id": "g"}, "global"),
        ({"markdown": "only **this**"}, "only **this**"),
        ({"text": "see [this place](1) and [x](https://example.org)"}, "see this place and x"),
        ({"id": "unheard-of"}, "Short"),
        (None, "Short"),
    ],
)
def test_messages(message: Any, expected: str) -> None:
    rule = RULE | {"messageStrings": {"m": {"text": "from {0}"}}}
    strings = {"g": {"text": "global"}}
    tool = {"driver": {"name": "T", "rules": [rule], "globalMessageStrings": strings}}
    assert one({"ruleId": "R1", "message": message}, tool=tool).title == expected


def test_weaknesses_from_taxa_relationships_and_taxonomies() -> None:
    taxonomies = [
        {"name": "CWE", "taxa": [{"id": "22"}, {"id": "23"}]},
        {"name": "OWASP", "taxa": [{"id": "5"}]},
    ]
    taxa = [
        {"index": 1, "toolComponent": {"index": 0}},
        {"index": 0, "toolComponent": {"index": 1}},
    ]
    target = {"id": "79", "toolComponent": {"name": "CWE"}}
    tool = {"driver": {"name": "T", "rules": [RULE | {"relationships": [{"target": target}]}]}}
    found = one(
        {"ruleId": "R1", "taxa": taxa, "message": {"text": "m"}}, taxonomies=taxonomies, tool=tool
    )
    assert found.cwes == (23, 79)


@pytest.mark.parametrize(
    ("suppressions", "expected"),
    [
        ([{"kind": "inSource"}], "inSource"),
        ([{"kind": "external", "status": "accepted", "justification": "why"}], "why"),
        ([{"kind": "external", "status": "underReview"}], ""),
        ([{"kind": "external", "status": "rejected"}, {"kind": "inSource"}], ""),
        ([], ""),
    ],
)
def test_suppressions(suppressions: Any, expected: str) -> None:
    assert one({"ruleId": "R1", "suppressions": suppressions}).suppressed == expected


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, ScanStatus.COMPLETE),
        ({"invocations": [{"executionSuccessful": True}]}, ScanStatus.COMPLETE),
        (
            {"invocations": [{"executionSuccessful": True}, {"executionSuccessful": False}]},
            ScanStatus.FAILED,
        ),
        ({"invocations": {"executionSuccessful": False}}, ScanStatus.FAILED),
        ({"invocations": "none"}, ScanStatus.COMPLETE),
        ({"results": None}, ScanStatus.UNKNOWN),
        ({"results": 42}, ScanStatus.UNKNOWN),
    ],
)
def test_status(fields: dict[str, Any], status: ScanStatus) -> None:
    report, _ = parse({"version": "2.1.0", "runs": [run([]) | fields]})
    assert report.status is status
    assert bool(report.status_reason) is (status is not ScanStatus.COMPLETE)


def test_one_failed_run_among_several_fails_the_report() -> None:
    failed = run([], invocations=[{"executionSuccessful": False}])
    assert parse({"version": "2.1.0", "runs": [run([]), failed]})[0].status is ScanStatus.FAILED
    assert parse({"version": "2.1.0", "runs": []})[0].status is ScanStatus.UNKNOWN


def test_paths_below_a_relative_base_and_not_below_an_absolute_one() -> None:
    bases = {
        "ROOT": {"uri": "file:///builds/x/"},
        "APP": {"uri": "app/", "uriBaseId": "ROOT"},
        "LOOP": {"uri": "l", "uriBaseId": "LOOP"},
    }
    for base, expected in (("ROOT", "a b.py"), ("APP", "app/a b.py"), ("UNKNOWN", "a b.py")):
        place = [{"physicalLocation": {"artifactLocation": {"uri": "a%20b.py", "uriBaseId": base}}}]
        found = one({"ruleId": "R1", "locations": place}, originalUriBaseIds=bases)
        assert found.location.path == expected
    looped = [{"physicalLocation": {"artifactLocation": {"uri": "a", "uriBaseId": "LOOP"}}}]
    assert one({"ruleId": "R1", "locations": looped}, originalUriBaseIds=bases).location.path


def test_placeholder_fingerprints_merge_nothing() -> None:
    results = [
        {
            "ruleId": "R1",
            "fingerprints": {"matchBasedId/v1": "requires login"},
            "locations": at(f"{i}.py", startLine=1),
        }
        for i in range(30)
    ]
    _, findings = parse({"version": "2.1.0", "runs": [run(results)]})
    fingerprinter = Fingerprinter("t")
    assert len({fingerprinter.identify(finding).digest for finding in findings}) == 30
    assert not any(finding.tool_fingerprint for finding in findings)


def test_a_constant_fingerprint_is_not_believed_and_a_telling_one_is() -> None:
    results = [
        {
            "ruleId": "R1",
            "fingerprints": {"const": "always-the-same", "good": f"value-{i}"},
            "locations": at("a.py", startLine=i + 1),
        }
        for i in range(10)
    ]
    _, findings = parse({"version": "2.1.0", "runs": [run(results)]})
    assert [finding.tool_fingerprint for finding in findings] == [
        f"good:value-{i}" for i in range(10)
    ]


def test_the_line_hash_is_used_only_without_a_snippet() -> None:
    marks = {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}
    without = one({"ruleId": "R1", "partialFingerprints": marks, "locations": at("a", startLine=1)})
    place = at("a", startLine=1, snippet={"text": "x()"})
    assert without.tool_fingerprint == "primaryLocationLineHash:39fa2ee980eb94b0:1"
    assert (
        one({"ruleId": "R1", "partialFingerprints": marks, "locations": place}).tool_fingerprint
        == ""
    )


def test_objects_where_strings_are_due_lose_only_themselves() -> None:
    result = {
        "ruleId": "R1",
        "message": {"text": "m"},
        "fingerprints": {"a": {"b": 1}},
        "locations": at("a.py", startLine="7"),
    }
    report, findings = parse({"version": "2.1.0", "runs": [run([result])]})
    assert (findings[0].title, findings[0].location.line) == ("m", 7)
    assert report.warnings
    assert "/runs/0/results/0" in report.warnings[0]


def test_a_secret_scanner_keeps_no_snippet_anywhere() -> None:
    place = [{"physicalLocation": {
        "artifactLocation": {"uri": "a.py"},
        "region": {"startLine": 1, "snippet": {"text": "pl4nted-Secret-0123"}},
        "contextRegion": {"snippet": {"text": "x = pl4nted-Secret-0123"}},
    }}]  # fmt: skip
    result = {"ruleId": "any", "message": {"text": "found"}, "locations": place}
    found = one(result, tool={"driver": {"name": "gitleaks", "rules": []}})
    assert found.kind == "secret"
    assert found.location.snippet == ""
    assert b"pl4nted" not in found.raw
    assert len(found.tool_fingerprint) == 32


# A story with one tool's reports of the same code at different times.


def _report(lines: list[tuple[int, str]], prefix: str = "") -> set[bytes]:
    results = [
        {
            "ruleId": "R1",
            "message": {"text": f"at {line}"},
            "locations": at(f"{prefix}src/a.py", startLine=line, snippet={"text": code}),
        }
        for line, code in lines
    ]
    _, findings = parse({"version": "2.1.0", "runs": [run(results)]})
    fingerprinter = Fingerprinter("t")
    return {fingerprinter.identify(finding).digest for finding in findings}


FIRST = [(10, "run(a)"), (20, "run(b)"), (30, "run(a)")]


def test_seven_lines_on_top_change_nothing() -> None:
    assert _report([(line + 7, code) for line, code in FIRST]) == _report(FIRST)


def test_another_indentation_changes_nothing() -> None:
    assert _report([(line, f"\t  {code}\n") for line, code in FIRST]) == _report(FIRST)


def test_another_order_changes_nothing() -> None:
    assert _report(FIRST[::-1]) == _report(FIRST)


def test_another_build_machine_changes_nothing() -> None:
    assert _report(FIRST, prefix="file:///builds/team/shop/") == _report(FIRST)


def test_one_of_two_equal_lines_fixed_closes_one() -> None:
    assert len(_report(FIRST) - _report(FIRST[:2])) == 1
    assert _report(FIRST[:2]) < _report(FIRST)


def test_changed_code_is_another_finding() -> None:
    changed = _report([(10, "run(c)"), *FIRST[1:]])
    assert len(changed & _report(FIRST)) == 2
