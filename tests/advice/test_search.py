"""Search over everything: what is found is marked, mistyped words are put right, nobody finds what is not theirs."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from tests.conftest import People
from tests.factories import (
    make_arrived,
    make_control,
    make_finding,
    make_guidance,
    make_item,
    make_report,
    make_series,
    make_source,
    make_statement,
    make_system,
)
from tests.pages import signed_in

pytestmark = pytest.mark.django_db


def told(user: User, path: str, text: str) -> str:
    answer = signed_in(user).get(path, {"q": text})
    assert answer.status_code == 200
    return answer.content.decode()


def test_hits_are_marked_in_every_kind_and_everything_is_escaped(people: People) -> None:
    make_item(people.system, title="Where do <b>zebras</b> sleep?")
    make_finding(people.system, title="Zebra & crossing", place="zebra/run.py:1")
    make_control(people.system, name="Fence of zebras")
    make_report(people.system, filename="zebra.sarif", tool="Zebra & Scan")
    make_source(people.system, name="Zebra's <folder>")
    make_system("zebra-house", "Zebra house")
    for path in ("/search/", "/palette/"):
        page = told(people.chief, path, "zebra")
        for words in (
            "Where do &lt;b&gt;<mark>zebra</mark>s&lt;/b&gt; sleep?",
            "<mark>Zebra</mark> &amp; crossing",
            "Fence of <mark>zebra</mark>s",
            "<mark>Zebra</mark> &amp; Scan",
            "<mark>zebra</mark>.sarif",
            "<mark>Zebra</mark>&#x27;s &lt;folder&gt;",
            "<mark>Zebra</mark> house",
        ):
            assert words in page, (path, words)
    assert "<mark>zebra</mark>/run.py:1" in told(people.chief, "/search/", "zebra")


def test_what_was_sought_is_no_pattern_and_no_markup(people: People) -> None:
    make_item(people.system, title="Read a.b (twice) <script>")
    page = told(people.viewer, "/search/", "a.b (")
    assert "Read <mark>a.b (</mark>twice) &lt;script&gt;" in page
    assert "<mark>&lt;script</mark>&gt;" in told(people.viewer, "/search/", "<script")


def test_a_key_leads_to_its_thing_for_those_who_see_it(people: People) -> None:
    """A question calls a finding F-812; the search knows it by that."""
    finding = make_finding(people.system)
    item = make_item(people.system)
    for key, page in (
        (f"F-{finding.pk}", f"/findings/{finding.pk}/"),
        (f"pi-{item.pk}", f"/planning/PI-{item.pk}/"),
    ):
        found = signed_in(people.viewer).get("/search/", {"q": key})
        assert (found.status_code, found.headers["Location"]) == (302, page)
        assert signed_in(people.outsider).get("/search/", {"q": key}).status_code == 200


def test_reports_and_sources_are_found_by_those_who_see_them(people: People) -> None:
    own = make_arrived(make_series(people.system, tool="Sonar Fish"), filename="backend.sarif")
    foreign = make_arrived(make_series(people.other_system, tool="Sonar Fish"))
    source = make_source(people.system, name="Sonar nightly")
    for path in ("/search/", "/palette/"):
        page = told(people.viewer, path, "sonar")
        assert f"/reports/{own.uid}/" in page
        assert f"/sources/{source.pk}/" in page
        assert str(foreign.uid) not in page
        assert f"/reports/{own.uid}/" in told(people.viewer, path, "backend.sa")
        stranger = told(people.outsider, path, "sonar")
        assert str(own.uid) not in stranger
        assert f"/sources/{source.pk}/" not in stranger
        nobody = told(people.nobody, path, "sonar")
        assert "/reports/" not in nobody.split("palette-list")[0] or str(own.uid) not in nobody


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("archtiecture", "architecture"),  # of an item's title
        ("ransonware", "ransomware"),  # of a risk's condition
        ("segmentaton", "segmentation"),  # of a control's name
        ("warehuose", "warehouse"),  # of a system's name
    ],
)
def test_titles_and_names_may_be_mistyped(people: People, typed: str, instead: str) -> None:
    warehouse = make_system("goods", "Warehouse")
    item = make_item(warehouse, title="Architecture of storage")
    make_statement(item, condition="If ransomware reaches the disks", published=True)
    make_control(warehouse, name="Segmentation of networks")
    client = Client()
    for path in ("/search/", "/palette/"):
        client.force_login(people.chief)
        answer = client.get(path, {"q": typed})
        assert answer.context["instead"] == instead
        assert f"<mark>{instead}</mark>" in answer.content.decode().lower()
        client.force_login(people.viewer)  # who does not see that system learns no word of it
        stranger = client.get(path, {"q": typed})
        assert stranger.context["instead"] == ""
        assert instead not in stranger.content.decode().lower()


def test_the_palette_says_for_what_it_is(people: People) -> None:
    make_item(people.system, title="Architecture of storage")
    page = told(people.viewer, "/palette/", "archtiecture")
    assert "Nothing says “archtiecture”; this is for “architecture”" in page
    assert "/search/?q=archtiecture" in page


@pytest.mark.parametrize("typed", ["zebra", "zebar"])
def test_everything_says_it_and_twelve_queries_find_it(people: People, typed: str) -> None:
    """As many as a page may have, also where a word is put right and all is looked for once more."""
    item = make_item(people.system, title="Where do zebras sleep?")
    risk = make_statement(item, condition="If zebra runs away", published=True)
    finding = make_finding(people.system, title="Zebra crossing")
    make_guidance(published=True, title="Keeping a zebra")
    make_control(people.system, name="Fence of zebra")
    make_system("zebra-house", "Zebra house")
    make_report(people.system, filename="zebra.sarif")
    make_source(people.system, name="Zebra's folder")
    client = signed_in(people.chief)
    places = [f"/planning/PI-{item.pk}/", f"/risks/RS-{risk.pk}/", f"/findings/{finding.pk}/", ""]
    for path, at in [("/search/", ""), *(("/palette/", place) for place in places)]:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, {"q": typed, "at": at})
        found = answer.context["found"]
        for kind in [
            "items",
            "statements",
            "guidance",
            "findings",
            "controls",
            "systems",
            "reports",
            "sources",
        ]:
            assert getattr(found, kind), (path, kind)
        assert len(captured) <= 12, (path, at, [each["sql"][:90] for each in captured])


def test_two_letters_find_the_worst_findings_that_say_them(people: People) -> None:
    make_finding(people.system, title="Open bucket in S3", severity=4)
    make_finding(people.system, title="Nothing of it", severity=4)
    for path in ("/search/", "/palette/"):
        page = told(people.chief, path, "s3")
        assert "Open bucket in <mark>S3</mark>" in page
        assert "Nothing of it" not in page
