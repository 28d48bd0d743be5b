"""Every address of a foreign API asks who comes, as our own do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.conftest import Api

METHODS = ("get", "post", "put", "patch", "delete")


def _foreign(
    patterns: list[Any] | None = None, prefix: str = ""
) -> Iterator[tuple[str, type[Any]]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _foreign(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and re.match(r"api/(github|v2|v3)/", path):
            yield path, pattern.callback.cls  # type: ignore[attr-defined]


VALUES = {"uuid": "00000000-0000-4000-8000-000000000000", "number": "1", "str": "x"}
ROUTES = [
    (re.sub(r"<(\w+):\w+>", lambda match: VALUES[match[1]], path), method)
    for path, view in _foreign()
    for method in METHODS
    if hasattr(view, method)
]


def test_the_addresses_are_found() -> None:
    assert len(ROUTES) >= 20


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nobody_unknown_gets_in(db: None, path: str, method: str) -> None:
    answer = getattr(Api().client, method)(f"/{path}", content_type="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
