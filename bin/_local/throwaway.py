"""PostgreSQL and Valkey for one run: own ports, own folder, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import account as accounts
from . import postgres, process, valkey
from .process import Identity

OWNER_FILE = "owner.json"


@dataclass(frozen=True)
class Servers:
    """Where the two servers are."""

    place: Path
    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables that the project's settings read."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECOPS_DATA_DIR": str(self.place / "files"),
        }


@contextmanager
def servers(kind: str, *, durable: bool = False) -> Iterator[Servers]:
    """Run both servers while the body runs; ``durable`` keeps fsync on, as in production.

    ``kind`` only names the folder. What an earlier run of ours left when it was killed goes too.
    """
    account = accounts.service_account()
    place = accounts.passing_place(account, kind)
    claim(place)
    sweep(place.parent)
    (place / "files").mkdir(mode=0o700)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, place, ignore_errors=True)
        database = postgres.prepare(place, account, place, durable=durable)
        broker = valkey.prepare(place, account, place, durable=durable)
        for program in (database.program, broker.program):
            child = program.start()
            cleanup.callback(program.stop, child)
            program.wait_ready(child)
        database.make_database()
        yield Servers(place, database.url, broker.url)


def claim(place: Path) -> None:
    """Write down that this process uses ``place``."""
    me = process.identify(os.getpid())
    (place / OWNER_FILE).write_text(json.dumps(None if me is None else asdict(me)))


def sweep(base: Path) -> None:
    """Remove folders in ``base`` that dead runs of ours left, ending their servers first."""
    for note in base.glob(f"secops-*/{OWNER_FILE}"):
        # SECURITY: the folder is shared with everyone; only what we ourselves made is touched.
        if {note.lstat().st_uid, note.parent.lstat().st_uid} != {os.geteuid()}:
            continue
        try:
            owner = Identity(**json.loads(note.read_text()))
        except (ValueError, TypeError):
            continue
        if not process.is_alive(owner):
            postgres.recover(note.parent / "postgres")
            shutil.rmtree(note.parent, ignore_errors=True)
