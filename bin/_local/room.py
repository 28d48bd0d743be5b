"""The folders of one running portal, its lock, and the record of its processes."""

from __future__ import annotations

import base64
import fcntl
import json
import secrets
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import account as accounts
from . import paths, postgres, process, throwaway
from .process import Account, Identity

CHECKS_ONLY = "checks-only"
PROJECT = "project"
ENVIRONMENT = "environment.json"
# What bin/manage needs to reach the servers of the running portal.
SHARED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SECOPS_ENV",
    "SECOPS_ALLOWED_HOSTS",
    "SECOPS_DATA_DIR",
    "SECOPS_BASE_URL",
    "SECOPS_CREDENTIAL_KEYS",
)


@dataclass(frozen=True)
class Room:
    """``data`` holds secrets, logs and uploads; ``servers`` the database's and broker's data."""

    data: Path
    servers: Path
    account: Account | None

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.data / "logs"

    @property
    def files(self) -> Path:
        """Return the folder that uploads are kept in."""
        return self.data / "files"

    @property
    def record(self) -> Path:
        """Return the file that says what runs here."""
        return self.data / "run.json"

    def secret_key(self) -> str:
        """Return this installation's SECRET_KEY, made at the first call and kept."""
        file = self.data / "secret-key"
        if not file.exists():
            paths.write_private(file, secrets.token_urlsafe(64))
        return file.read_text().strip()

    def credential_key(self) -> str:
        """Return the key that seals this installation's credentials (a Fernet key), made and kept alike."""
        file = self.data / "credential-key"
        if not file.exists():
            paths.write_private(file, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return file.read_text().strip()


def lasting() -> Room:
    """Return the room of this checkout. Raises Failure when no account can run the servers."""
    account = accounts.service_account()
    room = Room(paths.DATA, accounts.lasting_place(account), account)
    _furnish(room)
    if room.servers != room.data:
        (room.servers / PROJECT).write_text(str(paths.TOP))
        _forget_lost(room.servers.parent)
    return room


def note_use(room: Room, *, check: bool) -> None:
    """Remember whether the servers' data were ever used for more than ``bin/serve --check``."""
    if not check:
        (room.servers / CHECKS_ONLY).unlink(missing_ok=True)
    elif room.servers != room.data and not (room.servers / "postgres").exists():
        (room.servers / CHECKS_ONLY).touch()


def _forget_lost(base: Path) -> None:
    """Remove data that only checks have used and whose checkout is gone; all else is kept."""
    for mark in base.glob(f"*/{CHECKS_ONLY}"):
        folder = mark.parent
        try:
            project = Path((folder / PROJECT).read_text())
        except OSError:
            continue
        if not project.exists():
            postgres.recover(folder / "postgres")
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def passing() -> Iterator[Room]:
    """Give a room that is gone afterwards."""
    account = accounts.service_account()
    place = accounts.passing_place(account, "check")
    throwaway.claim(place)
    throwaway.sweep(place.parent)
    room = Room(place, place, account)
    _furnish(room)
    try:
        yield room
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _furnish(room: Room) -> None:
    paths.private_folder(room.logs)
    paths.private_folder(room.files)


@contextmanager
def occupied(room: Room) -> Iterator[bool]:
    """Hold the room's lock while the body runs; give False when somebody else holds it.

    The kernel drops the lock with its holder, so there is no stale one after a kill -9.
    """
    with (room.data / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@dataclass(frozen=True)
class Running:
    """What the record says: who supervises, at which address, and every child's identity."""

    run_id: str
    supervisor: Identity
    url: str
    children: dict[str, Identity]


def write_record(room: Room, running: Running) -> None:
    """Keep the record, whole or not at all."""
    paths.write_private(room.record, json.dumps(asdict(running), indent=1))


def clear_record(room: Room) -> None:
    """Forget who runs and how to reach it, as nothing runs any more."""
    for name in (room.record.name, ENVIRONMENT):
        (room.data / name).unlink(missing_ok=True)


def read_record(room: Room) -> Running | None:
    """Return the record, or None when there is none that can be read."""
    try:
        kept = json.loads(room.record.read_text())
        return Running(
            run_id=str(kept["run_id"]),
            supervisor=Identity(**kept["supervisor"]),
            url=str(kept["url"]),
            children={str(k): Identity(**v) for k, v in kept["children"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_environment(room: Room, variables: Mapping[str, str]) -> None:
    """Keep what bin/manage needs, readable by us alone, for as long as the portal runs."""
    kept = {name: variables[name] for name in SHARED if name in variables}
    paths.write_private(room.data / ENVIRONMENT, json.dumps(kept, indent=1))


def read_environment(data: Path) -> dict[str, str] | None:
    """Return what ``write_environment`` kept, or None when no portal runs in ``data``."""
    try:
        kept = json.loads((data / ENVIRONMENT).read_text())
    except (OSError, ValueError):
        return None
    with (data / "serve.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return {str(name): str(value) for name, value in kept.items()}
    return None


def end_leftovers(room: Room, patience: float = 10.0) -> list[str]:
    """End what a killed supervisor left running; return the names. Call it with the lock held.

    Only processes that are for certain ours are touched: the same number and start as recorded,
    or members of a recorded session that carry the run's mark in their environment. Each gets
    ``patience`` seconds to end by itself.
    """
    left = read_record(room)
    if left is None:
        return []
    ended = []
    for name, who in left.children.items():
        alive = process.is_alive(who)
        if alive:
            how = signal.SIGINT if name == "PostgreSQL" else signal.SIGTERM
            process.end_stranger(who, how, patience)
        if process.kill_members(who.pid, left.run_id) or alive:
            ended.append(name)
    clear_record(room)
    return ended


def forget(room: Room) -> None:
    """Remove everything the room holds, as ``bin/serve --reset`` does; the lock must be held."""
    kept = {"serve.lock", "setup.lock"}
    for folder in {room.data, room.servers}:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in kept:
                path.unlink()
    _furnish(room)
