"""A whole portal for browser tests: its own database, web server, worker, sweeper and demo data."""

import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bin._local import paths, ports
from bin._local.portal import Address, programs
from bin._local.room import Room
from tests.migrated import address_of, copy_of_migrated, drop

PASSWORD = "lights-on-the-quay"  # as manage.py demo_accounts prints it
STARTED = ("Web", "Worker", "Sweeper")  # beat's work is not waited for by anybody here
# One of the 16 databases of the broker for each of pytest-xdist's workers; 0 is everybody's.
FIRST_BROKER_DATABASE = 8
BROKER_DATABASES = 8


@dataclass(frozen=True)
class Portal:
    """A running portal that nobody else uses."""

    url: str
    environment: dict[str, str]
    logs: Path

    def manage(self, *arguments: str) -> str:
        """Run one of Django's commands against it; return what it printed."""
        return _manage(self.environment, arguments)


@contextmanager
def running(folder: Path) -> Iterator[Portal]:
    """Start everything, load the demo, and end everything afterwards by process id."""
    with ExitStack() as stack:
        address = Address(ports.LOOPBACK, ports.any_free())
        database = stack.enter_context(_database())
        broker = _broker_database(os.environ["REDIS_URL"])
        portal = Portal(address.url, _environment(folder, address, database, broker), folder)
        portal.manage("collectstatic", "--noinput", "--verbosity=0")
        _start(stack, folder, address, portal.environment)
        portal.manage("demo_load")
        yield portal


def _environment(folder: Path, address: Address, database: str, broker: str) -> dict[str, str]:
    """Everything of the caller's but what would point a program to the caller's own servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SECOPS_")}
    return {
        **kept,
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "SECOPS_ENV": "development",
        "SECOPS_BASE_URL": address.url,
        "SECOPS_DATA_DIR": str(_made(folder / "files")),
        "SECOPS_STATIC_ROOT": str(_made(folder / "static")),
        "SECOPS_SWEEP_SECONDS": "2",
        "PYTHONUNBUFFERED": "1",
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _start(stack: ExitStack, folder: Path, address: Address, variables: dict[str, str]) -> None:
    """Start the programs that bin/serve starts; they end in reverse when the stack closes."""
    room = Room(folder, folder, None)
    _made(room.logs)
    chosen = [each for each in programs(room, address, variables) if each.name in STARTED]
    children = []
    for program in chosen:
        child = program.start()
        stack.callback(program.stop, child)
        children.append((program, child))
    for program, child in children:
        program.wait_ready(child)


def _manage(environment: dict[str, str], arguments: Sequence[str]) -> str:
    done = subprocess.run(
        paths.manage(*arguments),
        env=environment,
        cwd=paths.TOP,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def _database() -> Iterator[str]:
    """Give the address of a new database without data on the same server; drop it afterwards."""
    name = f"browser_{secrets.token_hex(6)}"
    address = copy_of_migrated(name)
    try:
        yield address
    finally:
        drop(name)


def _broker_database(server: str) -> str:
    """Return the address of this test process's own, emptied database of the broker."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = FIRST_BROKER_DATABASE + worker % BROKER_DATABASES
    address = address_of(server, str(number))
    with redis.Redis.from_url(address) as broker:
        broker.flushdb()
    return address
