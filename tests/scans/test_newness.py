"""What is new: since a day of the reader's, in the list, its files, the API, on home and on a system's page."""

import csv
import datetime as dt
import io
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.scans import selectors, selectors_pages
from apps.scans.models import Finding
from apps.scans.newness import new_since, new_this_week
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_pages import findings_page
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series, make_system
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 28, 23, 30, tzinfo=dt.UTC)  # a Saturday


@pytest.fixture
def ages(people: People, monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding]:
    """One of 23:10 UTC today, of 3, 7, 8, 20 and 40 days before, and what does not count."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    series = make_series(people.system)
    seen = NOW - dt.timedelta(minutes=20)
    found = {
        str(days): make_finding(series=series, first_seen_at=seen - dt.timedelta(days=days))
        for days in (0, 3, 7, 8, 20, 40)
    }
    make_finding(series=series, first_seen_at=seen, state="fixed")
    make_finding(series=make_series(people.system, is_preview=True, branch="x"), first_seen_at=seen)
    return found


def shown(client: Client, query: str) -> set[int]:
    answer = client.get(f"/findings/?{query}")
    assert answer.status_code == 200
    return {finding.pk for finding in answer.context["findings"]}


def test_the_list_knows_what_is_new(people: People, ages: dict[str, Finding]) -> None:
    client = signed_in(people.security)
    for query, days in {
        "age=today": ["0"],
        "age=7d": ["0", "3", "7"],
        "age=30d": ["0", "3", "7", "8", "20"],
        "since=2026-11-20": ["0", "3", "7", "8"],
        "since=2026-11-21": ["0", "3", "7"],
        "since=2026-11-21&age=today": ["0"],
        "since=2026-11-28&age=30d": ["0"],
        "since=soon": list(ages),
    }.items():
        assert shown(client, query) == {ages[each].pk for each in days}, query
    assert shown(signed_in(people.outsider), "age=7d") == set()


def test_a_day_begins_where_the_reader_is(ages: dict[str, Finding]) -> None:
    """23:30 UTC on the 28th is 00:30 on the 29th in Berlin, whose midnight is 23:00 UTC in winter."""
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert new_since(0) == dt.datetime(2026, 11, 28, 23, 0, tzinfo=dt.UTC)
        assert new_since(7) == dt.datetime(2026, 11, 21, 23, 0, tzinfo=dt.UTC)
    with timezone.override(ZoneInfo("America/New_York")):
        assert new_since(0) == dt.datetime(2026, 11, 28, 5, 0, tzinfo=dt.UTC)


def test_files_and_the_api_have_exactly_that(people: People, ages: dict[str, Finding]) -> None:
    wanted = {ages[each].title for each in ("0", "3", "7")}
    answer = signed_in(people.security).get("/findings/export/?format=csv&age=7d")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + len(wanted)
    api = as_user(people.security)
    for since in ("2026-11-21", "2026-11-21T00:00:00Z", "2026-11-21T01:00:00%2B01:00"):
        rows = api.get(f"/api/v1/findings?since={since}").json()["results"]
        assert {row["id"] for row in rows} == {ages[each].pk for each in ("0", "3", "7")}
    assert problem_fields(api.get("/findings", since="soon")) == {"since"}
    exported = api.get("/api/v1/findings/export?format=csv&since=2026-11-21")
    assert exported.status_code == 200
    noted = AuditEntry.objects.filter(action="findings.export").order_by("id").last()
    assert noted is not None
    assert "2026-11-21" in str(noted.changes)
    triage = {"verdict": "accepted", "reason": "x", "filter": {"since": "2026-11-21"}}
    told = api.post("/triage", {**triage, "dry_run": True})
    assert told.json() == {"total": 3}


def test_few_and_many_are_found_alike(
    people: People, ages: dict[str, Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = FindingFilter(since="2026-11-21T00:00:00+00:00")
    actor = actor_of(people.security)
    few = [each.pk for each in findings_page(actor, wanted, None, 50).findings]
    monkeypatch.setattr(selectors_pages, "FEW", 1)
    assert [each.pk for each in findings_page(actor, wanted, None, 50).findings] == few
    assert set(few) == {ages[each].pk for each in ("0", "3", "7")}


def test_home_and_a_system_say_how_many_and_lead_there(
    people: People, ages: dict[str, Finding]
) -> None:
    client = signed_in(people.security)
    home = text_of(client, "/")
    assert "3 new this week" in home
    assert 'href="/findings/?age=7d"' in home
    page = text_of(client, f"/systems/{people.system.key}/")
    assert "3 new this week" in page
    assert f'href="/findings/?age=7d&amp;system={people.system.key}"' in page
    other = make_system("Quiet")
    assert "None new this week" in text_of(signed_in(people.chief), f"/systems/{other.key}/")
    assert "None new this week" in text_of(signed_in(people.outsider), "/")


def test_counting_ends_at_a_thousand() -> None:
    assert new_this_week(999) == "999 new this week"
    assert new_this_week(1000) == "More than 999 new this week"


def test_what_is_new_is_read_from_its_index(people: People) -> None:
    """Of 4 000, all but 40 old: PostgreSQL reads the 40."""
    series = make_series(people.system)
    old = timezone.now() - dt.timedelta(days=90)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scans_finding (system_id, series_id, stage, is_preview, fingerprint,"
            " content_hash, state, is_present, severity, kind, rule_id, title, path, place, purl,"
            " cwes, vulnerabilities, first_seen_at, reopened_count)"
            " SELECT %s, %s, 'code', false, sha256(n::text::bytea), decode(md5(n::text), 'hex'),"
            " 'open', true, 1, 'code', 'r', 't', '', '', '', '{}', '{}',"
            " CASE WHEN n <= 40 THEN now() ELSE %s END, 0 FROM generate_series(1, 4000) n",
            [series.system_id, series.pk, old],
        )
        cursor.execute("ANALYZE scans_finding")
    rows = selectors.findings_new(actor_of(people.chief), new_since(7))
    assert rows.count() == 40
    assert "finding_first_seen" in rows.values("pk").explain()
