"""A real HTTP server on loopback that answers as a test scripts it, also badly."""

import contextlib
import http.server
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes = b""


@dataclass
class Says:
    """An answer. `announced`: a Content-Length of another size; `drip`: seconds between bytes."""

    body: bytes | dict[str, Any] | list[Any] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    drip: float = 0.0
    chunked: bool = False

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Script = Callable[[Asked], Says]


class Server:
    """`routes` maps a path to what it says; every request is kept in `asked`."""

    def __init__(self, routes: Mapping[str, Script | Says] | None = None) -> None:
        self.routes: dict[str, Script | Says] = dict(routes or {})
        self.always: Says | None = None  # whatever is asked for
        self.asked: list[Asked] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Says:
        self.asked.append(asked)
        found = self.always or self.routes.get(asked.path, Says(b"no such page", 404))
        return found if isinstance(found, Says) else found(asked)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]


def _pieces(says: Says, content: bytes) -> Iterator[bytes]:
    """What is written at once."""
    if says.chunked:
        yield f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
    elif says.drip:
        yield from (bytes([byte]) for byte in content)
    else:
        yield content


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the standard library's name
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): text for name, text in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            says = server.answer(Asked(self.command, parts.path, query, headers, body))
            with contextlib.suppress(OSError):  # the client may have hung up, which it tests
                self._say(says)

        do_POST = do_PUT = do_PATCH = do_HEAD = do_GET  # noqa: N815

        def _say(self, says: Says) -> None:
            content = says.content()
            self.send_response(says.status)
            for name, text in says.headers.items():
                self.send_header(name, text)
            if says.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif says.announced != -1:
                self.send_header("Content-Length", str(says.announced or len(content)))
            self.end_headers()
            if self.command != "HEAD":
                for piece in _pieces(says, content):
                    self.wfile.write(piece)
                    time.sleep(says.drip)
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    return Handler


class _Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *args: object) -> None:
        """A client that hung up is part of the tests."""


@contextlib.contextmanager
def serving(routes: Mapping[str, Script | Says] | None = None) -> Iterator[Server]:
    """A server of the given routes, on a port of its own, until the block ends."""
    server = Server(routes)
    with _Threads(("127.0.0.1", 0), _handler(server)) as real:
        server.port = real.server_address[1]
        thread = threading.Thread(target=real.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            real.shutdown()
            thread.join(5)
