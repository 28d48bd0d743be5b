"""The list of findings is read in one of several ways; each shows the same rows in the same order."""

import csv
import io
import re
from dataclasses import replace
from html import unescape
from io import StringIO
from itertools import product
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.catalog.services import system_archive
from apps.scans import selectors_pages as pages
from apps.scans.models import EpssScore, Finding, FindingOwner, FindingTag, KevEntry, Series
from apps.scans.selectors import FindingFilter, findings_list
from apps.scans.selectors_counts import Counts
from apps.scans.selectors_meant import findings_to_triage
from apps.scans.selectors_pages import Place, findings_found, findings_page
from apps.scans.services.texts import texts_keep
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db

# FEW, GLANCE, MANY, FAR: what makes each way the one that is taken.
WAYS = {
    "as it is": (5000, 2000, 20_000, 10_000),
    "read and sorted": (5000, 1, 20_000, 10_000),
    "more than few": (1, 1, 20_000, 10_000),
    "only of the choices more than few": (4, 1, 20_000, 10_000),
    "close together": (5000, 2000, 0, 10_000),
    "close together and counted": (1, 2000, 20_000, 10_000),
    "a piece at a time": (5000, 4, 20_000, 5),
}
RARE = (
    FindingFilter(cwe=79),
    FindingFilter(cwe=79, state="any"),
    FindingFilter(cwe=79, severity=3),
    FindingFilter(cwe=79, stage="deploy", tool="CHECKOV"),
    FindingFilter(cwe=79, system="payments", state="fixed"),
    FindingFilter(cwe=7, state="any"),
    FindingFilter(kev=True),
    FindingFilter(epss=0.5),
    FindingFilter(epss=0.01),
    FindingFilter(kev=True, epss=0.3, state="any"),
    FindingFilter(tag="later", state="any"),
    FindingFilter(team="team-a"),
    FindingFilter(team="nobody-has-it"),
    FindingFilter(team="!"),
    FindingFilter(text="zebra", state="any"),
    FindingFilter(text="cve-2021-44228"),
    FindingFilter(text="zebra", cwe=79, tag="later", state="any"),
    FindingFilter(text="ze", state="any"),
    FindingFilter(text="a z", state="any"),
    FindingFilter(text="/1", state="any"),
    FindingFilter(text="100%", state="any"),
    FindingFilter(text="a_zebra", state="any"),
    FindingFilter(text="zebra 100", state="any"),
    FindingFilter(rule="zoo/*", state="any"),
    FindingFilter(path="src/", state="any"),
    FindingFilter(component="pkg:npm/zebra"),
    FindingFilter(previews=True, cwe=79),
    FindingFilter(overdue=True),
)


@pytest.fixture
def herd(people: People) -> list[Finding]:
    """Of two systems, two stages, a branch; every state and severity, and of everything a few have some."""
    made = []
    team = Team.objects.create(key="team-a", name="A")
    KevEntry.objects.create(cve="CVE-2021-44228", added="2021-12-10")
    EpssScore.objects.create(cve="CVE-2021-44228", score=0.97, percentile=1)
    EpssScore.objects.create(cve="CVE-2020-1", score=0.02, percentile=0.5)
    for place in (
        make_series(people.system, stage="code", tool="Bandit"),
        make_series(people.system, stage="deploy", tool="checkov"),
        make_series(people.system, stage="deploy", tool="Bandit", is_preview=True, branch="x"),
        make_series(people.other_system, stage="code", tool="bandit"),
    ):
        if place.stage == "code":  # of some series texts are kept, of others not yet
            Series.objects.filter(pk=place.pk).update(has_texts=True)
        for number in range(12):
            extra: dict[str, Any] = {}
            if number % 3 == 0:
                extra |= {"cwes": [20, 79], "path": "src/a.py", "title": f"A Zebra, 100% {number}"}
            if number % 4 == 0:
                extra |= {"vulnerabilities": ["CVE-2020-1", "CVE-2021-44228"], "rule_id": "zoo/1"}
            if number % 6 == 1:
                extra |= {"vulnerabilities": ["CVE-2020-1"], "purl": "pkg:npm/zebra@1"}
            finding = make_finding(
                series=place,
                state=("open", "open", "fixed", "accepted")[number % 4 if number % 5 else 0],
                severity=number % 5,
                **extra,
            )
            if number % 2:
                FindingTag.objects.create(finding=finding, tag="later")
                FindingOwner.objects.create(finding=finding, team=team, source=0)
            made.append(finding)
    for kept in Series.objects.filter(has_texts=True):
        texts_keep(kept.pk)
    call_command("count_findings", stdout=StringIO())
    return made


