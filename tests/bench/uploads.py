"""Two hundred pipelines post a report at the same moment, while somebody reads pages.

Lost: accepted with 202 (or not answered at all) and not processed, or without its findings. Doubled: a report or a
finding that is there more than once; some of the posts are repeats under the same Idempotency-Key, at the same
moment. Latency: from the moment when all are let go until the 202, which is mostly the wait in the server's queue.
Pages: one reader, one page after the other, all from PostgreSQL; first with nothing else going on, then from the
first post until the last report is processed. The floor of the pages under load is the quiet figure of the same
run. Web server and worker are started as bin/serve starts them, each with its two processes. Connections: the most
that PostgreSQL had at once, of all parts of the portal and this bench.
"""

import argparse
import contextlib
import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from bin._local import ports
from tests.bench.report import Case, measured, show

TOP = Path(__file__).resolve().parents[2]
UPLOADS, REPEATS, FINDINGS = 200, 20, 20
RUNS, QUIET_READS = 3, 60
PAGES = ("/", "/findings/", "/reports/")
TIMEOUT = 300.0


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench uploads")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--uploads", type=int, default=UPLOADS)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        port = ports.any_free()
        _set_up(Path(folder), port)
        with _portal(Path(folder), port):
            show("uploads", _cases(options, port), as_json=options.json)
    return 0


def _set_up(folder: Path, port: int) -> None:
    """Settings of this process, the web server and the worker; tables and static files."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "secops_portal.settings",
        "SECOPS_ALLOWED_HOSTS": "127.0.0.1",
        "SECOPS_BASE_URL": f"http://127.0.0.1:{port}",
        "SECOPS_STATIC_ROOT": str(folder / "static"),
        "SECOPS_RATE_API": "",  # one token posts what many pipelines do
    }
    os.environ.setdefault("SECRET_KEY", "bench")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


@contextlib.contextmanager
def _portal(folder: Path, port: int) -> Iterator[None]:
    """A web server that answers, and a worker; ended with the block."""
    worker = ["celery", "-A", "secops_portal", "worker", "--queues=ingest", "--concurrency=2"]
    worker += ["--loglevel=ERROR", "--without-gossip", "--without-mingle"]
    with (folder / "portal.log").open("wb") as log, contextlib.ExitStack() as cleanup:
        for words in (_web(port), worker):
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=TOP,
                env={**os.environ, "WEB_CONCURRENCY": "2"},
                stdout=log,
                stderr=log,
            )
            cleanup.callback(_end, process)
        _wait_for(lambda: _answers(port), "the web server does not answer")
        yield


def _web(port: int) -> list[str]:
    settings = TOP / "deploy" / "gunicorn.conf.py"
    bind = f"--bind=127.0.0.1:{port}"
    return ["gunicorn", f"--config={settings}", bind, "secops_portal.wsgi:application"]


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _wait_for(condition: Any, otherwise: str, pause: float = 0.05) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(pause)


@dataclass
class Reader:
    """Somebody who reads one page after the other; `seconds` has what each took."""

    port: int
    cookie: str
    seconds: list[float] = field(default_factory=list)

    def read(self, times: int = 0, until: threading.Event | None = None) -> None:
        """Read so many pages, or until the event. Raises SystemExit for any answer but 200."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        number = 0
        while number < times or (until is not None and not until.is_set()):
            began = time.monotonic()
            line.request("GET", PAGES[number % len(PAGES)], headers={"Cookie": self.cookie})
            answer = line.getresponse()
            answer.read()
            self.seconds.append(time.monotonic() - began)
            if answer.status != 200:
                raise SystemExit(f"a page answered {answer.status}")
            number += 1
        line.close()


@dataclass
class Run:
    """What one round measured; seconds, and counts of reports and findings."""

    waits: list[float]
    accepted: float  # seconds until the last 202
    processed: float  # seconds until the last report was processed
    lost: int
    doubled: int
    # What each page took: alone, until the last post is answered, then until the last report is processed.
    quiet: list[float]
    posting: list[float]
    processing: list[float]
    connections: int  # of the database, the most at once


def _cases(options: argparse.Namespace, port: int) -> list[Case]:
    people = _people()
    _round(people, port, min(20, options.uploads))  # everything is loaded then
    runs = [_round(people, port, options.uploads) for _ in range(options.runs)]
    return _shown(f"uploads-{options.uploads}", runs)


def _shown(name: str, runs: list[Run]) -> list[Case]:
    quiet = _p95(run.quiet for run in runs)
    return [
        measured(f"{name}-lost", "reports", [sum(run.lost for run in runs)]),
        measured(f"{name}-doubled", "reports", [sum(run.doubled for run in runs)]),
        measured(f"{name}-answer-p50", "s", [statistics.median(run.waits) for run in runs]),
        measured(f"{name}-answer-p95", "s", [_p95([run.waits]) for run in runs]),
        measured(f"{name}-all-answered", "s", [run.accepted for run in runs]),
        measured(f"{name}-all-processed", "s", [run.processed for run in runs]),
        measured(f"{name}-page-p95-quiet", "s", [quiet]),
        measured(f"{name}-page-p95-posting", "s", [_p95(run.posting for run in runs)], [quiet]),
        measured(f"{name}-page-p95-after", "s", [_p95(run.processing for run in runs)], [quiet]),
        measured(f"{name}-connections", "connections", [max(run.connections for run in runs)]),
    ]


