"""Strangers who hold connections open, with bodies that never end, do not delay a pipeline: the real web server,
real connections.
"""

import http.client
import json
import time
from contextlib import ExitStack, closing

import pytest

from apps.scans.models import Report
from tests.factories import make_ci_token, make_system
from tests.faults.web import GENEROUS, Web
from tests.scans.reports import sarif, weaknesses

pytestmark = [pytest.mark.worker, pytest.mark.timeout(400)]
EACH = 6  # connections of a kind; the lane of large bodies has two places, that of reports one
LARGE = 2_000_000  # bytes that are announced
MADE_UP = "secops_" + "a" * 12 + "." + "b" * 46


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
        web.wait_for(len(heads()) // 3 * EACH)  # strangers with large bodies are gone by then
        for number, body in enumerate((small, large, large, small)):
            path = f"/api/v1/reports?system=payments&category=c{number}"
            status, said, _seconds = web.posts(path, body, **sent)
            assert status == 202, said  # 503 where a lane is held
        # The exchange answers too: this proof proves nothing, and it says so.
        status, said, _seconds = web.posts(
            "/api/v1/oidc/token",
            b"{}",
            Authorization="Bearer x.y.z",
            **{"Content-Type": "application/json"},
        )
        assert status in {401, 403, 404, 422}, said
        assert json.loads(said)["code"]
    assert Report.objects.count() == 4


def test_who_closes_nothing_stops_nobody(web: Web) -> None:
    """gunicorn waits two seconds for each of them to close, and used to do so in the thread that accepts all."""
    held = 60  # two minutes of waiting, one after the other
    with ExitStack() as lines:
        for _ in range(held):
            head = "GET /healthz HTTP/1.1\r\nConnection: close"
            lines.enter_context(closing(web.holds(head)))
        began = time.monotonic()
        assert web.asks("/healthz") == 200
        assert time.monotonic() - began < held  # seconds: half of that


def test_who_is_a_stranger_is_told_before_the_body_is_sent(web: Web) -> None:
    head = f"POST /api/v1/reports HTTP/1.1\r\nContent-Length: {LARGE}\r\nAuthorization: Bearer {MADE_UP}"
    with closing(web.holds(head)) as line:
        line.settimeout(GENEROUS)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 401
        assert json.loads(answer.read())["code"] == "not-authenticated"
