"""Redis and PostgreSQL that ask their clients for a certificate: the portal shows one, and knows whom it talks to.

The servers that come with the portal for trying it out have no TLS: it is put before them (gateways.py).
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg2
import pytest
import redis
from kombu.exceptions import OperationalError
from limits.storage import RedisStorage
from redis.exceptions import RedisError

from apps.scans.models import Finding
from secops_portal import env
from tests.authority import Authority, Papers
from tests.common.brokers import broker_at
from tests.factories import make_ci_token, make_system
from tests.faults.gateways import Gateway, gateway, tls_for
from tests.faults.test_web_restarts import serving
from tests.faults.workers import Site, own_broker, own_database
from tests.scans.reports import sarif, weaknesses

pytestmark = pytest.mark.worker
NAME = "portal"  # in the portal's own certificate


@dataclass(frozen=True)
class Secured:
    """Servers behind TLS; `authority` gave them and the portal their certificates."""

    authority: Authority
    mine: Papers
    redis: Gateway
    postgres: Gateway

    def redis_url(self, mine: Papers | None, host: str = "localhost", **more: str) -> str:
        """As docs/operations.md has it."""
        query = {"ssl_ca_certs": str(self.authority.file)} | more
        if mine:
            query |= {"ssl_certfile": str(mine.certificate), "ssl_keyfile": str(mine.key)}
        return at(own_broker(), self.redis, host, scheme="rediss", query=query)

    def postgres_url(self, mine: Papers | None, host: str = "localhost") -> str:
        query = {"sslmode": "verify-full", "sslrootcert": str(self.authority.file)}
        if mine:
            query |= {"sslcert": str(mine.certificate), "sslkey": str(mine.key)}
        return at(own_database(), self.postgres, host, query=query)


def at(url: str, where: Gateway, host: str, *, query: dict[str, str], scheme: str = "") -> str:
    """The same server's address by its gateway."""
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    asked = urlencode(dict(parse_qsl(parts.query)) | query, safe="/")
    netloc = f"{user}@{host}:{where.port}"
    changed = parts._replace(scheme=scheme or parts.scheme, netloc=netloc, query=asked)
    return urlunsplit(changed)


def place_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


@contextmanager
def behind_tls(folder: Path) -> Iterator[Secured]:
    authority = Authority(folder)
    context = tls_for(authority.papers("server", "localhost"), authority.file)
    with (
        gateway(place_of(own_broker()), context) as broker,
        gateway(place_of(own_database()), context, is_postgres=True) as database,
    ):
        yield Secured(authority, authority.papers(NAME), broker, database)


@pytest.fixture
def secured(transactional_db: None, tmp_path: Path) -> Iterator[Secured]:
    with behind_tls(tmp_path) as found:
        yield found


def test_a_report_goes_its_way_with_certificates_alone(faulty_site: Site, secured: Secured) -> None:
    """Web server, worker, cache, counts of requests, broker and database: all by TLS with a certificate."""
    variables = {
        "REDIS_URL": secured.redis_url(secured.mine),
        "DATABASE_URL": secured.postgres_url(secured.mine),
    }
    faulty_site.variables = variables
    faulty_site.start()
    token = make_ci_token(make_system("payments", "Payments")).text
    with serving(faulty_site, **variables, SECOPS_RATE_API="600/minute") as web:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        with closing(connection):
            connection.request("GET", "/readyz")
            ready = json.loads(connection.getresponse().read())
            assert ready == {"status": "ok", "database": "ok", "redis": "ok"}
            connection.request(
                "POST",
                "/api/v1/reports?system=payments",
                sarif(weaknesses(1, 2, 3)),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"},
            )
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:0]) == (202, b"")
            assert "RateLimit" in answer.headers  # it was counted
        faulty_site.finish()
    assert Finding.objects.count() == 3
    for where in (secured.redis, secured.postgres):
        assert set(where.seen) == {NAME}
    assert len(secured.redis.seen) > 3  # of the web server and of the worker, of cache and broker


def ping_cache(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        assert client.ping()


def ping_broker(url: str) -> None:
    with broker_at(url) as app, app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)


def ping_counts(url: str) -> None:
    storage: Any = RedisStorage(url, wrap_exceptions=False)
    storage.storage.ping()


PINGS = [ping_cache, ping_broker, ping_counts]
REFUSED = (RedisError, OperationalError, OSError)


@pytest.mark.parametrize("ping", PINGS)
def test_redis_is_known_by_its_certificate_and_knows_ours(
    secured: Secured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ping: Callable[[str], None],
) -> None:
    stranger = Authority(tmp_path, "other-ca").papers("stranger")

    def read(url: str) -> str:
        monkeypatch.setenv("REDIS_URL", url)
        return env.redis("REDIS_URL")

    ping(read(secured.redis_url(secured.mine)))
    assert secured.redis.seen == [NAME]
    for wrong in (
        secured.redis_url(None),  # without a certificate
        secured.redis_url(stranger),  # with one that the server's authority did not give
        secured.redis_url(secured.mine, "127.0.0.1"),  # the server is another than was asked for
    ):
        with pytest.raises(REFUSED):
            ping(read(wrong))
    assert secured.redis.seen == [NAME]
    # Somebody else's server, which would take anybody; also where the address says nothing of certificates.
    impostor = tls_for(Authority(tmp_path, "third-ca").papers("server", "localhost"), None)
    with gateway(place_of(own_broker()), impostor) as false:
        for url in (
            at(own_broker(), false, "localhost", scheme="rediss", query={}),
            at(secured.redis_url(secured.mine), false, "localhost", query={}),
        ):
            with pytest.raises(REFUSED):
                ping(read(url))
        assert false.seen == []


def test_postgresql_is_known_by_its_certificate_and_knows_ours(
    secured: Secured, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "other-ca").papers("stranger")
    with closing(psycopg2.connect(secured.postgres_url(secured.mine))) as connection:
        assert connection.info.ssl_in_use
    for wrong in (
        secured.postgres_url(None),
        secured.postgres_url(stranger),
        secured.postgres_url(secured.mine, "127.0.0.1"),
        own_database().replace(str(place_of(own_database())[1]), str(secured.postgres.port)),
    ):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(wrong, connect_timeout=5)
    assert set(secured.postgres.seen) == {NAME}
