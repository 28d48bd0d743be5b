"""The library as its readers meet it: found by words, by stage, by weakness; never a draft."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.actors import Actor
from apps.guidance.services import guidance_edit, guidance_publish
from tests.conftest import People
from tests.factories import make_guidance

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
        assert "mbargoed" not in page.content.decode()
        assert "Sign addresses" in page.content.decode()
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
