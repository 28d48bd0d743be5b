"""Findings: the list by keyset, and one of them."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.evidence.models import EvidenceLink
from apps.scans.models import (
    FindingDetail,
    FindingOwner,
    FindingTag,
    OwnerSource,
    Presence,
    Series,
)
from apps.scans.services.counts import counts_refresh
from apps.scans.views.findings import PAGE
from tests.conftest import People
from tests.factories import (
    make_finding,
    make_item,
    make_report,
    make_series,
    make_statement,
    make_team,
)

LIST = "/findings/"


def _ids(client: Client, address: str) -> list[int]:
    response = client.get(address)
    assert response.status_code == 200
    return [finding.pk for finding in response.context["findings"]]


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, people: People) -> None:
    series = make_series(people.system)
    made = [make_finding(series=series, severity=number % 5) for number in range(2 * PAGE + 7)]
    expected = [
        each.pk for each in sorted(made, key=lambda each: (each.severity, each.pk), reverse=True)
    ]
    client.force_login(people.viewer)
    seen: list[int] = []
    address = LIST
    for _page in range(3):
        response = client.get(address)
        seen += [finding.pk for finding in response.context["findings"]]
        address = response.context["next_url"]
    assert seen == expected
    assert address == ""


def test_no_list_counts_or_skips_rows(client: Client, people: People) -> None:
    for _number in range(PAGE + 1):
        make_finding(people.system)
    client.force_login(people.viewer)
    with CaptureQueriesContext(connection) as captured:
        client.get(f"{LIST}?after=3-5")
    statements = [query["sql"] for query in captured if '"scans_finding"' in query["sql"]]
    assert len(statements) == 1
    assert "COUNT(" not in statements[0]
    assert "OFFSET" not in statements[0]
    assert '("scans_finding"."severity", "scans_finding"."id") < (3, 5)' in statements[0]


def test_filters(client: Client, people: People) -> None:
    code = make_series(people.system, stage="code", tool="bandit")
    deploy = make_series(people.system, stage="deploy", tool="checkov")
    sql = make_finding(series=code, severity=3, cwes=[89], title="SQL from text")
    secret = make_finding(series=code, severity=4, cwes=[798], rule_id="B105", title="Password")
    bucket = make_finding(series=deploy, severity=1, cwes=[], title="Open bucket")
    known = make_finding(series=code, severity=2, vulnerabilities=["CVE-2024-1234"], cwes=[])
    done = make_finding(series=code, severity=4, state="fixed", cwes=[])
    client.force_login(people.viewer)
    for query, expected in {
        "": [secret, sql, known, bucket],
        "?stage=deploy": [bucket],
        "?severity=3": [secret, sql],
        "?state=fixed": [done],
        "?state=any": [done, secret, sql, known, bucket],
        "?q=b105": [secret],
        "?q=cve-2024-1234": [known],
        "?q=CWE-89": [sql],
        "?cwe=798": [secret],
        "?system=payments&stage=code&severity=4": [secret],
        "?severity=9&stage=ship&state=gone&cwe=x&after=bad&q=%00": [secret, sql, known, bucket],
    }.items():
        assert _ids(client, LIST + query) == [each.pk for each in expected], query


def test_strangers_see_nothing_of_it(client: Client, people: People) -> None:
    finding = make_finding(people.system)
    for who in (people.outsider, people.nobody):
        client.force_login(who)
        assert _ids(client, LIST) == []
        assert _ids(client, f"{LIST}?system=payments") == []
        assert client.get(f"{LIST}{finding.pk}/").status_code == 404
    for who in (people.viewer, people.chief):
        client.force_login(who)
        assert _ids(client, LIST) == [finding.pk]
        assert client.get(f"{LIST}{finding.pk}/").status_code == 200


def test_counts_come_from_the_series(client: Client, people: People) -> None:
    series = make_series(people.system)
    for severity in (4, 4, 2):
        make_finding(series=series, severity=severity)
    counts_refresh(series.pk)
    make_series(people.other_system)
    Series.objects.filter(system=people.other_system).update(open_counts=[9, 9, 9, 9, 9])
    client.force_login(people.viewer)
    shown = {level: count for level, count, _url, _on in client.get(LIST).context["levels"]}
    assert shown == {4: 2, 3: 0, 2: 1, 1: 0, 0: 0}
    none = client.get(f"{LIST}?q=word").context["levels"]
    assert [count for _level, count, _url, _on in none] == [0] * 5


def test_a_finding_tells_its_story(client: Client, people: People) -> None:
    series = make_series(people.system, tool="bandit")
    first, second, third = (make_report(people.system, commit=f"c{n}") for n in range(3))
    finding = make_finding(series=series, since=first, until=second, title="SQL from text")
    Presence.objects.create(finding=finding, series=series, since=third, is_current=True)
    FindingDetail.objects.filter(finding=finding).update(
        description="<script>alert(1)</script>",
        remediation="Bind it.",
        facts={
            "snippet": 'query("<x>" & y)',
            "cvss_score": 9.8,
            "cvss_vector": "CVSS:3.1/AV:N",
            "references": ["https://example.org/a", "javascript:alert(1)"],
        },
        raw='{"masked": "***"}',
    )
    statement = make_statement(make_item(people.system), published=True)
    EvidenceLink.objects.create(statement=statement, finding=finding)
    client.force_login(people.viewer)
    response = client.get(f"{LIST}{finding.pk}/")
    page = response.content.decode()
    assert [(each.kind, each.report.pk) for each in response.context["history"]] == [
        ("back", third.pk),
        ("gone", second.pk),
        ("first", first.pk),
    ]
    for words in ("Bind it.", "9.8", "CVSS:3.1/AV:N", statement.key, "CWE-89", "bandit"):
        assert words in page
    assert "query(&quot;&lt;x&gt;&quot; &amp; y)" in page  # escaped, once
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert 'href="https://example.org/a" rel="noopener noreferrer nofollow"' in page


@pytest.mark.parametrize("address", ["/findings/0/", "/findings/999999999999999999999/"])
def test_what_is_not_there(client: Client, people: People, address: str) -> None:
    client.force_login(people.chief)
    assert client.get(address).status_code == 404


def test_a_longer_list_asks_no_more_questions(client: Client, people: People) -> None:
    client.force_login(people.viewer)
    counts = []
    for _round in range(2):
        for _number in range(4):
            make_finding(people.system, first_seen_at=timezone.now() - dt.timedelta(days=1))
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def _headings(client: Client, address: str) -> list[str]:
    page = client.get(address).content.decode()
    head = re.search(r"<thead>(.*?)</thead>", page, re.DOTALL)
    assert head
    return re.findall(r"<th[^>]*>(?:<span[^>]*>)?([^<]+)", head[1])


def test_columns_are_chosen_kept_for_a_person_and_told_by_the_address(
    client: Client, people: People
) -> None:
    found = make_finding(people.system, cwes=[89], vulnerabilities=["CVE-2024-1234"])
    FindingTag.objects.create(finding=found, tag="edge")
    team = make_team("keel")
    FindingOwner.objects.create(finding=found, team=team, source=OwnerSource.PERSON)
    client.force_login(people.viewer)
    standard = ["Severity", "Finding", "System", "Stage", "Tool", "State", "First seen"]
    assert _headings(client, LIST) == standard
    typed = {"column": ["tags", "owner", "weaknesses", "nonsense"], "filters": "?stage=code&x=1"}
    answer = client.post("/findings/columns/", typed)
    asked = "/findings/?stage=code&columns=weaknesses%2Cowner%2Ctags"
    assert answer.headers["Location"] == asked
    chosen = ["Finding", "Weaknesses", "Owner", "Tags"]
    assert _headings(client, LIST) == chosen
    page = client.get(LIST).content.decode()
    for words in ("CWE-89", str(team), "edge"):
        assert words in page
    assert _headings(client, f"{LIST}?columns=severity,state") == ["Severity", "Finding", "State"]
    assert _headings(client, f"{LIST}?columns=%00,;") == chosen  # nothing that is a column
    assert AuditEntry.objects.filter(action="columns.choose").count() == 1
    client.force_login(people.security)
    assert _headings(client, LIST)[1:] == standard  # behind the ticks
    assert _headings(client, asked)[1:] == chosen
    client.force_login(people.viewer)
    client.post("/findings/columns/", {"standard": "1", "column": ["tags"]})
    assert _headings(client, LIST) == standard


def test_the_queries_of_columns_do_not_grow(client: Client, people: People) -> None:
    client.force_login(people.viewer)
    counts = []
    for _round in range(2):
        for number in range(3):
            found = make_finding(people.system)
            FindingTag.objects.create(finding=found, tag=f"t{number}")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{LIST}?columns=owner,tags,branch")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_finding_beside_the_list(client: Client, people: People) -> None:
    finding = make_finding(
        people.system, title="Weak hash", cwes=[328], vulnerabilities=["CVE-2020-36242"]
    )
    client.force_login(people.viewer)
    page = client.get(f"{LIST}{finding.pk}/")
    panel = client.get(f"{LIST}{finding.pk}/?panel=1")
    for response in (page, panel):
        assert b'href="/search/?q=CWE-328"' in response.content
        assert b'href="/search/?q=CVE-2020-36242"' in response.content
    assert b"<html" in page.content
    assert b"<html" not in panel.content
    assert b"Weak hash" in panel.content
    client.force_login(people.outsider)
    assert client.get(f"{LIST}{finding.pk}/?panel=1").status_code == 404
