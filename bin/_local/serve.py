"""bin/serve: from a fresh checkout to a running portal, with one command."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import checking, portal, ports, postgres, room, setup, stamps, valkey
from .paths import TOP, manage
from .portal import Address
from .program import tail
from .room import Room
from .say import Failure, Stopped, line, step, warn
from .supervisor import Supervisor

DEFAULT_PORT = 8000
STATIC = TOP / "staticfiles"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bin/serve",
        description="Set up and run SecOps Portal on this machine. Ctrl-C stops it.",
        epilog="With DATABASE_URL or REDIS_URL set, those servers are used and not started here. "
        "More: docs/operations.md",
    )
    add = parser.add_argument
    add("--port", type=int, help=f"listen here, or fail (default: {DEFAULT_PORT} or the next free)")
    add("--host", default=ports.LOOPBACK, help="listen on this address (default: %(default)s)")
    add("--check", action="store_true", help="start, fetch the pages, stop, and say how it went")
    add(
        "--demo",
        action=argparse.BooleanOptionalAction,
        help="load the demo data on the first start (default: yes, but no into a DATABASE_URL)",
    )
    add("--reset", action="store_true", help="first remove all local data of this checkout; asks")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the portal until it is told to stop. Raises Failure with what a person must do."""
    options = parse(arguments)
    began = time.monotonic()
    place = room.lasting()
    with room.occupied(place) as ours:
        if ours:
            if options.reset:
                reset(place)
            return start(place, options, began)
    if not options.check:
        return already_running(place)
    line("The portal is running here; checking a second, throwaway one beside it.")
    with room.passing() as place:
        return start(place, options, began)


def already_running(place: Room) -> int:
    """Say where the portal of this checkout runs, and leave it alone."""
    running = room.read_record(place)
    if running is None or not running.url:
        line("SecOps Portal is just being started here by another command.")
    else:
        line(f"SecOps Portal is already running at {running.url}")
        line(f"Stop it with Ctrl-C where it was started, or with: kill {running.supervisor.pid}")
    return 0


def reset(place: Room) -> None:
    """Ask, then remove everything that this checkout's portal has stored. Raises Failure."""
    folders = " and ".join(str(folder) for folder in sorted({place.data, place.servers}))
    line(f"This removes the database, all uploads and all keys in {folders}.")
    if not sys.stdin.isatty() or input('Type "remove" to go on: ').strip() != "remove":
        raise Failure("Nothing was removed.")
    room.end_leftovers(place)
    room.forget(place)


def start(place: Room, options: argparse.Namespace, began: float) -> int:
    """Set up, start everything, and serve (or check and stop)."""
    line("SecOps Portal")
    setup.everything(setup.LOCAL)
    with Supervisor(place, portal.STOP_ORDER) as supervisor:
        left = room.end_leftovers(place)
        if left:
            line(f"  Ended what a killed start had left running: {', '.join(left)}")
        try:
            launch = Launch(place, options, supervisor)
            launch.everything()
            if options.check:
                launch.check()
            else:
                launch.tell(began)
                supervisor.watch()
        except Stopped:
            if options.check:
                raise Failure("Stopped before the check was through.") from None
        line("\nStopping ...")
    took = f"{time.monotonic() - began:.1f} s"
    line(
        f"Check passed: the portal starts, answers and stops; {took}."
        if options.check
        else "Stopped."
    )
    return 0


