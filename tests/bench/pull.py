"""Two hundred sources that are due at the same moment, with one and with two worker processes.

Latency: from the moment a source was due until a worker had begun its run, which is the time in the queue. Time:
until the last of them had its report received, durably. Floor, in the same run: the same documents fetched by
the guarded client, one after the other, and thrown away. The floor plans nothing, locks nothing, keeps no report,
no run and no audit; the measured value does all of it. What ingestion makes of the reports is bin/bench ingest.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import django

from tests.servers import Says, Server, serving

SOURCES = 200
PROCESSES = (1, 2)
RUNS = 3
TIMEOUT = 300.0


def _document(number: int) -> dict[str, object]:
    """A report of twenty findings, another one for each source."""
    findings = [
        {"title": f"Finding {n} of {number}", "severity": "medium", "path": f"app/{n}.py"}
        for n in range(20)
    ]
    return {"format": "secops-findings", "tool": {"name": "bench"}, "findings": findings}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pull")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sources", type=int, default=SOURCES)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(argv)
    routes = {f"/{number}": Says(_document(number)) for number in range(options.sources)}
    with serving(routes) as server:
        _set_up(server)
        _measure(server, options)
    return 0


def _set_up(server: Server) -> None:
    """Settings of this process and of the workers: the server is allowed and nothing else."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "secops_portal.settings",
        "SECOPS_OUTGOING_SCHEMES": "http",
        "SECOPS_OUTGOING_PORTS": str(server.port),
        "SECOPS_OUTGOING_NETWORKS": "127.0.0.1/32",
    }
    os.environ.setdefault("SECRET_KEY", "bench")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _measure(server: Server, options: argparse.Namespace) -> None:
    from tests.bench.report import Case, measured, show

    cases: list[Case] = []
    for processes in PROCESSES:
        totals: list[float] = []
        floors: list[float] = []
        medians: list[float] = []
        slowest: list[float] = []
        with _workers(processes):
            _round(server, 20)  # the first runs load what they need
            for _ in range(options.runs):
                floors.append(_floor(server, options.sources))
                seconds, waits = _round(server, options.sources)
                totals.append(seconds)
                medians.append(statistics.median(waits))
                slowest.append(statistics.quantiles(waits, n=20)[-1])
        name = f"sources-{options.sources}-workers-{processes}"
        rates = [options.sources / seconds for seconds in totals]
        cases.append(measured(name, "s", totals, floors))
        cases.append(measured(f"{name}-rate", "runs/s", rates))
        cases.append(measured(f"{name}-queue-median", "s", medians))
        cases.append(measured(f"{name}-queue-p95", "s", slowest))
    show("pull", cases, as_json=options.json)


def _round(server: Server, count: int) -> tuple[float, list[float]]:
    """Seconds until all were done, and how long each waited for a worker."""
    from django.utils import timezone

    from apps.sources.models import Source, SourceRun
    from apps.sources.services.sweep import runs_send_due

    Source.objects.all().delete()
    _make_sources(server, count)
    Source.objects.update(next_run_at=timezone.now())
    began = time.monotonic()
    runs_send_due()
    while SourceRun.objects.filter(finished_at=None).exists():
        if time.monotonic() - began > TIMEOUT:
            raise SystemExit("the bench's runs did not end")
        time.sleep(0.01)
    seconds = time.monotonic() - began
    rows = SourceRun.objects.values_list("state", "received", "due_at", "started_at")
    if [row[:2] for row in rows] != [("succeeded", 1)] * count:
        raise SystemExit("some of the bench's runs brought nothing")
    return seconds, [
        (started - due).total_seconds() for _, _, due, started in rows if started is not None
    ]


def _make_sources(server: Server, count: int) -> None:
    from apps.accounts.actors import portal_actor
    from apps.catalog.services import system_create
    from apps.sources.services.sources import SourceInput, source_create

    key = f"bench-{time.monotonic_ns()}"
    system = system_create(actor=portal_actor("bench"), key=key, name=key)
    for number in range(count):
        content = SourceInput(
            name=f"source {number}",
            connector="https-url",
            config={"url": f"{server.url}/{number}"},
            interval_minutes=1440,
        )
        source_create(actor=portal_actor("bench"), system=system, content=content)


def _floor(server: Server, count: int) -> float:
    """Seconds to fetch the same documents, in one process, and forget them."""
    from apps.common.outgoing import Client

    client = Client()
    began = time.monotonic()
    for number in range(count):
        with client.send("GET", f"{server.url}/{number}") as answer:
            answer.read()
    return time.monotonic() - began


@contextlib.contextmanager
def _workers(processes: int) -> Iterator[None]:
    """A real worker of the queue `pull` with so many processes, ready when the block begins."""
    command = [sys.executable, "-m", "celery", "-A", "secops_portal", "worker", "--queues=pull"]
    command += [f"--concurrency={processes}", "--loglevel=WARNING"]
    command += ["--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(30)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
