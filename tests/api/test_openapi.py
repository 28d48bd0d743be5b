"""The description that callers build on: committed, current, valid, and complete."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.validation import validate_schema

from apps.accounts.api.reference import schema
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_plumbing import METHODS, routes
from tests.conftest import People

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_snapshot_is_current() -> None:
    """After a change: manage.py spectacular --file docs/openapi.yaml, and read the difference."""
    current = json.loads(json.dumps(schema()))
    assert yaml.safe_load(SNAPSHOT.read_text()) == current


def test_it_is_valid_openapi_3_1() -> None:
    assert schema()["openapi"].startswith("3.1")
    validate_schema(schema())  # type: ignore[no-untyped-call]


def test_every_route_is_described() -> None:
    described = {(re.sub(r"{.*?}", "{}", path), method) for path, method, _ in operations()}
    existing = {
        ("/api/v1" + re.sub(r"<.*?>", "{}", path), method)
        for path, view in routes()
        for method in METHODS
        if hasattr(view, method) and not path.startswith("/openapi.")
    }
    assert described == existing


def test_every_operation_says_what_it_does_and_shows_it() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for path, method, operation in operations():
        where = f"{method} {path}"
        assert operation["summary"] != "", where
        assert operation["tags"] != ["api"], where
        if method in {"post", "patch"} and "application/json" in _content(operation):
            has_example = "examples" in _content(operation)["application/json"]
            assert has_example or path == "/api/v1/reports", where
        headers = {each["name"] for each in operation.get("parameters", ())}
        assert ("If-Match" in headers) == (method == "patch"), where
        # A proof is good once, and the token for it is kept nowhere.
        is_repeatable = method == "post" and path != "/api/v1/oidc/token"
        assert ("Idempotency-Key" in headers) == is_repeatable, where
        assert "application/problem+json" in operation["responses"]["401"]["content"], where


def _content(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return content


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_the_file_is_served_to_whoever_is_known(people: People, kind: str) -> None:
    for api in (as_user(people.nobody), as_pipeline(people.system)):
        answer = api.get(f"/openapi.{kind}")
        assert answer.status_code == 200
        assert yaml.safe_load(answer.content)["info"]["title"] == "SecOps Portal API"
    assert Api().get(f"/openapi.{kind}").status_code == 401


class Page(HTMLParser):
    """What a page loads, and what of it a strict Content-Security-Policy would stop."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.stopped: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.loads += [given[name] for name in ("src",) if name in given]
        if tag == "link":
            self.loads.append(given.get("href", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        if "id" in given:
            self.ids.append(given["id"])
        inline = tag == "style" or (tag == "script" and "src" not in given)
        if inline or "style" in given or any(name.startswith("on") for name in given):
            self.stopped.append(self.get_starttag_text() or tag)


def test_the_reference_page_is_self_contained(people: People) -> None:
    browser = Client()
    assert browser.get("/api/docs").status_code == 302  # to sign-in
    browser.force_login(people.nobody)
    answer = browser.get("/api/docs")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    page = Page(answer.content.decode())
    assert page.stopped == []
    assert all(address.startswith("/") for address in page.loads)
    assert {operation["operationId"] for _, _, operation in operations()} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    anchors = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    text = answer.content.decode()
    assert "Post a report" in text
    # Escaped once, so that what is read and copied is what a shell takes.
    assert "curl -X POST &quot;$PORTAL/api/v1/reports?system=SYSTEM&quot;" in text