def _p95(rounds: Iterable[list[float]]) -> float:
    """Of all rounds together, by nearest rank: one round has few reads of a page."""
    values = sorted(value for each in rounds for value in each)
    return values[math.ceil(0.95 * len(values)) - 1]


@dataclass(frozen=True)
class People:
    """A system, the token of its pipelines, and the cookie of a reader of pages."""

    system: str
    token: str
    cookie: str


def _people() -> People:
    from django.conf import settings

    from apps.accounts.roles import Role
    from tests.factories import make_ci_token, make_system, make_user
    from tests.pages import signed_in

    system = make_system("bench", "Bench")
    browser = signed_in(make_user("Rea Der", role=Role.SECURITY))
    name = settings.SESSION_COOKIE_NAME
    return People(system.key, make_ci_token(system).text, f"{name}={browser.cookies[name].value}")


def _document(key: str, count: int = FINDINGS) -> str:
    findings = [
        {"title": f"Finding {n} of {key}", "severity": "medium", "path": f"app/{n}.py"}
        for n in range(count)
    ]
    return json.dumps(
        {"format": "secops-findings", "tool": {"name": "bench"}, "findings": findings}
    )


def _round(people: People, port: int, uploads: int) -> Run:
    """One burst of posts while pages are read."""
    from apps.scans.models import Report

    keys = [f"{time.monotonic_ns()}-{number}" for number in range(uploads)]
    posts = [[key, _document(key)] for key in [*keys, *keys[: uploads * REPEATS // UPLOADS]]]
    quiet, posting, processing = (Reader(port, people.cookie) for _ in range(3))
    quiet.read(QUIET_READS)
    answered, done = threading.Event(), threading.Event()
    connections: list[int] = []

    def read() -> None:
        posting.read(1, answered)
        processing.read(1, done)

    with _pipelines(people, port, posts) as pipelines:
        reading = threading.Thread(target=read)
        reading.start()
        counting = threading.Thread(target=_count_connections, args=(connections, done))
        counting.start()
        began = time.monotonic()
        results = pipelines.go()
        accepted = time.monotonic() - began
        answered.set()
        mine = Report.objects.filter(idempotency_key__in=keys)
        unfinished = mine.filter(state__in=("received", "processing"))
        _wait_for(lambda: not unfinished.exists(), "the bench's reports were not processed")
        processed = time.monotonic() - began
        done.set()
        reading.join()
        counting.join()
    lost, doubled = _verify(keys, results)
    return Run(
        waits=[seconds for _, _, seconds, _ in results],
        accepted=accepted,
        processed=processed,
        lost=lost,
        doubled=doubled,
        quiet=quiet.seconds,
        posting=posting.seconds,
        processing=processing.seconds,
        connections=max(connections),
    )


def _count_connections(counts: list[int], done: threading.Event) -> None:
    """Note four times a second how many clients PostgreSQL has."""
    from django.db import connection

    while not done.wait(0.25):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
            counts.append(cursor.fetchone()[0])
    connection.close()


def _verify(keys: list[str], results: list[list[Any]]) -> tuple[int, int]:
    """How many reports are lost and how many doubled, counted one by one in the database."""
    from apps.scans.models import Finding, Presence, Report

    reports = Report.objects.filter(idempotency_key__in=keys)
    states = Counter(reports.values_list("idempotency_key", "state"))
    ids = {
        key: {uid for k, status, _, uid in results if k == key and status == 202} for key in keys
    }
    found = Counter(
        Finding.objects.filter(series__category__in=keys).values_list("series__category", flat=True)
    )
    seen = Counter(
        Presence.objects.filter(series__category__in=keys, is_current=True).values_list(
            "series__category", flat=True
        )
    )
    whole = {
        key for key in keys if states[key, "processed"] and found[key] == seen[key] == FINDINGS
    }
    twice = {
        key
        for key in keys
        if states[key, "processed"] > 1 or len(ids[key]) > 1 or found[key] > FINDINGS
    }
    return len(set(keys) - whole - twice), len(twice)


@dataclass
class Pipelines:
    """The other process, ready to post."""

    process: "subprocess.Popen[str]"

    def go(self) -> list[list[Any]]:
        """Let all post; returns [key, status, seconds, id] of each when the last one is answered."""
        self.say("go")
        results: list[list[Any]] = self.hear()
        return results

    def say(self, words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline() or "null")


@contextlib.contextmanager
def _pipelines(people: People, port: int, posts: list[list[str]]) -> Iterator[Pipelines]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.posting"],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        pipelines = Pipelines(process)
        path = f"/api/v1/reports?system={people.system}"
        pipelines.say({"port": port, "path": path, "token": people.token, "posts": posts})
        if pipelines.hear() != "ready":
            raise SystemExit("the bench's pipelines did not start")
        yield pipelines


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
