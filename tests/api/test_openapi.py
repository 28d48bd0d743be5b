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
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from apps.accounts.api.reference import schema
from apps.common.api.problems import CODES
from apps.common.api.reference import Reference
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_plumbing import METHODS, routes
from tests.conftest import People

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def read_yaml(text: bytes) -> Any:
    """As yaml.safe_load does, ten times as fast where libyaml was built in."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_snapshot_is_current() -> None:
    """After a change: manage.py spectacular --file docs/openapi.yaml, and read the difference."""
    current = json.loads(json.dumps(schema()))
    assert read_yaml(SNAPSHOT.read_bytes()) == current


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
        told = json.loads(answer.content) if kind == "json" else read_yaml(answer.content)
        assert told["info"]["title"] == "SecOps Portal API"
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


HEAVIEST = 100_000  # bytes of HTML that a page may have


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(schema())


def read(browser: Client, path: str) -> Page:
    """A page of the reference, once it is sure that it is light and loads nothing from elsewhere."""
    answer = browser.get(path)
    assert answer.status_code == 200
    assert len(answer.content) < HEAVIEST, path
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    page = Page(answer.content.decode())
    assert page.stopped == []
    assert all(address.startswith("/") for address in page.loads)
    assert len(page.ids) == len(set(page.ids))
    anchors = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    return page


def test_the_index_of_the_reference_leads_to_every_operation(people: People) -> None:
    browser = Client()
    assert browser.get("/api/docs").status_code == 302  # to sign-in
    assert browser.get("/api/docs/reports_upload").status_code == 302
    browser.force_login(people.nobody)
    page = read(browser, "/api/docs")
    names = {operation["operationId"] for _, _, operation in operations()}
    # Addresses that people kept when all of it was one page still find their line.
    assert names <= set(page.ids)
    assert {f"problem-{code}" for code in CODES} <= set(page.ids)  # `type` of problems
    assert {f"/api/docs/{name}" for name in names} <= set(page.links)


def test_operations_are_found_by_path_words_and_fields(people: People) -> None:
    browser = Client()
    browser.force_login(people.nobody)
    # `commit` is a parameter of both, and in neither's path.
    assert _found(browser, "commit") == {"stage_advice", "reports_upload"}
    assert "reports_upload" in _found(browser, "POST  a Report")
    assert _found(browser, "no such words") == set()
    assert _found(browser, "\x00") == set()


def _found(browser: Client, text: str) -> set[str]:
    page = Page(browser.get("/api/docs", {"q": text}).content.decode())
    return {operation["operationId"] for _, _, operation in operations()} & set(page.ids)


def test_the_page_of_an_operation(people: People, reference: Reference) -> None:
    browser = Client()
    browser.force_login(people.nobody)
    names = [*reference.entries]
    # The one with the most to say, and the two ends, which have one neighbour each.
    longest = max(names, key=lambda name: len(repr(reference.operation(name))))
    for name in (names[0], names[-1], longest):
        read(browser, f"/api/docs/{name}")
    page = read(browser, "/api/docs/reports_upload")
    place = names.index("reports_upload")
    assert {f"/api/docs/{names[place - 1]}", f"/api/docs/{names[place + 1]}"} <= set(page.links)
    assert "/api/docs#problem-too-large" in page.links
    text = browser.get("/api/docs/reports_upload").content.decode()
    assert "Post a report" in text
    # Escaped once, so that what is read and copied is what a shell takes.
    assert "curl -X POST &quot;$PORTAL/api/v1/reports?system=SYSTEM&quot;" in text
    missing = browser.get("/api/docs/nothing_such")
    assert missing.status_code == 404
    assert missing["Content-Type"].startswith("text/html")


def test_every_example_is_what_the_description_allows(reference: Reference) -> None:
    """Those that are made up, too: a reader copies them."""
    for path, method, given in operations():
        shown = reference.operation(given["operationId"])
        for answer in shown.answers:
            content = given["responses"][answer.status].get("content", {})
            if answer.sample:
                described = content[answer.media[0]]["schema"]
                assert _complaints(described, answer.sample) == [], f"{method} {path}"


def _complaints(described: dict[str, Any], sample: str) -> list[str]:
    whole = {**described, "components": schema()["components"]}
    return [each.message for each in Draft202012Validator(whole).iter_errors(json.loads(sample))]
