"""Identity over time: what a finding survives, and what makes it another one."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.scans.domain.fingerprints import Fingerprinter, content_hash, tool_family
from apps.scans.formats.types import Kind, Location, ParsedFinding, Severity

CODE = ParsedFinding(
    kind=Kind.CODE,
    rule_id="sql",
    title="3 parameters reach the query",
    severity=Severity.HIGH,
    location=Location(path="src/a.py", line=10, snippet="run(query + name)"),
    description="Bind them.",
    cwes=(89,),
    raw=b'{"line": 10}',
)
PACKAGE = ParsedFinding(
    kind=Kind.PACKAGE,
    rule_id="CVE-2026-1",
    title="CVE-2026-1 in alpha 1.0",
    severity=Severity.LOW,
    vulnerabilities=("CVE-2026-1", "GHSA-aaaa-bbbb-cccc"),
    location=Location(purl="pkg:pypi/alpha@1.0", resource="shop:1.4 (debian 12)"),
)
WEB = ParsedFinding(
    kind=Kind.WEB,
    rule_id="xss",
    title="XSS",
    severity=Severity.HIGH,
    location=Location(url="https://shop.example/orders/17?a=b", parameter="q"),
)
HOST = ParsedFinding(
    kind=Kind.HOST,
    rule_id="open-port",
    title="Port 22",
    severity=Severity.NONE,
    location=Location(host="10.0.0.1", port=22, protocol="tcp"),
)
RESOURCE = ParsedFinding(
    kind=Kind.RESOURCE,
    rule_id="CKV_1",
    title="Public bucket",
    severity=Severity.HIGH,
    location=Location(resource="aws_s3_bucket.logs", path="/main.tf", line=3),
)
ALERT = ParsedFinding(
    kind=Kind.ALERT,
    rule_id="Flood",
    title="400 sign-ins",
    severity=Severity.HIGH,
    tool_fingerprint="5ac5a2a1b2c3d4e5",
    occurred_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
)


def digest(finding: ParsedFinding, family: str = "shopscan") -> bytes:
    return Fingerprinter(family).identify(finding).digest


def changed(finding: ParsedFinding, **fields: Any) -> ParsedFinding:
    places = {k: fields.pop(k) for k in list(fields) if k in Location.__struct_fields__}
    location = msgspec.structs.replace(finding.location, **places)
    return msgspec.structs.replace(finding, location=location, **fields)


@pytest.mark.parametrize(
    "other",
    [
        changed(CODE, line=99, end_line=100, column=7),
        changed(CODE, severity=Severity.LOW, cwes=(1,), description="Other words."),
        changed(CODE, title="the message was reworded"),
        changed(CODE, snippet="\n   run(query  +\tname) "),
        changed(CODE, path="/builds/team/shop/src/a.py"),
        changed(CODE, raw=b"{}", references=("https://example.org",), tags=("x",)),
    ],
)
def test_code_stays_the_same_finding(other: ParsedFinding) -> None:
    assert digest(other) == digest(CODE)


@pytest.mark.parametrize(
    "other",
    [
        changed(CODE, rule_id="xss"),
        changed(CODE, path="src/b.py"),
        changed(CODE, snippet="run(query + password)"),
        changed(CODE, kind=Kind.SECRET),
    ],
)
def test_code_is_another_finding(other: ParsedFinding) -> None:
    assert digest(other) != digest(CODE)


def test_without_a_snippet_the_message_without_its_numbers_decides() -> None:
    first = changed(CODE, snippet="")
    assert digest(changed(first, title="4 parameters reach the query")) == digest(first)
    assert digest(changed(first, title="The query is logged")) != digest(first)


def test_a_trusted_fingerprint_of_the_tool_decides_before_the_snippet() -> None:
    first = changed(CODE, tool_fingerprint="abc123")
    assert digest(changed(first, snippet="something else")) == digest(first)
    assert digest(changed(first, tool_fingerprint="def456")) != digest(first)
    assert digest(changed(first, path="src/b.py")) != digest(first)


def test_the_same_code_twice_is_two_findings_in_any_order() -> None:
    twice = [CODE, changed(CODE, line=50), changed(CODE, line=90)]
    forward, backward = Fingerprinter("f"), Fingerprinter("f")
    first = {forward.identify(finding).digest for finding in twice}
    second = {backward.identify(finding).digest for finding in reversed(twice)}
    assert len(first) == 3
    assert first == second


def test_a_fourth_copy_leaves_the_other_three_alone() -> None:
    before, after = Fingerprinter("f"), Fingerprinter("f")
    three = {before.identify(CODE).digest for _ in range(3)}
    four = {after.identify(CODE).digest for _ in range(4)}
    assert three < four


@pytest.mark.parametrize(
    "other",
    [
        changed(PACKAGE, purl="pkg:pypi/alpha@1.1", title="CVE-2026-1 in alpha 1.1"),
        changed(PACKAGE, resource="shop:1.5 (debian 13)"),
        changed(PACKAGE, vulnerabilities=("CVE-2026-1",)),
        changed(PACKAGE, severity=Severity.CRITICAL, fixed_version="2.0"),
        changed(PACKAGE, purl="pkg:pypi/alpha@1.0?arch=amd64"),
    ],
)
def test_a_vulnerable_package_stays_the_same(other: ParsedFinding) -> None:
    assert digest(other) == digest(PACKAGE)


@pytest.mark.parametrize(
    ("purl", "path", "newer_purl", "newer_path", "same"),
    [
        ("pypi/django@3.2.9", "/lib/Django-3.2.9.dist-info/METADATA",
         "pypi/django@3.2.10", "/lib/Django-3.2.10.dist-info/METADATA", True),
        ("maven/org.example/core@2.14.1", "/app/lib/core-2.14.1.jar",
         "maven/org.example/core@2.15.0", "/app/lib/core-2.15.0.jar", True),
        ("deb/debian/core@1%3A3.0.11-1", "/x/core_1:3.0.11-1.deb",
         "deb/debian/core@1%3A3.0.12-1", "/x/core_1:3.0.12-1.deb", True),
        ("npm/core@2.0.0", "/app/a/2.0.0/core", "npm/core@2.0.1", "/app/b/2.0.1/core", False),
        ("npm/core@1", "/app/1/core", "npm/core@2", "/app/1/core", True),
        ("npm/core@1", "/app/1/core", "npm/core@2", "/app/2/core", False),  # a 1 may stand for anything
    ],
)  # fmt: skip
def test_a_version_in_the_path_of_a_package(
    purl: str, path: str, newer_purl: str, newer_path: str, same: bool
) -> None:
    older = changed(PACKAGE, purl=f"pkg:{purl}", path=path)
    newer = changed(PACKAGE, purl=f"pkg:{newer_purl}", path=newer_path)
    assert (digest(older) == digest(newer)) is same


@pytest.mark.parametrize(
    "other",
    [
        changed(PACKAGE, purl="pkg:pypi/beta@1.0"),
        changed(PACKAGE, resource="other:1.4"),
        changed(PACKAGE, rule_id="CVE-2026-2", vulnerabilities=("CVE-2026-2",)),
    ],
)
def test_a_vulnerable_package_is_another_one(other: ParsedFinding) -> None:
    assert digest(other) != digest(PACKAGE)


@pytest.mark.parametrize(
    ("finding", "other", "same"),
    [
        (WEB, changed(WEB, url="https://shop.example/orders/99"), True),
        (WEB, changed(WEB, parameter="r"), False),
        (WEB, changed(WEB, url="https://shop.example/cart"), False),
        (HOST, changed(HOST, title="Port 22 (OpenSSH 9)"), True),
        (HOST, changed(HOST, port=80), False),
        (HOST, changed(HOST, host="10.0.0.2"), False),
        (HOST, changed(HOST, protocol="udp"), False),
        (RESOURCE, changed(RESOURCE, line=9, title="Bucket is public"), True),
        (RESOURCE, changed(RESOURCE, resource="aws_s3_bucket.data"), False),
        (ALERT, changed(ALERT, occurred_at=dt.datetime(2026, 2, 2, tzinfo=dt.UTC)), True),
        (ALERT, changed(ALERT, title="900 sign-ins"), True),
        (ALERT, changed(ALERT, tool_fingerprint="0000000000000001"), False),
    ],
)
def test_other_kinds(finding: ParsedFinding, other: ParsedFinding, same: bool) -> None:
    assert (digest(finding) == digest(other)) is same


def test_tools_do_not_share_identities_and_versions_do() -> None:
    assert digest(CODE, "a") != digest(CODE, "b")
    assert tool_family("ShopScan 1.2.3") == tool_family("shopscan v2.0.0") == "shopscan"
    assert tool_family("Semgrep OSS") == tool_family("semgrep")
    assert tool_family("") == ""
    assert tool_family("1.2.3") == "1.2.3"


def test_the_weak_keys_suggest_what_moved() -> None:
    here = Fingerprinter("f").identify(CODE)
    renamed = Fingerprinter("f").identify(changed(CODE, path="src/new.py", line=70))
    edited = Fingerprinter("f").identify(changed(CODE, snippet="run(query + other)"))
    assert here.pathless_key == renamed.pathless_key != edited.pathless_key
    assert here.line_key == edited.line_key != renamed.line_key
    assert len(here.digest) == 32
    assert len(here.line_key) == len(here.pathless_key) == 16


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"raw": b"{}"}, True),
        ({"tool_fingerprint": "x"}, True),
        ({"line": 11}, False),
        ({"severity": Severity.LOW}, False),
        ({"description": "y"}, False),
        ({"suppressed": "y"}, False),
        ({"occurred_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, False),
    ],
)
def test_content_hash(fields: dict[str, Any], same: bool) -> None:
    assert (content_hash(changed(CODE, **fields)) == content_hash(CODE)) is same
    assert len(content_hash(CODE)) == 16


TEXT = st.text(max_size=30)


@given(
    kind=st.sampled_from(Kind),
    texts=st.lists(TEXT, min_size=8, max_size=8),
    line=st.none() | st.integers(1, 2**31 - 1),
)
def test_any_finding_has_an_identity(kind: Kind, texts: list[str], line: int | None) -> None:
    rule, title, path, snippet, resource, url, host, purl = texts
    finding = ParsedFinding(
        kind=kind,
        rule_id=rule,
        title=title,
        severity=Severity.LOW,
        location=Location(
            path=path, line=line, snippet=snippet, resource=resource, url=url, host=host, purl=purl
        ),
    )
    assert digest(finding) == digest(finding)
    assert len(content_hash(finding)) == 16
