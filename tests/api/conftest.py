"""The API as callers use it: over HTTP, with a token."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.catalog.models import System
from apps.common.api.problems import CODES
from tests.factories import make_ci_token, make_token

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

ROOT = "/api/v1"


class Api:
    """Sends JSON as somebody; `text` is the bearer text, empty for nobody."""

    def __init__(self, text: str = "") -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = {"Authorization": f"Bearer {text}"} if text else {}

    def get(self, path: str, **query: Any) -> "Reply":
        return self.client.get(self._url(path), query, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> "Reply":
        return self._send("post", path, body, headers)

    def patch(self, path: str, body: Any, **headers: str) -> "Reply":
        return self._send("patch", path, body, headers)

    def delete(self, path: str) -> "Reply":
        return self.client.delete(self._url(path), headers=self.headers)

    def edit(self, path: str, body: Any) -> "Reply":
        """Read, then change what was read."""
        return self.patch(path, body, if_match=self.get(path)["ETag"])

    def raw(self, path: str, data: bytes, content_type: str, **headers: str) -> "Reply":
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(self._url(path), data, content_type=content_type, headers=sent)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> "Reply":
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = "" if body is None else json.dumps(body)
        call = self.client.patch if method == "patch" else self.client.post
        return call(self._url(path), data, content_type="application/json", headers=sent)

    def _url(self, path: str) -> str:
        return path if path.startswith("/api") else ROOT + path


def as_user(user: User) -> Api:
    return Api(make_token(user).text)


def as_pipeline(system: System) -> Api:
    return Api(make_ci_token(system).text)


def problem_fields(response: "Reply") -> set[str]:
    """The fields that a problem names."""
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] in CODES
    return {each["field"] for each in response.json()["errors"]}


@pytest.fixture
def nobody() -> Api:
    return Api()
