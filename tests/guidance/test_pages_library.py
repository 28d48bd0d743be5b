"""The library as its readers meet it: found by words, by stage, by weakness; never a draft."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.actors import Actor
from apps.guidance.services import guidance_edit, guidance_publish
from tests.conftest import People
from tests.factories import make_guidance
from tests.pages import unmarked

LIST = "/guidance/"


def _titles(client: Client, address: str) -> list[str]:
    response = client.get(address)
    assert response.status_code == 200
    return [text.title for _guidance, text in response.context["pieces"]]


@pytest.fixture
def library(people: People) -> None:
    make_guidance(
        published=True,
        title="Sign upload addresses",
        summary="Let each address expire after ten minutes.",
        body="An address that leaks opens one object only.",
        stages=["plan", "code"],
        technologies=["s3"],
        cwes=[639],
    )
    make_guidance(published=True, title="Rotate certificates", stages=["operate"], cwes=[298])
    make_guidance(title="Unfinished thoughts", stages=["plan"], cwes=[639])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Rotate certificates", "Sign upload addresses"]),
        ("?stage=operate", ["Rotate certificates"]),
        ("?technology=s3", ["Sign upload addresses"]),
        ("?cwe=CWE-639", ["Sign upload addresses"]),
        ("?cwe=298", ["Rotate certificates"]),
        ("?q=cwe-639", ["Sign upload addresses"]),
        ("?q=expiring+addresses", ["Sign upload addresses"]),  # stems
        ("?q=certificats", ["Rotate certificates"]),  # a typing error
        ("?q=leaks", ["Sign upload addresses"]),  # in the body
        ("?q=unfinished", []),
        ("?q=nothing+like+it", []),
        ("?stage=ship", ["Rotate certificates", "Sign upload addresses"]),  # no stage: not a filter
        ("?cwe=abc&q=%00", ["Rotate certificates", "Sign upload addresses"]),
    ],
)
@pytest.mark.usefixtures("library")
def test_readers_find_what_is_published(
    client: Client, people: People, query: str, expected: list[str]
) -> None:
    client.force_login(people.nobody)
    assert _titles(client, LIST + query) == expected


@pytest.mark.usefixtures("library")
def test_writers_see_drafts_marked(client: Client, people: People) -> None:
    client.force_login(people.chief)
    response = client.get(LIST)
    assert "Unfinished thoughts" in response.content.decode()
    assert "Draft" in response.content.decode()


def test_hits_are_marked_and_everything_else_is_escaped(client: Client, people: People) -> None:
    make_guidance(published=True, title="Uploads", summary="<b>Sign</b> every upload & expire it.")
    client.force_login(people.nobody)
    page = client.get(f"{LIST}?q=upload").content.decode()
    assert "&lt;b&gt;Sign&lt;/b&gt; every <mark>upload</mark> &amp; expire it." in page


def test_hits_are_marked_in_titles_and_bodies(client: Client, people: People) -> None:
    make_guidance(
        published=True,
        title="Upload <i>addresses</i>",
        summary="Short.",
        body="Whoever knows the address reads what was put there.",
    )
    client.force_login(people.nobody)
    page = client.get(f"{LIST}?q=addresses").content.decode()
    assert "Upload &lt;i&gt;<mark>addresses</mark>&lt;/i&gt;" in page
    assert "knows the <mark>address</mark> reads" in page
    everything = client.get("/search/?q=addresses").content.decode()
    assert "Upload &lt;i&gt;<mark>addresses</mark>&lt;/i&gt;" in everything
    assert "knows the <mark>address</mark> reads" in everything


# --- words that are mistyped ---------------------------------------------------------------------


@pytest.fixture
def mistyped(people: People) -> None:
    make_guidance(
        published=True,
        title="Keep passwords out of images",
        summary="Of containers and their registries.",
        body="A Kubernetes secret is mounted. Zertifikate laufen ab. Read <script> twice.",
    )
    make_guidance(title="Embargoed orchestrator", body="Speaks of hypervisors.")


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("kuberntes", "kubernetes"),  # in the body
        ("registires", "registries"),  # in the summary
        ("zertifkate", "zertifikate"),  # in German
        ("kuberntes secrte", "kubernetes secret"),
        ("passwrods", "passwords"),  # in the title
    ],
)
@pytest.mark.usefixtures("mistyped")
def test_a_word_of_any_text_may_be_mistyped(
    client: Client, people: People, typed: str, instead: str
) -> None:
    client.force_login(people.nobody)
    for address in (LIST, "/search/"):
        answer = client.get(address, {"q": typed})
        assert answer.context["instead"] == instead
        page = answer.content.decode()
        assert f"Nothing says “{typed}”. Shown: <strong>{instead}</strong>." in page
        assert "<mark>" in page
        insisted = client.get(answer.context["insist_url"])
        assert insisted.context["instead"] == ""
        assert "Nothing says" not in insisted.content.decode()


@pytest.mark.usefixtures("mistyped")
def test_what_is_typed_right_is_left_alone(client: Client, people: People) -> None:
    client.force_login(people.nobody)
    for typed in ("Kubernetes", "images", "container", "volcanoes"):
        assert client.get(LIST, {"q": typed}).context["instead"] == ""
        assert client.get("/search/", {"q": typed}).context["instead"] == ""


@pytest.mark.usefixtures("mistyped")
def test_nobody_is_told_a_word_of_what_they_may_not_read(client: Client, people: People) -> None:
    """Of a draft, and of the working text of what is published."""
    published = make_guidance(published=True, title="Sign addresses", body="Ten minutes.")
    guidance_edit(
        actor=Actor(user=people.chief),
        guidance=published,
        version=published.version,
        body="A zeppelin is on its way.",
    )
    for typed, word in (("hypervisers", "hypervisors"), ("zepelin", "zeppelin")):
        for who, instead in ((people.nobody, ""), (people.security, ""), (people.chief, word)):
            client.force_login(who)
            for address in (LIST, "/search/", "/palette/"):
                answer = client.get(address, {"q": typed})
                assert answer.context["instead"] == instead, (who, address)
                assert (word in answer.content.decode()) == bool(instead)
    guidance_publish(actor=Actor(user=people.chief), guidance=published)
    client.force_login(people.nobody)
    assert client.get(LIST, {"q": "zepelin"}).context["instead"] == "zeppelin"
    guidance_edit(
        actor=Actor(user=people.chief),
        guidance=published,
        version=None,
        body="A balloon is on its way.",
    )
    guidance_publish(actor=Actor(user=people.chief), guidance=published)
    assert client.get(LIST, {"q": "zepelin"}).context["instead"] == ""  # the word is gone
    assert client.get(LIST, {"q": "baloon"}).context["instead"] == "balloon"


def test_a_working_text_is_neither_shown_nor_found_nor_filtered(
    client: Client, people: People
) -> None:
    guidance = make_guidance(published=True, title="Sign addresses", body="Ten minutes.")
    guidance_edit(
        actor=Actor(user=people.chief),
        guidance=guidance,
        version=guidance.version,
        title="Embargoed weakness",
        summary="Embargoed summary",
        body="Embargoed body",
        stages=["deploy"],
        technologies=["embargoed"],
        cwes=[1234],
    )
    client.force_login(people.security)  # security of one system does not write guidance
    pages = (LIST, f"/guidance/G-{guidance.pk}/", f"/guidance/G-{guidance.pk}/versions/")
    for address in (*pages, "/search/?q=sign"):
        page = client.get(address)
        assert page.status_code == 200
        words = unmarked(page.content)
        assert "mbargoed" not in words
        assert "Sign addresses" in words
    for query in ("q=embargoed", "stage=deploy", "technology=embargoed", "cwe=1234"):
        found = client.get(f"{LIST}?{query}")
        assert f"/guidance/G-{guidance.pk}/" not in found.content.decode() or query.startswith(
            "tech"
        )
    client.force_login(people.chief)
    edited = client.get(f"/guidance/G-{guidance.pk}/").content.decode()
    assert "changes that readers do not see yet" in edited
    guidance_publish(actor=Actor(user=people.chief), guidance=guidance)
    client.force_login(people.nobody)
    assert "Embargoed body" in client.get(f"/guidance/G-{guidance.pk}/").content.decode()


def test_the_number_of_queries_does_not_grow(client: Client, people: People) -> None:
    client.force_login(people.nobody)
    counts = []
    for _round in range(2):
        for _number in range(3):
            make_guidance(published=True, stages=["code"], cwes=[79])
        counts.append(_queries(client, f"{LIST}?q=signed"))
    assert counts[0] == counts[1]


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
