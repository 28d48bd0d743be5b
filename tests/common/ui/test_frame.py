"""What stands around every page. It is drawn once and kept, and yet is each reader's own."""

import re

import pytest
from django.test import Client

from tests.conftest import People
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def _marked(html: str) -> list[str]:
    """The addresses of the navigation that are marked as where the reader is."""
    rail = html[html.index('id="rail"') : html.index('<main class="main"')]
    return re.findall(r'href="([^"]+)" aria-current="page"', rail)


def test_the_navigation_marks_where_the_reader_is(people: People) -> None:
    client = signed_in(people.security)
    pages = {
        "/": ["/"],
        "/planning/": ["/planning/"],
        "/findings/groups/?q=x": ["/findings/"],
        "/notices/": ["/notices/"],
        "/search/": [],
    }
    for _again in range(2):
        assert {path: _marked(text_of(client, path)) for path in pages} == pages


def test_the_menu_is_the_readers_own(people: People) -> None:
    admin, viewer = signed_in(people.admin), signed_in(people.viewer)
    for _again in range(2):
        assert "Sign-in providers" in text_of(admin, "/")
        assert "Sign-in providers" not in text_of(viewer, "/")
        for client, person in ((admin, people.admin), (viewer, people.viewer)):
            html = text_of(client, "/")
            assert f'data-person="{person.pk}"' in html
            assert f"<span>{person.get_full_name()}</span>" in html


def test_the_frame_speaks_the_readers_language(people: People) -> None:
    client = signed_in(people.security)
    for language, word in (("en", "Reports"), ("de", "Berichte"), ("en", "Reports")):
        html = client.get("/planning/", headers={"Accept-Language": language}).content.decode()
        assert f"<span>{word}</span>" in html


def test_each_form_to_sign_out_holds_its_own_token(people: People) -> None:
    tokens = {_token(signed_in(people.security)) for _each in range(2)}
    assert len(tokens) == 2


def _token(client: Client) -> str:
    form = re.search(r'action="/sign-out/".*?value="([^"]+)"', text_of(client, "/"))
    assert form
    return form[1]
