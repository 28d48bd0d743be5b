"""What supervisors and balancers are told, also when the servers behind are away."""

import socket
import time

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.db.utils import ConnectionHandler
from django.test import Client

from tests.common.brokers import closed_port, url_with_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    away = {**connection.settings_dict, "HOST": "127.0.0.1", "PORT": str(closed_port())}
    handler = ConnectionHandler({"default": away})
    monkeypatch.setattr("apps.common.views.health.connection", handler["default"])


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    away = RedisCache(url_with_port(closed_port()), {})
    monkeypatch.setattr("apps.common.views.health.cache", away)


def ready() -> tuple[int, dict[str, str]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def test_all_is_there() -> None:
    assert ready() == (200, {"status": "ok", "database": "ok", "redis": "ok"})


@pytest.mark.usefixtures("no_redis")
def test_without_redis_pages_are_served() -> None:
    """It is told of; a balancer that took every web server out would make the outage whole."""
    assert ready() == (200, {"status": "ok", "database": "ok", "redis": "down"})


@pytest.mark.usefixtures("no_database")
def test_without_the_database_nobody_is_sent_here() -> None:
    assert ready() == (503, {"status": "down", "database": "down", "redis": "ok"})


def test_a_database_that_says_nothing_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    given = connection.settings_dict
    assert (
        0 < int(given["OPTIONS"]["connect_timeout"]) <= 10
    )  # seconds, where DATABASE_URL has no other
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = {"HOST": "127.0.0.1", "PORT": str(silent.getsockname()[1])}
        options = {"OPTIONS": given["OPTIONS"] | {"connect_timeout": "2"}}
        handler = ConnectionHandler({"default": {**given, **place, **options}})
        monkeypatch.setattr("apps.common.views.health.connection", handler["default"])
        began = time.monotonic()
        assert ready()[0] == 503
        assert time.monotonic() - began < 8


@pytest.mark.usefixtures("no_database", "no_redis")
def test_the_process_lives_on_its_own() -> None:
    """A supervisor that restarted it for the others' absence would only add to it."""
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert ready()[0] == 503
