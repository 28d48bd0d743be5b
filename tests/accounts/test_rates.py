"""Counting requests with a real Redis: by token, by address, by account and address."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.common import rates
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories.numbers import next_number

pytestmark = pytest.mark.django_db
PASSWORD = "lights-on-the-quay"


@pytest.fixture
def address() -> str:
    """One that no other test counts by (RFC 5737, TEST-NET-3 and 2)."""
    number = next_number()
    return f"{'203.0.113' if number % 2 else '198.51.100'}.{number % 250 + 1}:{number}"


def test_a_token_is_told_what_is_left_and_refused_beyond(people: People, settings: Any) -> None:
    settings.SECOPS_RATE_API = "3/minute"
    api = as_user(people.viewer)
    left = []
    for _ in range(3):
        answer = api.get("/me")
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"api";q=3;w=60'
        left.append(answer["RateLimit"].partition(";t=")[0])
    assert left == ['"api";r=2', '"api";r=1', '"api";r=0']
    refused = api.get("/me")
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "throttled"
    assert 1 <= int(refused["Retry-After"]) <= 60
    # Somebody else, and another token, have their own.
    assert as_user(people.architect).get("/me").status_code == 200
    assert as_pipeline(people.system).get("/me").status_code == 200


def test_an_upload_that_is_refused_leaves_nothing(people: People, settings: Any) -> None:
    settings.SECOPS_RATE_API = "1/minute"
    api, path = as_pipeline(people.system), "/reports?system=payments&stage=code"
    assert api.raw(path, sarif(1), "application/json").status_code == 202
    assert api.raw(path, sarif(2), "application/json").status_code == 429
    assert people.system.reports.count() == 1


def test_strangers_are_counted_by_address(people: People, settings: Any, address: str) -> None:
    settings.SECOPS_RATE_STRANGERS = "3/minute"
    settings.SECOPS_PROXIES = 1

    def tries(text: str, came_from: str = address) -> int:
        api = Api(text)
        api.headers["X-Forwarded-For"] = came_from
        return api.get("/me").status_code

    wrong = "secops_" + "a" * 59
    assert [tries(wrong) for _ in range(4)] == [401, 401, 401, 429]
    # What a sender puts before our own proxy's entry changes nothing.
    assert tries(wrong, f"192.0.2.7, {address}") == 429
    good = as_user(people.viewer).headers["Authorization"].removeprefix("Bearer ")
    assert tries(good, "192.0.2.99") == 200


def test_who_is_known_is_no_stranger(people: People, settings: Any, address: str) -> None:
    settings.SECOPS_RATE_STRANGERS = "2/minute"
    settings.SECOPS_PROXIES = 1
    api = as_user(people.viewer)
    api.headers["X-Forwarded-For"] = address
    assert {api.get("/me").status_code for _ in range(6)} == {200}


def sign_in(email: str, password: str, address: str) -> Any:
    return Client(headers={"X-Forwarded-For": address}).post(
        "/sign-in/", {"username": email, "password": password}
    )


@pytest.fixture
def guarded(people: People, settings: Any) -> str:
    """An account that tries are counted on."""
    settings.SECOPS_RATE_SIGN_IN = "3/5minute"
    settings.SECOPS_RATE_SIGN_IN_ADDRESS = "6/hour"
    settings.SECOPS_PROXIES = 1
    people.viewer.set_password(PASSWORD)
    people.viewer.save()
    return people.viewer.email


def test_tries_shut_out_whoever_tries_and_nobody_else(guarded: str, address: str) -> None:
    statuses = [sign_in(guarded, "wrong", address).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    # Not even with the right password, from there.
    refused = sign_in(guarded, PASSWORD, address)
    assert refused.status_code == 429
    assert "Too many tries from here. Wait" in refused.content.decode()
    assert 1 <= int(refused["Retry-After"]) <= 300
    # The owner, from elsewhere, signs in.
    assert sign_in(guarded, PASSWORD, f"{address}1").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_200_tries_at_once_no_more_than_the_limit_are_looked_at(
    guarded: str, address: str
) -> None:
    """Each of 20 threads makes ten, all of which begin together."""
    met = threading.Barrier(20, timeout=60)

    def tries(_number: int) -> list[int]:
        try:
            met.wait()
            return [sign_in(guarded, "wrong", address).status_code for _ in range(10)]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        statuses = Counter(status for found in pool.map(tries, range(20)) for status in found)
    assert statuses[200] + statuses[429] == 200
    assert 1 <= statuses[200] <= 3
    # What was held is free again: one try from elsewhere is one try.
    assert sign_in(guarded, PASSWORD, f"{address}1").status_code == 302


def test_places_are_free_again(guarded: str, address: str) -> None:
    """Tries one after the other, of which none is counted: the last of three is still looked at."""
    for _ in range(2):
        assert sign_in(guarded, "wrong", address).status_code == 200
    for _ in range(5):
        with rates.holding("3/5minute", "sign-in", guarded, address) as left:
            assert left
            assert left.allowed
    assert sign_in(guarded, "wrong", address).status_code == 200
    assert sign_in(guarded, "wrong", address).status_code == 429


def test_a_sign_in_that_worked_begins_anew(guarded: str, address: str) -> None:
    for _ in range(2):
        for _ in range(2):
            assert sign_in(guarded, "wrong", address).status_code == 200
        assert sign_in(guarded, PASSWORD, address).status_code == 302


def test_one_address_that_tries_many_accounts(guarded: str, address: str) -> None:
    statuses = [
        sign_in(f"person-{number}@example.org", "wrong", address).status_code for number in range(7)
    ]
    assert statuses == [200] * 6 + [429]
    assert sign_in(guarded, PASSWORD, address).status_code == 429


def test_without_redis_nothing_is_refused(
    people: People, settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECOPS_RATE_API = "1/minute"
    settings.SECOPS_RATE_STORAGE_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    monkeypatch.setattr(rates, "_said_at", -1000.0)
    rates._limiter.cache_clear()
    try:
        api = as_user(people.viewer)
        answers = [api.get("/me") for _ in range(3)]
    finally:
        rates._limiter.cache_clear()
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0]
    assert caplog.text.count("Redis does not answer") == 1


def test_an_empty_rate_counts_nothing(people: People, settings: Any) -> None:
    settings.SECOPS_RATE_API = ""
    api = as_user(people.viewer)
    assert "RateLimit" not in api.get("/me")
