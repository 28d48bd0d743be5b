"""Strangers who hold connections open, with bodies that never end, do not delay a pipeline: the real web server,
real connections.
"""

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.scans.models import Report
from bin._local import ports
from bin._local.portal import Address, programs
from bin._local.room import Room
from tests.factories import make_ci_token, make_system
from tests.faults.workers import Site, own_database
from tests.scans.reports import sarif, weaknesses

pytestmark = [pytest.mark.worker, pytest.mark.timeout(400)]
SOON = 5.0  # seconds; who waits for a lane that is held waits for 50
EACH = 6  # connections of a kind; the lane of large bodies has two places, that of reports one
LARGE = 2_000_000  # bytes that are announced
MADE_UP = "secops_" + "a" * 12 + "." + "b" * 46


@dataclass(frozen=True)
class Web:
    port: int

    def holds(self, head: str) -> socket.socket:
        """A connection that sends a head, a little of a body, and nothing more."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        line.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode() + b'{"a')
        return line

    def posts(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes, float]:
        """Status, what is said, and the seconds that it took."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            began = time.monotonic()
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            said = answer.read()
            return answer.status, said, time.monotonic() - began


@pytest.fixture
def web(faulty_site: Site, tmp_path: Path) -> Iterator[Web]:
    """One process, so that nobody finds a free lane next door."""
    address = Address(ports.LOOPBACK, ports.any_free())
    room = Room(tmp_path, tmp_path, None)
    room.logs.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DATABASE_URL": own_database(),
        "REDIS_URL": faulty_site.broker,
        "SECOPS_ALLOWED_HOSTS": address.host,
        "SECOPS_BASE_URL": address.url,
        "SECOPS_DATA_DIR": str(tmp_path / "files"),
        "WEB_CONCURRENCY": "1",
    }
    program = next(each for each in programs(room, address, environment) if each.name == "Web")
    child = program.start()
    program.wait_ready(child)
    yield Web(address.port)
    program.stop(child)


def heads() -> list[str]:
    """What strangers say who want to hold a lane: without a token, with one that is made up, and with a session."""
    large, small = f"Content-Length: {LARGE}", "Content-Length: 2000"
    chunked = "Transfer-Encoding: chunked"
    senders = ("X-Nobody: 1", f"Authorization: Bearer {MADE_UP}", "Cookie: sessionid=madeup")
    paths = (
        *(
            "/api/v1/reports",
            "/api/v2/import-scan/",
            "/api/v1/oidc/token",
            "/api/v1/receivers/alertmanager",
        ),
        *("/api/github/repos/a/b/code-scanning/sarifs", "/sign-in/", "/api/mcp"),
    )
    return [
        f"POST {path} HTTP/1.1\r\n{length}\r\nContent-Type: application/json\r\n{sender}"
        for path in paths
        for length in (large, small, chunked)
        for sender in senders
    ]


def test_strangers_who_hold_connections_do_not_delay_a_pipeline(web: Web) -> None:
    token = make_ci_token(make_system("payments", "Payments")).text
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    small = sarif(weaknesses(1, 2))
    large = sarif(weaknesses(*range(3_000)))
    assert len(small) < 256 * 1024 < len(large)
    with ExitStack() as lines:
        for head in heads():
            for _ in range(EACH):
                lines.enter_context(closing(web.holds(head)))
        for _ in range(EACH):
            hook = f"POST /hooks/trackers/{'0' * 8}-0000-4000-8000-{'0' * 12}/ HTTP/1.1\r\nContent-Length: 300000"
            lines.enter_context(closing(web.holds(hook)))
        time.sleep(1)  # so that all of them have come as far as they get
        for number, body in enumerate((small, large, large, small)):
            path = f"/api/v1/reports?system=payments&category=c{number}"
            status, said, seconds = web.posts(path, body, **sent)
            assert status == 202, said
            assert seconds < SOON
        # The exchange answers too: this proof proves nothing, and it says so.
        status, said, seconds = web.posts(
            "/api/v1/oidc/token",
            b"{}",
            Authorization="Bearer x.y.z",
            **{"Content-Type": "application/json"},
        )
        assert status in {401, 403, 404, 422}, said
        assert json.loads(said)["code"]
        assert seconds < SOON
    assert Report.objects.count() == 4


def test_who_closes_nothing_stops_nobody(web: Web) -> None:
    """gunicorn waits two seconds for each of them to close, and used to do so in the thread that accepts all."""
    with ExitStack() as lines:
        for _ in range(40):
            head = "GET /healthz HTTP/1.1\r\nConnection: close"
            lines.enter_context(closing(web.holds(head)))
        began = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)) as line:
            line.request("GET", "/healthz")
            assert line.getresponse().status == 200
        assert time.monotonic() - began < SOON


def test_who_is_a_stranger_is_told_before_the_body_is_sent(web: Web) -> None:
    head = f"POST /api/v1/reports HTTP/1.1\r\nContent-Length: {LARGE}\r\nAuthorization: Bearer {MADE_UP}"
    with closing(web.holds(head)) as line:
        line.settimeout(SOON)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 401
        assert json.loads(answer.read())["code"] == "not-authenticated"
