"""What findings are searched by is kept beside them by the sweeper; a search never misses what it has not kept yet."""

import pytest
from django.db import connection

from apps.scans import selectors_pages
from apps.scans.models import Finding, FindingText, Series
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_pages import findings_page
from apps.scans.services import texts
from apps.scans.services.texts import texts_keep, texts_keep_due
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series
from tests.scans.reports import post, sarif, weaknesses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]


def found(people: People, text: str) -> set[int]:
    page = findings_page(actor_of(people.chief), FindingFilter(text=text, state="any"), None, 50)
    return {each.pk for each in page.findings}


def test_all_that_is_searched_is_kept_in_capitals(people: People) -> None:
    finding = make_finding(
        series=make_series(people.system),
        title="Herd of Zebras",
        rule_id="zoo/zebra",
        place="app/zoo.py:7",
        path="app/zoo.py",
        purl="pkg:npm/zebra@1",
        vulnerabilities=["CVE-2024-1", "GHSA-abcd"],
    )
    assert texts_keep_due() == 1
    assert FindingText.objects.get(finding=finding).text.split("\n") == [
        *("HERD OF ZEBRAS", "ZOO/ZEBRA", "APP/ZOO.PY:7", "APP/ZOO.PY", "PKG:NPM/ZEBRA@1"),
        *("CVE-2024-1", "GHSA-ABCD"),
    ]
    assert found(people, "herd of") == {finding.pk}
    assert texts_keep_due() == 0


def test_what_a_report_brings_is_found_before_and_after_it_is_kept(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2)))
    one, two = Finding.objects.order_by("path").values_list("pk", flat=True)
    assert found(people, "module_1") == {one}
    texts_keep_due()
    assert Series.objects.get().has_texts
    post(people.system, sarif(weaknesses(1, 2)))  # unchanged: nothing is kept anew
    assert Series.objects.get().has_texts
    post(people.system, sarif(weaknesses(1, 2, 3)))
    assert not Series.objects.get().has_texts
    three = Finding.objects.get(path__contains="module_3").pk
    for _ in range(2):
        assert found(people, "module_3") == {three}
        assert found(people, "module_2") == {two}
        texts_keep_due()
    assert FindingText.objects.count() == 3


def test_other_words_take_the_place_of_what_was_kept(people: People) -> None:
    series = make_series(people.system)
    finding = make_finding(series=series, title="A horse with stripes")
    texts_keep_due()
    Finding.objects.update(title="A zebra")
    Series.objects.update(has_texts=False)
    for _ in range(2):
        assert found(people, "zebra") == {finding.pk}
        assert found(people, "stripes") == set()
        texts_keep_due()
    assert "STRIPES" not in FindingText.objects.get().text


def test_many_are_kept_batch_by_batch(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "BATCH", 2)
    series = make_series(people.system)
    for _ in range(5):
        make_finding(series=series)
    assert texts_keep(series.pk)
    assert FindingText.objects.count() == 5


SHORT = {
    "S3": {"Open bucket in s3.", "(S3) is open", "aws_s3_bucket", "S3"},
    "s": {"Open bucket in s3.", "(S3) is open", "aws_s3_bucket", "S3", "A [s.b]"},
    "s.b": {"A [s.b]"},
    "S3)": {"(S3) is open"},
    ".b": {"A [s.b]", "a.b"},  # begins with no letter, so anywhere
    "qx": set(),
    "%": set(),
    "[": {"A [s.b]"},
}


@pytest.mark.parametrize("text", SHORT)
def test_what_is_short_begins_a_word(people: People, text: str) -> None:
    """No trigram is made of two letters in the middle of a word: a million texts would be read."""
    series = make_series(people.system)
    titles = {*SHORT["s"], "a.b", "ps3 emulator", "bass drum"}
    made = {
        title: make_finding(series=series, title=title, rule_id="r", place="") for title in titles
    }
    for _ in range(2):
        assert found(people, text) == {made[title].pk for title in SHORT[text]}
        texts_keep_due()


def test_texts_go_with_their_system(people: People) -> None:
    make_finding(series=make_series(people.system))
    texts_keep_due()
    people.system.delete()
    assert not FindingText.objects.exists()


def test_a_search_reads_what_says_it(people: People) -> None:
    """Of 4 001 findings the one: PostgreSQL goes by the index of texts."""
    series = make_series(people.system)
    make_finding(series=series, title="A zebra")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scans_finding (system_id, series_id, stage, is_preview, fingerprint,"
            " content_hash, state, is_present, severity, kind, rule_id, title, path, place, purl,"
            " cwes, vulnerabilities, first_seen_at, reopened_count)"
            " SELECT %s, %s, 'code', false, sha256(('said ' || n)::bytea), decode(md5(n::text), 'hex'),"
            " 'open', true, 1, 'code', 'r', 'Title ' || n, '', '', '', '{}', '{}',"
            " now(), 0 FROM generate_series(1, 4000) n",
            [series.system_id, series.pk],
        )
        texts_keep_due()
        # As the server does by itself in time; so small a table would be read instead.
        cursor.execute("SELECT gin_clean_pending_list('finding_text_says')")
        cursor.execute("ANALYZE scans_finding, scans_findingtext, scans_series")
        sought = selectors_pages._sought(actor_of(people.chief), FindingFilter(text="zebra"))
        assert sought is not None
        assert "finding_text_says" in sought.explain()
        for text, number in (("ze", 1), ("qx", 0)):
            short = selectors_pages._sought(actor_of(people.chief), FindingFilter(text=text))
            assert short is not None
            assert "finding_text_says" in short.explain()
            assert len(found(people, text)) == number
    assert len(found(people, "zebra")) == 1
