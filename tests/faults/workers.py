"""Real workers for a test: processes of their own, on the test's database and a broker of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis
from django.conf import settings
from django.db import connection

from apps.scans.models import Report
from apps.scans.services.sweep import reports_send_due

UNFINISHED = ("received", "processing")
STARTS_WITHIN = 60.0


def own_broker() -> str:
    """The broker's URL with a database number that no other test process has."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlunsplit(urlsplit(settings.REDIS_URL)._replace(path=f"/{4 + int(process) % 12}"))


def own_database() -> str:
    name = connection.settings_dict["NAME"]
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@dataclass
class Worker:
    """A Celery worker and its pool: one process group."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """As a machine that loses power, or the kernel that is out of memory."""
        self.signal_group(signal.SIGKILL)
        self.process.wait(20)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def is_ready(self) -> bool:
        return b" ready." in self.log.read_bytes()


@dataclass
class Site:
    """Workers, broker and sweeper of one test."""

    folder: Path
    broker: str
    workers: list[Worker] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)  # more for the workers' environment

    def start(self, *, processes: int = 1, attempts: int = 20) -> Worker:
        """A worker, once it is ready to take tasks."""
        worker = self.launch(processes=processes, attempts=attempts)
        wait_for(worker.is_ready, STARTS_WITHIN, lambda: worker.log.read_text()[-2000:])
        return worker

    def launch(self, *, processes: int = 1, attempts: int = 20) -> Worker:
        log = self.folder / f"worker-{len(self.workers)}.log"
        command = [sys.executable, "-m", "celery", "-A", "secops_portal", "worker"]
        command += [f"--concurrency={processes}", "--queues=ingest,pull,outbound,default"]
        command += [
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=INFO",
        ]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": own_database(),
            "REDIS_URL": self.broker,
            "SECOPS_DATA_DIR": str(settings.DATA_DIR),
            "SECOPS_INGEST_MAX_ATTEMPTS": str(attempts),
            **self.variables,
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*command, f"--hostname=faults-{len(self.workers)}@localhost"],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def lose_the_broker(self) -> None:
        """All that the broker knew is gone, as after a restart without a file."""
        with redis.Redis.from_url(self.broker) as server:
            server.flushdb()

    def finish(self, seconds: float = 60.0) -> None:
        """Sweep, as the sweeper does, until no report is unfinished. seconds: that may pass without one being done."""
        unfinished = Report.objects.filter(state__in=UNFINISHED)
        left, ends = unfinished.count(), time.monotonic() + seconds
        while left:
            reports_send_due()
            if (now := unfinished.count()) < left:
                left, ends = now, time.monotonic() + seconds
            assert time.monotonic() < ends, f"none in {seconds} s\n{self.what_is_left()}"
            time.sleep(0.1)

    def what_is_left(self) -> str:
        fields = ("pk", "state", "attempts", "next_send_at", "not_before")
        left = list(Report.objects.filter(state__in=UNFINISHED).values(*fields))
        return f"{left}\n{self.workers[-1].log.read_text()[-2000:]}"

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.lose_the_broker()


def wait_for(
    condition: Callable[[], bool],
    seconds: float,
    explain: Callable[[], str] = lambda: "",
    pause: float = 0.005,
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it took more than {seconds} s\n{explain()}"
        time.sleep(pause)


def state_of(report: Report) -> str:
    return Report.objects.values_list("state", flat=True).get(pk=report.pk)


@contextlib.contextmanager
def site(folder: Path) -> Iterator[Site]:
    here = Site(folder, own_broker())
    here.lose_the_broker()
    try:
        yield here
    finally:
        here.close()