def _go(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    for name, value in zip(("FEW", "GLANCE", "MANY", "FAR"), WAYS[way], strict=True):
        monkeypatch.setattr(pages, name, value)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_shows_the_same(
    people: People, herd: list[Finding], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """What the plain list of a filter has, page by page."""
    _go(monkeypatch, way)
    readers = [actor_of(each) for each in (people.viewer, people.chief, people.outsider)]
    for viewer, wanted in product(readers, RARE):
        listed = [each.pk for each in findings_list(viewer, wanted)]
        shown, place = [], None
        for _ in range(len(herd) + 1):
            page = findings_page(viewer, wanted, place, 2)
            shown += [each.pk for each in page.findings]
            if page.number is not None:
                assert page.number < len(listed) if page.is_more else page.number == len(listed)
            place = page.next
            if place is None:
                break
        assert shown == listed, wanted
        assert [each.pk for each in findings_found(viewer, wanted)] == listed, wanted


def test_something_is_found(people: People, herd: list[Finding]) -> None:
    empty = [w for w in RARE if not findings_list(actor_of(people.chief), w).exists()]
    assert empty == [
        FindingFilter(cwe=7, state="any"),
        FindingFilter(team="nobody-has-it"),
        FindingFilter(text="a_zebra", state="any"),  # no pattern: the titles say "A Zebra"
        FindingFilter(text="zebra 100", state="any"),  # which is "A Zebra, 100%"
        RARE[-1],
    ]


def test_each_choice_says_what_the_list_would_have(people: People, herd: list[Finding]) -> None:
    viewer = actor_of(people.chief)
    for wanted in RARE:
        counts = findings_page(viewer, wanted, None, 50).counts
        # So many CVEs have that, or any text this, that only the list's order is left.
        if wanted.epss == 0.01 or wanted.text == "/1":
            assert counts is None
        else:
            assert counts is not None
            _counted_one_by_one(viewer, wanted, people.other_system.key, counts)


def _counted_one_by_one(viewer: Actor, wanted: FindingFilter, other: str, counts: Counts) -> None:
    """By asking for the list with each choice, one after the other."""

    def listed(**choice: object) -> int:
        return findings_list(viewer, replace(wanted, **choice)).count()  # type: ignore[arg-type]

    for system in ("", "payments", other):
        assert counts.of_choice("system", system) == listed(system=system)
    for stage in ("", "code", "deploy", "test"):
        assert counts.of_choice("stage", stage) == listed(stage=stage)
    for tool in ("", "Bandit", "checkov", "nothing"):
        assert counts.of_choice("tool", tool) == listed(tool=tool)
    for state in ("open", "fixed", "accepted", "not_affected", "any"):
        assert counts.of_choice("state", state) == listed(state=state)
    for level in range(5):
        assert counts.of_choice("severity", str(level)) == listed(severity=level)


@pytest.mark.parametrize("way", WAYS)
def test_files_the_api_and_triage_go_the_same_way(
    people: People, herd: list[Finding], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    _go(monkeypatch, way)
    wanted = FindingFilter(cwe=79)
    actor = actor_of(people.security)
    listed = [each.pk for each in findings_list(actor, wanted)]
    answer = signed_in(people.security).get("/findings/export/?format=csv&cwe=79")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert [int(row["id"]) for row in csv.DictReader(io.StringIO(text))] == listed
    api, url, rows = as_user(people.security), "/api/v1/findings?cwe=79&limit=2", []
    while url:
        page = api.get(url).json()
        rows += [row["id"] for row in page["results"]]
        url = page["next"]
    assert rows == listed
    meant = findings_to_triage(actor, "accepted", wanted=wanted)
    assert set(meant.values_list("pk", flat=True)) == set(listed)


def test_the_page_says_how_many(
    people: People, herd: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(people.chief)
    listed = findings_list(actor_of(people.chief), FindingFilter(cwe=79)).count()
    page = text_of(client, "/findings/?cwe=79")
    assert f'<strong class="num">{listed}</strong> open findings' in page
    assert "Code (" in page
    _go(monkeypatch, "more than few")
    page = text_of(client, "/findings/?cwe=79")
    assert 'More than <strong class="num">1</strong> open findings' in page
    assert "Code (" not in page


def test_what_no_index_finds_is_looked_for_a_piece_at_a_time_and_the_page_says_so(
    people: People, herd: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Followed by its own links the list shows what it would show at once."""
    listed = findings_list(actor_of(people.chief), FindingFilter(team="!", severity=1))
    every = [str(each.pk) for each in listed]
    monkeypatch.setattr(pages, "GLANCE", 2)
    monkeypatch.setattr(pages, "FAR", 3)
    client = signed_in(people.chief)
    url, shown, empty = "/findings/?team=!&severity=1", [], 0
    while url:
        page = text_of(client, url)
        shown += re.findall(r'name="finding" value="(\d+)"', page)
        empty += "None of the 3 findings that were looked through" in page
        assert "were looked through" in page or 'rel="next"' not in page
        further = re.search(r'href="([^"]*after=[^"]*)"', page)
        url = f"/findings/{unescape(further[1]).removeprefix('/findings/')}" if further else ""
    assert shown == every
    assert empty


@pytest.mark.parametrize("way", WAYS)
def test_queries_are_few(
    people: People, herd: list[Finding], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    _go(monkeypatch, way)
    client = signed_in(people.chief)
    for query in ("cwe=79", "cwe=79&after=2-999999", "exploit=kev", "team=team-a"):
        _few_queries(client, query)


def _few_queries(client: Client, query: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/findings/?{query}").status_code == 200
    # The number of a team is looked up first, once for all its findings and once for those of the choices.
    assert len(captured) <= 12 + 2 * ("team=" in query)


def test_a_place_that_no_list_has_is_refused(people: People, herd: list[Finding]) -> None:
    api = as_user(people.chief)
    for cursor in ("WyJ4IiwgMV0", "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "Wy0xLCAtMV0"):
        assert api.get(f"/api/v1/findings?cwe=79&cursor={cursor}").status_code in {200, 400}
    assert (
        findings_page(actor_of(people.chief), FindingFilter(cwe=79), Place(0, 0), 5).findings == []
    )


def test_an_archived_system_is_found_where_it_is_named(people: People, herd: list[Finding]) -> None:
    system_archive(actor=actor_of(people.admin), system=people.system, because="It was replaced.")
    viewer = actor_of(people.chief)
    for wanted in (FindingFilter(cwe=79), FindingFilter(cwe=79, system="payments")):
        listed = [each.pk for each in findings_list(viewer, wanted)]
        page = findings_page(viewer, wanted, None, 50)
        assert [each.pk for each in page.findings] == listed != []
        assert page.number == len(listed)
