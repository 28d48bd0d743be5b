"""How fast a report becomes findings, against the least that any such import must do.

Value: from the moment the report is accepted until a real worker process has it processed: all findings
queryable, deduplicated, counted. Floor, in the same run on the same PostgreSQL: decode the file and COPY the
same rows, rendered beforehand, into a table with the same unique index and one more. The floor makes no
fingerprint, compares nothing and keeps no history; the measured value does all of it.

The cases named -cpu are processor seconds instead, of the worker's and PostgreSQL's processes, and of this one
and its session for the floor: on a machine that does other things besides, they are what can be compared.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")
os.environ.setdefault("SECRET_KEY", "bench")
django.setup()

import msgspec  # noqa: E402  # Django must be set up before its models are imported
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from apps.accounts.actors import portal_actor  # noqa: E402
from apps.catalog.models import System  # noqa: E402
from apps.catalog.services import system_create  # noqa: E402
from apps.scans.domain.fingerprints import Fingerprinter, tool_family  # noqa: E402
from apps.scans.models import Report, ReportState  # noqa: E402
from apps.scans.registry import registry  # noqa: E402
from apps.scans.services import staging  # noqa: E402
from apps.scans.services.receive import Claim, report_receive  # noqa: E402
from tests.bench import sarif  # noqa: E402
from tests.bench.report import Case, measured, show  # noqa: E402
from tests.bench.work import our_work, processor_seconds  # noqa: E402

SIZES = (1_000, 10_000, 200_000)
RUNS = {1_000: 7, 10_000: 5}  # more is done three times
TIMEOUT = 600.0
_FLOOR_TABLE = """
CREATE TABLE bench_floor (LIKE incoming);
CREATE UNIQUE INDEX ON bench_floor (fingerprint);
CREATE INDEX ON bench_floor (severity DESC);
"""


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    call_command("migrate", verbosity=0)
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            cases += _cases(size, Path(folder))
    show("ingest", cases, as_json=options.json)
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench ingest")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=list(SIZES),
        help="numbers of results, such as 1000,10000,200000",
    )
    return parser.parse_args(argv)


def _cases(size: int, folder: Path) -> list[Case]:
    """First import, the same again, a tenth changed; each run with a system of its own."""
    files = {"first": folder / f"{size}.sarif", "changed": folder / f"{size}-changed.sarif"}
    sarif.write(files["first"], range(size))
    sarif.write(files["changed"], range(size // 10, size + size // 10))
    rows = _rendered(files["first"])
    times: dict[str, list[Cost]] = {"first": [], "same": [], "changed": []}
    floors: list[Cost] = []
    with _worker() as worker:
        _import(worker, _system("warm-up"), files["first"])
        for run in range(RUNS.get(size, 3)):
            system = _system(f"{size}-{run}")
            floors.append(_floor(files["first"], rows))
            times["first"].append(_import(worker, system, files["first"]))
            times["same"].append(_import(worker, system, files["first"]))
            times["changed"].append(_import(worker, system, files["changed"]))
        peak = _peak_rss_mib(worker)
    walls, works = [cost.wall for cost in floors], [cost.cpu for cost in floors]
    cases = []
    for name, costs in times.items():
        case = f"sarif-{size}-{name}"
        written = int(statistics.median(cost.rows for cost in costs))
        times_taken = [cost.wall for cost in costs]
        cases.append(
            measured(case, "s", times_taken, walls, peak_rss_mib=peak, rows_written=written)
        )
        cases.append(measured(f"{case}-cpu", "s", [cost.cpu for cost in costs], works))
    speeds = [size / cost.wall for cost in times["first"]]
    return [*cases, measured(f"sarif-{size}-first-rate", "findings/s", speeds)]


def _system(name: str) -> System:
    key = f"bench-{name}-{time.monotonic_ns()}"
    return system_create(actor=portal_actor("bench"), key=key, name=key)


@dataclass(frozen=True)
class Cost:
    """Seconds: on the clock, and of processors; rows that were inserted or changed."""

    wall: float
    cpu: float
    rows: int = 0


def _import(worker: int, system: System, path: Path) -> Cost:
    """From accepted to processed."""
    with path.open("rb") as handle:
        chunks = iter(lambda: handle.read(256 * 1024), b"")
        report = report_receive(
            actor=portal_actor("bench"), system=system, claim=Claim(), chunks=chunks
        )
    first, work = _next_transaction(), _work_of(worker)
    began = time.monotonic()
    while time.monotonic() - began < TIMEOUT:
        state = Report.objects.values_list("state", flat=True).get(pk=report.pk)
        if state == ReportState.PROCESSED:
            wall, after = time.monotonic() - began, _work_of(worker)
            spent = sum(max(0.0, now - work.get(pid, 0)) for pid, now in after.items())
            return Cost(wall, spent, _rows_since(first))
        if state in {ReportState.FAILED, ReportState.QUARANTINED}:
            break
        time.sleep(0.002)
    report.refresh_from_db()
    raise SystemExit(f"the bench's report was not processed: {report.state} {report.error_message}")


def _next_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _rows_since(transaction: int) -> int:
    """Rows of all tables whose present version was written by that transaction or a later one.

    Numbers of transactions do not come around in a database that lives for minutes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_stat_user_tables WHERE relname <> 'bench_floor'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        counts = (
            f"SELECT count(*) AS rows FROM {table} WHERE xmin::text::bigint >= {transaction}"  # noqa: S608
            for table in tables
        )
        cursor.execute(f"SELECT sum(rows) FROM ({' UNION ALL '.join(counts)}) AS each")  # noqa: S608
        return int(cursor.fetchone()[0])


def _work_of(worker: int) -> dict[str, float]:
    """Processor seconds so far of a worker, its pool, and all sessions of PostgreSQL but ours, by process."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        sessions = [str(row[0]) for row in cursor.fetchall()]
    processes = [str(worker), *_children(worker), *sessions]
    return {pid: processor_seconds(pid) for pid in processes}


def _rendered(path: Path) -> bytes:
    """The rows as COPY takes them, made before the clock runs."""
    fmt = registry().get("sarif")
    assert fmt is not None
    parsed = fmt.parse(memoryview(path.read_bytes()))
    fingerprinter = Fingerprinter(tool_family(parsed.tool_name))
    lines = staging._lines(parsed.findings, fingerprinter, staging.Staged(), lambda: None)
    return "".join(lines).encode()


def _floor(path: Path, rows: bytes) -> Cost:
    """The cost to decode the file and COPY its rows into an indexed table, durably."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_floor")
        cursor.execute(staging._CREATE + ";" + _FLOOR_TABLE + "; DROP TABLE incoming")
    began, work = time.monotonic(), our_work()
    msgspec.json.decode(path.read_bytes())
    with transaction.atomic(), connection.cursor() as cursor:
        columns = ", ".join(staging.COLUMNS)
        cursor.copy_expert(f"COPY bench_floor ({columns}) FROM STDIN", BytesIO(rows))
    return Cost(time.monotonic() - began, our_work() - work)


@contextlib.contextmanager
def _worker() -> Iterator[int]:
    """A real worker process; yields its id and ends it."""
    command = [sys.executable, "-m", "celery", "-A", "secops_portal", "worker"]
    command += [
        "-c",
        "1",
        "-Q",
        "ingest",
        "--loglevel",
        "WARNING",
        "--without-gossip",
        "--without-mingle",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _peak_rss_mib(pid: int) -> float:
    """The largest peak of the worker and its pool processes so far (VmHWM of /proc)."""
    return max(_high_water_mib(each) for each in [str(pid), *_children(pid)])


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _high_water_mib(pid: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
