"""Strangers who trickle hold no thread for long, and never all of them: the real web server, real connections."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from apps.common.slowness import BODY, HEAD
from tests.faults.web import GENEROUS, Web

pytestmark = [pytest.mark.worker, pytest.mark.timeout(400)]
THREADS = int(
    re.findall(r"^threads = (\d+)$", Path("deploy/gunicorn.conf.py").read_text(), re.MULTILINE)[0]
)
ASKS = "POST /api/v1/oidc/token HTTP/1.1\r\nContent-Type: application/json"


def trickled(line: socket.socket, text: bytes) -> Iterator[float]:
    """Seconds since the beginning, after each byte, as long as the other side takes them."""
    began = time.monotonic()
    for number in range(len(text)):
        line.sendall(text[number : number + 1])
        yield time.monotonic() - began
        line.settimeout(0.5)
        try:
            line.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        return  # it answered, or closed


def test_who_trickles_a_body_is_told_so_and_let_go(web: Web) -> None:
    with closing(web.holds(f"{ASKS}\r\nContent-Length: 600", body=b"")) as line:
        *_, seconds = trickled(line, b" " * 600)
        assert BODY - 1 < seconds < BODY + GENEROUS
        line.settimeout(GENEROUS)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "too-slow"
    assert web.asks("/healthz") == 200


def test_who_trickles_a_head_is_let_go(web: Web) -> None:
    with closing(socket.create_connection(("127.0.0.1", web.port), timeout=GENEROUS)) as line:
        *_, seconds = trickled(line, b"GET /healthz HTTP/1.1\r\nX-Long: " + b"a" * 600)
        assert HEAD - 1 < seconds < HEAD + GENEROUS


def test_more_slow_senders_than_threads_do_not_stop_the_others(web: Web) -> None:
    with ExitStack() as lines:
        for _ in range(THREADS + 20):
            line = web.holds(f"{ASKS}\r\nContent-Length: 2000")
            lines.enter_context(closing(line))
        # Without a limit of those who are read, and a time, this would wait for as long as they do.
        assert web.asks("/healthz") == 200
        assert web.asks("/readyz") == 200
