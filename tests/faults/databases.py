"""A PostgreSQL server of the test's own, which it may stop, crash and start again."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.db import OperationalError, connection

from bin._local import account as accounts
from bin._local import postgres, throwaway
from bin._local.program import Child
from tests.faults.workers import own_database, wait_for

STOPS_WITHIN = 30.0
COMES_BACK_WITHIN = 60.0


@dataclass
class Database:
    """A server that keeps its promises through a crash: fsync is on, and commits wait for the disk."""

    server: postgres.Postgres
    _child: Child = field(init=False)

    def start(self) -> None:
        self._child = self.server.program.start()
        self.server.program.wait_ready(self._child)

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: sessions are ended and the data written ("fast"); SIGQUIT: neither ("immediate").

        Source: PostgreSQL manual, "Shutting Down the Server".
        """
        self._child.send_signal(how)
        self._child.wait(STOPS_WITHIN)
        connection.close()  # ours went with the server

    def come_back(self) -> None:
        """Wait until it answers after a fault of its own, started again by hand if it gave up."""

        def answers() -> bool:
            if self._child.poll() is not None:
                self.start()
            connection.close()  # ours may have gone with it
            with contextlib.suppress(OperationalError):
                connection.ensure_connection()
                return True
            return False

        wait_for(answers, COMES_BACK_WITHIN, pause=0.1)

    def close(self) -> None:
        self.server.program.stop(self._child)

    def copy_from(self, url: str) -> None:
        """Take the tables and what is in them over from another server of this version."""
        tool = self.server.binaries
        dump = subprocess.run(
            [tool / "pg_dump", "--no-owner", url], capture_output=True, check=True
        )
        command: list[str | Path] = [tool / "psql", "-Xqv", "ON_ERROR_STOP=1", self.server.url]
        subprocess.run(command, input=dump.stdout, capture_output=True, check=True)


@contextlib.contextmanager
def database_of_our_own(
    on: Callable[[Path], AbstractContextManager[None]] = lambda _: contextlib.nullcontext(),
) -> Iterator[Database]:
    """A server with the test's tables, to which Django's connection and workers of the body go.

    on: what is done with the server's folder before it holds anything, such as to mount a disk there.
    """
    account = accounts.service_account()
    place = accounts.passing_place(account, "faults")
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, place, ignore_errors=True)
        cleanup.enter_context(on(place))
        throwaway.claim(place)  # what a killed run leaves, the next one clears away
        database = Database(postgres.prepare(place, account, place, durable=True))
        database.start()
        cleanup.callback(database.close)
        database.server.make_database()
        database.copy_from(own_database())
        cleanup.enter_context(connected_to(database.server.url))
        yield database


@contextlib.contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Django's connection of this thread, and DATABASE_URL, lead to another server meanwhile."""
    there, before = urlsplit(url), dict(connection.settings_dict)
    variable = os.environ["DATABASE_URL"]
    connection.close()
    connection.settings_dict |= {
        "HOST": there.hostname,
        "PORT": there.port,
        "USER": there.username,
        "PASSWORD": unquote(there.password or ""),
        "NAME": Path(there.path).name,
    }
    os.environ["DATABASE_URL"] = url
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before
        os.environ["DATABASE_URL"] = variable
