# ruff: noqa: INP001 - a settings file, no package
"""How gunicorn serves the portal: in the container and, with its own address, under bin/serve."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class LingeringWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for slow senders within a budget, and ends connections in the threads that answered them.

    SECURITY: gunicorn has no deadline for a head or a body, so whoever trickles would hold a thread for as long as
    they like. And it waits up to two seconds for the other side to close, too, so that its last answer is not cut
    off, and does that in the one thread that accepts everybody: a few strangers who close nothing would stop all.
    """

    def handle(self, conn: Any) -> Any:
        from apps.common.slowness import Clocked  # noqa: PLC0415  # not yet there when this file is read

        if not isinstance(conn.sock, Clocked):
            conn.sock = Clocked(conn.sock)  # TLS is the proxy's: this is the bare socket
        conn.sock.begin_head()
        keeps = super().handle(conn)
        if not keeps:
            with suppress(OSError):
                conn.close(graceful=True)
            conn.close = _is_closed
        return keeps

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.sock.begin_body()
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.end_body()


def _is_closed(*, graceful: bool = False) -> None:
    """What the accepting thread calls then."""


# Processes, because rendering takes the processor. The threads only wait, for a slow line or for a place in a lane
# (secops_portal/lanes.py), and there is one for each that may: what works are the threads of the lanes.
worker_class = LingeringWorker
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 688
bind = "0.0.0.0:8000"
# An upload of the largest report over a slow line takes longer than any page.
timeout = 120
graceful_timeout = 15
keepalive = 5
# A worker is replaced now and then, not all at the same moment.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat file must not lie on a disk that can stall.
shared_memory = Path("/dev/shm")  # noqa: S108 - nothing secret is written there
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
control_socket_disable = True
accesslog = "-"
errorlog = "-"
# The path without its query: searches and tokens in addresses do not belong in a log.
access_log_format = "%(t)s %(s)s %(m)s %(U)s %(L)ss %(B)sB %({x-request-id}o)s"

# Counts of requests of all processes, added up by whichever answers /metrics; gone with the service.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    _counts = tempfile.mkdtemp(prefix="secops-metrics-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts
# By which the processes know that one of them answers a person (apps/common/door.py).
_door = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / "door"
_door.touch()
os.environ["SECOPS_DOOR_FILE"] = str(_door)


def post_worker_init(worker: Any) -> None:  # noqa: ARG001
    """A page that comes back from the database waits less for the interpreter while a report is taken in."""
    import sys  # noqa: PLC0415

    sys.setswitchinterval(0.001)


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    """What a worker counted stays; only its gauges, of which there are none, would go."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ARG001
    import shutil  # noqa: PLC0415

    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
