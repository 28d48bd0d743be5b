"""A broker that is away is nobody's problem: no caller sees an error of it."""

import secrets
import time
from urllib.parse import urlsplit

import redis
from django.conf import settings

from apps.common.dispatch import send
from tests.common.brokers import Relay, broker_at, closed_port, purge, url_with_port

TASK = "tests.nobody-listens"


def test_a_broker_that_takes_the_task() -> None:
    relay = Relay()
    with broker_at(url_with_port(relay.port)) as app:
        app.conf.task_default_queue = f"tests-{relay.port}"
        assert send(TASK, 1)
        assert purge(app, f"tests-{relay.port}") == 1
    relay.cut()


def test_a_broker_that_was_never_there() -> None:
    began = time.monotonic()
    with broker_at(url_with_port(closed_port())):
        assert send(TASK, 1) is False
    assert time.monotonic() - began < 5


def test_a_broker_that_goes_while_its_connection_is_kept() -> None:
    """The connection of the first message is in the pool, and dead when the second one is sent."""
    relay = Relay()
    with broker_at(url_with_port(relay.port)) as app:
        app.conf.task_default_queue = f"tests-{relay.port}"
        assert send(TASK, 1)
        purge(app, f"tests-{relay.port}")
        relay.cut()
        assert send(TASK, 2) is False


def test_a_broker_that_refuses_the_password() -> None:
    relay = Relay()
    with broker_at(f"redis://:wrong@127.0.0.1:{relay.port}/0"):
        assert send(TASK, 1) is False
    relay.cut()


def test_a_broker_that_refuses_the_message() -> None:
    """As one does that is full (maxmemory, noeviction): connected, and then an error for an answer."""
    name, password = f"tests-{secrets.token_hex(4)}", secrets.token_urlsafe()
    rules = ["on", f">{password}", "~*", "&*", "+@all", "-lpush"]
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.execute_command("ACL", "SETUSER", name, *rules)
        try:
            port = urlsplit(settings.REDIS_URL).port
            with broker_at(f"redis://{name}:{password}@127.0.0.1:{port}/0"):
                assert send(TASK, 1) is False
        finally:
            server.execute_command("ACL", "DELUSER", name)
