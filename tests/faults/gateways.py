"""TLS before a server that has none itself, as stunnel or a managed service has it: clients show a certificate."""

import contextlib
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.authority import Papers

# PostgreSQL documentation, "Message Formats": SSLRequest, GSSENCRequest.
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


@dataclass
class Gateway:
    """seen: the names in the certificates of clients that were let through, "" of one without."""

    port: int
    seen: list[str] = field(default_factory=list)


def tls_for(server: Papers, clients: Path | None) -> ssl.SSLContext:
    """What the gateway shows, and whose clients it lets in (None: everybody)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def gateway(
    real: tuple[str, int], context: ssl.SSLContext, *, is_postgres: bool = False
) -> Iterator[Gateway]:
    """real: host and port of the server behind."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        here = Gateway(listener.getsockname()[1])

        def serve(line: socket.socket) -> None:
            with contextlib.suppress(OSError), line:
                if is_postgres:
                    _answer_request(line)
                # TLS 1.3: the client learns of a refusal when it reads.
                with (
                    context.wrap_socket(line, server_side=True) as secure,
                    socket.create_connection(real) as plain,
                ):
                    here.seen.append(_named(secure))
                    _relay(secure, plain)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _address = listener.accept()
                    threading.Thread(target=serve, args=(line,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield here
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _answer_request(line: socket.socket) -> None:
    """Yes to TLS, no to Kerberos. Raises: OSError for who would speak in the clear."""
    while True:
        _length, code = struct.unpack("!II", line.recv(8, socket.MSG_WAITALL))
        if code == SSL_REQUEST:
            line.sendall(b"S")
            return
        if code != GSS_REQUEST:
            raise ConnectionRefusedError
        line.sendall(b"N")


def _named(secure: ssl.SSLSocket) -> str:
    told: Any = secure.getpeercert() or {"subject": ()}
    return str(dict(pair for part in told["subject"] for pair in part).get("commonName", ""))


def _relay(secure: ssl.SSLSocket, plain: socket.socket) -> None:
    """Both ways, until one hangs up."""
    with selectors.DefaultSelector() as ready:
        for each in (secure, plain):
            ready.register(each, selectors.EVENT_READ)
        while True:
            said = {secure} if secure.pending() else {key.fileobj for key, _ in ready.select()}
            for source, target in ((secure, plain), (plain, secure)):
                if source not in said:
                    continue
                if not (data := source.recv(65536)):
                    return
                target.sendall(data)
