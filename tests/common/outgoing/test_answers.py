"""Answers from a real server on loopback, which the operator's setting allows: good, slow, cut, huge."""

import contextlib
import ipaddress
import socket
import threading
from typing import Any

import pytest

from apps.common.outgoing import Client, Limits, OutgoingFailed, Policy
from tests.servers import Says, Server, serving

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def client_for(server: Server, **limits: Any) -> Client:
    ports = frozenset({server.port})
    policy = Policy(schemes=frozenset({"http"}), ports=ports, networks=LOOPBACK)
    return Client(policy, Limits(**limits))


def fetch(client: Client, url: str, method: str = "GET", body: bytes | None = None) -> bytes:
    with client.send(method, url, body=body) as answer:
        return answer.read()


def failure(says: Says, **limits: Any) -> OutgoingFailed:
    with serving({"/": says}) as server, pytest.raises(OutgoingFailed) as caught:
        fetch(client_for(server, **limits), server.url + "/")
    return caught.value


@pytest.mark.parametrize("chunked", [False, True])
def test_a_good_answer_comes_whole(chunked: bool) -> None:
    content = bytes(range(256)) * 3000
    says = Says(content, headers={"ETag": '"v1"'}, chunked=chunked)
    with serving({"/report": says}) as server:
        with client_for(server).send("GET", server.url + "/report?x=1&y=a%20b") as answer:
            assert (answer.status, answer.header("ETag")) == (200, '"v1"')
            assert answer.read() == content
        assert server.asked[0].query == {"x": "1", "y": "a b"}
        assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_body_goes_with_post() -> None:
    with serving({"/": lambda asked: Says(asked.body[::-1])}) as server:
        assert fetch(client_for(server), server.url + "/", "POST", b"abc") == b"cba"


def test_json_is_read_strictly() -> None:
    for body in (b"<html>", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe"):
        says = Says(body, headers={"Content-Type": "text/html"})
        with (
            serving({"/": says}) as server,
            client_for(server).send("GET", server.url + "/") as answer,
            pytest.raises(OutgoingFailed) as caught,
        ):
            answer.json()
        assert (caught.value.code, caught.value.permanent) == ("bad-answer", False)


def test_a_body_that_ends_early_is_no_body() -> None:
    assert failure(Says(b"x" * 100, announced=5000)).code == "broken-off"


def test_an_announced_or_a_real_size_beyond_the_limit_ends_it() -> None:
    assert failure(Says(b"x" * 10, announced=10**12), max_bytes=1000).code == "too-large"
    assert failure(Says(b"x" * 70_000, chunked=True), max_bytes=1000).code == "too-large"
    assert failure(Says(b"x" * 70_000, announced=-1), max_bytes=1000).code == "too-large"


def test_a_slow_drip_ends_at_the_total_though_each_byte_is_in_time() -> None:
    assert failure(Says(b"x" * 1000, drip=0.02), idle=5.0, total=0.4).code == "timed-out"


def test_silence_ends_at_the_idle_limit() -> None:
    assert failure(Says(b"xx", drip=3.0), idle=0.2).code == "timed-out"


def _raw(answer: bytes, **limits: Any) -> OutgoingFailed:
    """What comes of a server that sends just these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(4096)
                line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        policy = Policy(frozenset({"http"}), frozenset({port}), networks=LOOPBACK)
        with pytest.raises(OutgoingFailed) as caught:
            fetch(Client(policy, Limits(**limits)), f"http://127.0.0.1:{port}/")
        thread.join(5)
    return caught.value


def test_a_head_that_drips_ends_at_the_total_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        over = threading.Event()

        def serve() -> None:
            line, _ = listener.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.02):
                    line.sendall(b"y")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        policy = Policy(frozenset({"http"}), frozenset({port}), networks=LOOPBACK)
        with pytest.raises(OutgoingFailed) as caught:
            fetch(Client(policy, Limits(idle=5.0, total=0.4)), f"http://127.0.0.1:{port}/")
        over.set()
        thread.join(5)
    assert caught.value.code == "timed-out"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    ],
)
def test_what_is_no_http_is_a_failure_and_no_crash(answer: bytes) -> None:
    assert _raw(answer).code in {"broken-off", "not-http"}


def test_plain_http_where_tls_is_expected(settings: Any) -> None:
    with serving({"/": Says(b"x")}) as server:
        ports = frozenset({server.port})
        policy = Policy(frozenset({"https"}), ports, networks=LOOPBACK)
        with pytest.raises(OutgoingFailed) as caught:
            fetch(Client(policy, Limits()), f"https://127.0.0.1:{server.port}/")
    assert caught.value.code == "tls-failed"


def test_a_closed_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    policy = Policy(frozenset({"http"}), frozenset({port}), networks=LOOPBACK)
    with pytest.raises(OutgoingFailed, match="refuses on port") as caught:
        fetch(Client(policy, Limits()), f"http://127.0.0.1:{port}/")
    assert caught.value.code == "cannot-connect"


class Proxy:
    """Takes one CONNECT and answers itself for what is behind it."""

    def __init__(self, status: bytes = b"200 Connection established") -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.status = status
        self.head = b""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        line, _ = self.listener.accept()
        with line:
            self.head = line.recv(4096)
            line.sendall(b"HTTP/1.1 " + self.status + b"\r\nVia: test\r\n\r\n")
            if self.status.startswith(b"200"):
                line.recv(4096)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ntunnel!")

    def close(self) -> None:
        self.listener.close()
        self.thread.join(5)


def through(proxy: Proxy, host: str, **fields: Any) -> bytes:
    policy = Policy(
        frozenset({"http"}),
        frozenset({80}),
        proxy=f"http://robot:p%40ss@127.0.0.1:{proxy.port}",
        **fields,
    )
    client = Client(policy, Limits(), resolve=lambda *_: ["93.184.216.34"])
    try:
        return fetch(client, f"http://{host}/")
    finally:
        proxy.close()


def test_a_proxy_is_told_the_checked_address() -> None:
    proxy = Proxy()
    assert through(proxy, "public.test") == b"tunnel!"
    assert proxy.head.startswith(b"CONNECT 93.184.216.34:80 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic cm9ib3Q6cEBzcw==\r\n" in proxy.head


def test_a_proxy_that_resolves_is_told_the_name_and_numbers_are_checked_all_the_same() -> None:
    proxy = Proxy()
    assert through(proxy, "public.test", proxy_resolves=True) == b"tunnel!"
    assert proxy.head.startswith(b"CONNECT public.test:80 HTTP/1.1\r\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    policy = Policy(
        frozenset({"http"}), frozenset({80}), proxy=f"http://127.0.0.1:{port}", proxy_resolves=True
    )
    for host in ("169.254.169.254", "127.1", "[::1]"):
        with (
            pytest.raises(OutgoingFailed) as caught,
            Client(policy, Limits()).send("GET", f"http://{host}/"),
        ):
            pass
        assert caught.value.code == "address-refused"


def test_a_proxy_that_says_no() -> None:
    with pytest.raises(OutgoingFailed, match="407"):
        through(Proxy(b"407 Proxy Authentication Required"), "public.test")
