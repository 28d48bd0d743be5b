"""The web server is stopped and started again, and told to reload, while pipelines post: what it has accepted
is there once and is processed, and nobody is answered with an error of the server.

A pipeline whose connection was refused or cut posts again under the same Idempotency-Key (docs/api.md).
SECOPS_FAULT_ROUNDS says how often it is stopped (2); run it with 50 before a release.
"""

import hashlib
import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median

import pytest
from django.conf import settings

from apps.scans.models import Finding, Report
from bin._local import ports
from bin._local.portal import Address, programs
from bin._local.program import Child, Program
from bin._local.room import Room
from tests.factories import make_ci_token, make_system
from tests.faults.test_workers_die import happened_once
from tests.faults.web import GENEROUS, READY
from tests.faults.workers import Site, own_database, wait_for
from tests.scans.reports import sarif, weaknesses

ROUNDS = int(os.environ.get("SECOPS_FAULT_ROUNDS", "2"))
PIPELINES, FINDINGS, PROCESSES = 4, 3, 2
PAUSE = (
    0.05  # seconds of a pipeline between two posts: about half of them are under way at any moment
)
# Each step of a round has its own limit (GENEROUS, READY), as wide as a busy machine needs; all of it has their sum.
STOPS_WITHIN = GENEROUS  # gunicorn gives requests 15 of them (deploy/gunicorn.conf.py)
pytestmark = [
    pytest.mark.worker,
    pytest.mark.timeout(READY + (ROUNDS + 2) * (STOPS_WITHIN + READY + GENEROUS)),
]


@dataclass
class Web:
    """The web server as bin/serve starts it."""

    program: Program
    port: int
    child: Child = field(init=False)

    def start(self) -> None:
        self.child = self.program.start()
        self.program.wait_ready(self.child)

    def stop(self) -> None:
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(STOPS_WITHIN) == 0, self.end_of_log()

    def reload(self) -> None:
        """New processes take over from the old ones, as for a new configuration."""
        gone = self._said(b"Worker exiting") + PROCESSES
        self.child.send_signal(signal.SIGHUP)
        wait_for(lambda: self._said(b"Worker exiting") >= gone, READY, self.end_of_log, pause=0.05)

    def _said(self, words: bytes) -> int:
        return self.program.log.read_bytes().count(words)

    def end_of_log(self) -> str:
        return self.program.log.read_text()[-2000:]


@dataclass
class Pipelines:
    """Jobs that post small reports, one after the other, until they are told to end."""

    port: int
    token: str
    accepted: dict[str, tuple[str, str]] = field(default_factory=dict)  # key: report, SHA-256
    troubles: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, pipeline: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        number = 0
        with closing(connection):
            while not self.over.wait(PAUSE):
                first = (pipeline * 1_000_000 + number) * FINDINGS
                body = sarif(weaknesses(*range(first, first + FINDINGS)))
                key = f"{pipeline}-{number}"
                report = self._until_answered(connection, f"pipeline-{pipeline}", key, body)
                self.accepted[key] = report, hashlib.sha256(body).hexdigest()
                number += 1

    def _until_answered(
        self, connection: http.client.HTTPConnection, category: str, key: str, body: bytes
    ) -> str:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": key,
        }
        while True:
            try:
                path = f"/api/v1/reports?system=payments&category={category}"
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.troubles[type(error).__name__] += 1
                connection.close()  # the next request connects anew
                time.sleep(PAUSE)
                continue
            self.answers[answer.status] += 1
            assert answer.status == 202, (answer.status, said)
            return str(json.loads(said)["uid"])


@contextmanager
def serving(here: Site, **variables: str) -> Iterator[Web]:
    """The site's web server, with more in its environment."""
    address = Address(ports.LOOPBACK, ports.any_free())
    room = Room(here.folder, here.folder, None)
    room.logs.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DATABASE_URL": own_database(),
        "REDIS_URL": here.broker,
        "SECOPS_ALLOWED_HOSTS": address.host,
        "SECOPS_BASE_URL": address.url,
        "SECOPS_DATA_DIR": str(settings.DATA_DIR),
        "SECOPS_RATE_API": "",  # one token posts what many pipelines do
        "WEB_CONCURRENCY": str(PROCESSES),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    found = next(each for each in programs(room, address, environment) if each.name == "Web")
    server = Web(replace(found, ready_within=READY), address.port)
    server.start()
    try:
        yield server
    finally:
        server.program.stop(server.child)


@pytest.fixture
def web(faulty_site: Site) -> Iterator[Web]:
    with serving(faulty_site) as server:
        yield server


def test_the_web_server_restarts_while_reports_come(faulty_site: Site, web: Web) -> None:
    dice = random.Random(int(os.environ.get("SECOPS_FAULT_SEED", "2026")))  # noqa: S311
    faulty_site.launch()
    pipelines = Pipelines(web.port, make_ci_token(make_system("payments", "Payments")).text)

    def go_on() -> None:
        """All have been answered again and are under way, at whichever point of a post."""
        enough = len(pipelines.accepted) + 2 * PIPELINES
        wait_for(
            lambda: len(pipelines.accepted) >= enough or any(job.done() for job in jobs),
            GENEROUS,
            web.end_of_log,
        )
        time.sleep(dice.uniform(0, 0.2))

    took: dict[str, list[float]] = {"answered": [], "stopped": [], "started": []}

    def timed(step: str, do: Callable[[], None]) -> None:
        began = time.monotonic()
        do()
        took[step].append(time.monotonic() - began)

    with ThreadPoolExecutor(PIPELINES) as threads:
        jobs = [threads.submit(pipelines.run, number) for number in range(PIPELINES)]
        try:
            go_on()
            web.reload()
            reloaded = Counter(pipelines.troubles)
            for _ in range(ROUNDS):
                timed("answered", go_on)
                timed("stopped", web.stop)
                timed("started", web.start)
            go_on()
        finally:
            pipelines.over.set()
    for job in jobs:
        job.result()
    print(  # noqa: T201  # shown with -s
        f"{ROUNDS} restarts, {len(pipelines.accepted)} reports; answers {dict(pipelines.answers)};"
        f" troubles {dict(pipelines.troubles)}, of the reload {dict(reloaded)}; seconds, the median and the most: "
        + ", ".join(f"{step} {median(each):.1f}, {max(each):.1f}" for step, each in took.items())
    )
    assert pipelines.troubles, "nobody noticed the restart: the test proved nothing"
    faulty_site.finish(GENEROUS)
    kept = Report.objects.values_list("idempotency_key", "uid", "sha256")
    assert sorted((key, str(uid), digest) for key, uid, digest in kept) == sorted(
        (key, *told) for key, told in pipelines.accepted.items()
    )
    assert set(Report.objects.values_list("state", flat=True)) == {"processed"}
    assert Finding.objects.count() == FINDINGS * len(pipelines.accepted)
    happened_once(list(Report.objects.order_by("pk")))
    log = web.program.log.read_text()
    assert " POST /api/v1/reports " in log
    assert not [
        each for each in ("category=", pipelines.token) if each in log
    ]  # no query, no header
