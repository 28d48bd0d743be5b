"""The real web server, one process of it, and connections of strangers to it."""

import http.client
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bin._local import ports
from bin._local.portal import Address, programs
from bin._local.room import Room
from tests.faults.workers import Site, own_database

READY = 240.0  # seconds, for a first start beside everything else that a machine may be doing
GENEROUS = 60.0  # seconds, for what comes at once on a machine that has nothing else to do


@dataclass(frozen=True)
class Web:
    port: int
    pid: int

    def holds(self, head: str, body: bytes = b'{"a') -> socket.socket:
        """A connection that sends a head, a little of a body, and nothing more."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=GENEROUS)
        line.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode() + body)
        return line

    def asks(self, path: str) -> int:
        """The status of a GET, on a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=GENEROUS)) as line:
            line.request("GET", path)
            return line.getresponse().status

    def posts(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes, float]:
        """Status, what is said, and the seconds that it took."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=GENEROUS)) as line:
            began = time.monotonic()
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            said = answer.read()
            return answer.status, said, time.monotonic() - began

    def wait_for(self, lines: int) -> None:
        """Until the server has taken in that many connections, and its threads are as many as they get."""
        ends, before = time.monotonic() + GENEROUS, (-1, -1)
        while time.monotonic() < ends:
            now = (self._accepted(), self._threads())
            if now[0] >= lines and now == before:
                return
            before = now
            time.sleep(0.5)
        raise AssertionError(f"{before[0]} of {lines} connections were taken in")

    def _server(self) -> list[Path]:
        """The master's children: the processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [Path("/proc", child) for child in children]

    def _accepted(self) -> int:
        """Connections to the port that a process holds, by the kernel's list of the loopback (state 01)."""
        rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
        fields = [row.split() for row in rows]
        inodes = {
            each[9]
            for each in fields
            if each[1].endswith(f":{self.port:04X}") and each[3] in {"01", "08"}
        }
        return len(inodes - {"0"})

    def _threads(self) -> int:
        return sum(len(list((each / "task").iterdir())) for each in self._server())


@contextmanager
def web_server(site: Site, folder: Path) -> Iterator[Web]:
    """One process, so that nobody finds a free lane next door."""
    address = Address(ports.LOOPBACK, ports.any_free())
    room = Room(folder, folder, None)
    room.logs.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DATABASE_URL": own_database(),
        "REDIS_URL": site.broker,
        "SECOPS_ALLOWED_HOSTS": address.host,
        "SECOPS_BASE_URL": address.url,
        "SECOPS_DATA_DIR": str(folder / "files"),
        "WEB_CONCURRENCY": "1",
    }
    found = next(each for each in programs(room, address, environment) if each.name == "Web")
    program = replace(found, ready_within=READY)
    child = program.start()
    program.wait_ready(child)
    try:
        yield Web(address.port, child.pid)
    finally:
        program.stop(child)
