"""The portal's own programs: web server, Celery worker, beat and sweeper."""

from __future__ import annotations

import http.client
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .paths import MANAGE, PYTHON, TOP
from .program import Program
from .room import Room

QUEUES = "ingest,pull,valuation,outbound,default"
# The web first, so that nothing new comes in; the database last, so that all can finish.
STOP_ORDER = ("Web", "Worker", "Beat", "Sweeper", "Valkey", "PostgreSQL")
ROTATE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def reach(self) -> str:
        """Return the host by which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound

    @property
    def url(self) -> str:
        """Return the address for a browser on this machine."""
        return f"http://{bracketed(self.reach)}:{self.port}"


def bracketed(host: str) -> str:
    """Return ``host`` as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def environment(room: Room, address: Address, database_url: str, redis_url: str) -> dict[str, str]:
    """Return the environment of all four programs: the caller's own values win."""
    hosts = ["127.0.0.1", "localhost", "[::1]", bracketed(address.host)]
    defaults = {
        "SECOPS_ENV": "development",
        "SECOPS_ALLOWED_HOSTS": ",".join(dict.fromkeys(hosts)),
        "SECOPS_BASE_URL": address.url,
        "SECOPS_DATA_DIR": str(room.files),
    }
    if "SECRET_KEY" not in os.environ:
        defaults["SECRET_KEY"] = room.secret_key()
    if "SECOPS_CREDENTIAL_KEYS" not in os.environ:
        defaults["SECOPS_CREDENTIAL_KEYS"] = room.credential_key()
    fixed = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
    return {**defaults, **os.environ, **fixed}


def programs(room: Room, address: Address, variables: Mapping[str, str]) -> list[Program]:
    """Return the four programs."""
    celery = (PYTHON, "-m", "celery", "-A", "secops_portal")
    worker_log = _log(room, "worker")
    seen = worker_log.stat().st_size if worker_log.exists() else 0
    return [
        Program(
            name="Web",
            command=(PYTHON, "-m", "gunicorn", "secops_portal.wsgi:application", *_web(address)),
            environment=variables,
            folder=TOP,
            log=_log(room, "web"),
            stops=((signal.SIGTERM, 20.0),),
            is_ready=lambda _pid: answers(address, "/healthz"),
        ),
        Program(
            name="Worker",
            command=(*celery, "worker", *_worker()),
            environment=variables,
            folder=TOP,
            log=worker_log,
            # A launcher that dies takes the database with it: nothing to finish then. The lease in
            # the database brings the work back.
            farewell=signal.SIGQUIT,
            stops=((signal.SIGTERM, 25.0), (signal.SIGQUIT, 25.0)),
            is_ready=lambda _pid: b" ready." in _since(worker_log, seen),
        ),
        Program(
            name="Beat",
            command=(*celery, "beat", "--pidfile=", "--loglevel=INFO"),
            environment=variables,
            folder=TOP,
            log=_log(room, "beat"),
        ),
        Program(
            name="Sweeper",
            command=(PYTHON, MANAGE, "sweeper"),
            environment=variables,
            folder=TOP,
            log=_log(room, "sweeper"),
        ),
    ]


def _web(address: Address) -> list[str]:
    settings = TOP / "deploy" / "gunicorn.conf.py"
    return [f"--config={settings}", f"--bind={bracketed(address.host)}:{address.port}"]


def _worker() -> list[str]:
    """Return the flags of a lone worker, which has no neighbours to talk to."""
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return ["--queues", QUEUES, "--concurrency=2", "--loglevel=INFO", *alone]


def _log(room: Room, name: str) -> Path:
    """Return the log of a program; one that has grown large is put aside first."""
    log = room.logs / f"{name}.log"
    if log.exists() and log.stat().st_size > ROTATE_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log


def _since(log: Path, offset: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read()
    except OSError:
        return b""


def answers(address: Address, path: str) -> bool:
    """Tell whether the web server answers ``path`` with 200."""
    line = http.client.HTTPConnection(address.reach, address.port, timeout=2.0)
    try:
        line.request("GET", path)
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
