"""TLS to a real server on loopback, with a certificate made for the test: the name that was asked for is
checked, although the connection goes to an address."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.common.outgoing import Client, Limits, OutgoingFailed, Policy

NAME = "reports.test"


def certificate(folder: Path, *, days: int = 30) -> Path:
    """A certificate for NAME that signs itself, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"cert-{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@dataclass
class Secure:
    port: int
    heads: list[bytes]


@contextlib.contextmanager
def serving_tls(pem: Path) -> Iterator[Secure]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Secure(listener.getsockname()[1], [])

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    with (
                        line,
                        contextlib.suppress(OSError),
                        context.wrap_socket(line, server_side=True) as secure,
                    ):
                        found.heads.append(secure.recv(4096))
                        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def fetch(port: int, host: str) -> bytes:
    """By a resolver that knows every name as loopback, which the operator lists."""
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    policy = Policy(frozenset({"https"}), frozenset({port}), networks=networks)
    client = Client(policy, Limits(connect=5.0), resolve=lambda *_: ["127.0.0.1"])
    with client.send("GET", f"https://{host}:{port}/x") as answer:
        return answer.read()


def test_the_name_is_checked_and_the_operators_authority_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    with serving_tls(pem) as server:
        with pytest.raises(OutgoingFailed) as unknown:
            fetch(server.port, NAME)
        assert unknown.value.code == "tls-failed"
        assert "certificate" in unknown.value.message
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert fetch(server.port, NAME) == b"secret"
        assert f"Host: {NAME}:{server.port}".encode() in server.heads[-1]
        seen = len(server.heads)
        for host in ("other.test", "127.0.0.1"):
            with pytest.raises(OutgoingFailed, match="not valid"):
                fetch(server.port, host)
        assert len(server.heads) == seen  # nothing was said to a server of another name


def test_a_certificate_that_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path, days=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving_tls(pem) as server, pytest.raises(OutgoingFailed, match="expired"):
        fetch(server.port, NAME)