@dataclass
class Launch:
    """One start of the portal, step by step."""

    place: Room
    options: argparse.Namespace
    supervisor: Supervisor

    def everything(self) -> None:
        """Bring all programs up, in order, with the data they need. Raises Failure, Stopped."""
        self.address = Address(self.options.host, self._port())
        database_url, redis_url = self._servers()
        self.variables = portal.environment(self.place, self.address, database_url, redis_url)
        room.write_environment(self.place, self.variables)
        self._manage("Database schema", "migrate", "--noinput")
        self._static()
        programs = portal.programs(self.place, self.address, self.variables)
        with step("Web server, worker, beat and sweeper"):
            self.supervisor.launch(*programs)
        self._demo()
        self.supervisor.url = self.address.url
        self.supervisor.keep_record()

    def _servers(self) -> tuple[str, str]:
        place, urls = self.place, (os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
        if place.servers != place.data and not all(urls):
            line(f"  Data of PostgreSQL and Valkey: {place.servers} (docs/operations.md, As root)")
        room.note_use(place, check=self.options.check)
        database_url, redis_url = urls
        if not database_url:
            with step("PostgreSQL"):
                server = postgres.prepare(place.servers, place.account, place.logs, durable=True)
                self.supervisor.launch(server.program)
                server.make_database()
            database_url = server.url
        if not redis_url:
            with step("Valkey"):
                broker = valkey.prepare(place.servers, place.account, place.logs, durable=True)
                self.supervisor.launch(broker.program)
            redis_url = broker.url
        return database_url, redis_url

    def _port(self) -> int:
        host, wanted = self.options.host, self.options.port
        if wanted is None and self.options.check:
            return ports.any_free(host)
        if wanted is None:
            chosen = ports.near(DEFAULT_PORT, host)
            if chosen != DEFAULT_PORT:
                line(f"  Port {DEFAULT_PORT} is taken by another program; using {chosen}")
            return chosen
        if not 0 < wanted < 65536:
            raise Failure(f"--port {wanted}: a port is a number from 1 to 65535.")
        if not ports.is_free(wanted, host):
            raise Failure(f"Port {wanted} on {host} is taken or not allowed. Choose another one.")
        return int(wanted)

    def _manage(self, title: str, *arguments: str) -> None:
        with step(title):
            self.supervisor.run(manage(*arguments), self.variables, arguments[0])

    def _static(self) -> None:
        file = self.place.data / "stamps.json"
        wanted = {"static": stamps.digest([setup.BUILT, setup.STAMPS, *static_sources()])}
        if stamps.read(file) == wanted and (STATIC / "staticfiles.json").exists():
            return
        self._manage("Static files", "collectstatic", "--noinput", "--verbosity=0")
        stamps.write(file, wanted)

    @property
    def _demo_mark(self) -> Path:
        given = os.environ.get("DATABASE_URL")
        if not given:
            return self.place.servers / "demo-loaded"
        return self.place.data / f"demo-loaded-{hashlib.sha256(given.encode()).hexdigest()[:12]}"

    def _demo(self) -> None:
        given = os.environ.get("DATABASE_URL")
        if self.options.demo is None and given:
            line("  Demo data: not loaded into the database of DATABASE_URL; --demo would")
            return
        if self.options.demo is False or self._demo_mark.exists():
            return
        line("  Demo data:")
        began = time.monotonic()
        hear = lambda text: line(f"    {text}")  # noqa: E731 - shorter than a function
        self.supervisor.run(manage("demo_load"), self.variables, "demo_load", hear)
        self._demo_mark.touch()
        line(f"  Demo data: loaded ({time.monotonic() - began:.1f} s)")

    def _accounts(self) -> list[str]:
        if not self._demo_mark.exists():
            return []
        lines: list[str] = []
        self.supervisor.run(manage("demo_accounts"), self.variables, "demo_accounts", lines.append)
        return lines

    def tell(self, began: float) -> None:
        """Print the address, the accounts and how to stop."""
        line(f"\nSecOps Portal runs at {self.address.url}   ({time.monotonic() - began:.0f} s)\n")
        accounts = self._accounts()
        for text in accounts:
            line(f"  {text}")
        if not accounts:
            line("  The first account: bin/manage createsuperuser")
        if self.options.host not in {ports.LOOPBACK, "localhost", "::1"}:
            warn("\n  Others can reach this address. The demo passwords are public knowledge, and")
            warn("  what they send is not encrypted. For production see docs/operations.md.")
        line(f"\nLogs: {self.place.logs}   Stop: Ctrl-C")

    def check(self) -> None:
        """Fetch the pages and say how it went. Raises Failure."""
        try:
            checking.fetch_all(self.address.url, self._accounts())
        except Failure as failure:
            log = self.place.logs / "web.log"
            raise Failure(f"{failure}\nThe end of {log}:\n{tail(log)}") from failure
        if self.supervisor.crashes:
            raise Failure(f"{self.supervisor.crashes} times a program ended by itself.")


def static_sources() -> list[Path]:
    """Return the static folders of our own apps."""
    return sorted(TOP.glob("apps/*/static"))
