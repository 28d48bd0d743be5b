"""Workers are killed in the middle of pulling: every object ends as exactly one report, and the run of a
source that nobody finished is finished by another worker."""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from apps.scans.models import Report
from apps.sources.models import Pulled, SourceRun
from apps.sources.services.sweep import runs_send_due
from tests.factories import make_source, make_system
from tests.faults.workers import Site, wait_for

ROUNDS = int(os.environ.get("SECOPS_FAULT_ROUNDS", "8")) // 2
FILES = min(30 * ROUNDS, 480)  # fewer than one run takes
pytestmark = [pytest.mark.worker, pytest.mark.timeout(240 + 15 * ROUNDS)]


@pytest.fixture
def inbox(tmp_path: Path, settings: Any) -> Path:
    """Many small reports that have settled; each has a finding of its own."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(FILES):
        finding = {"title": f"Finding {number}", "severity": "low", "path": f"{number}.py"}
        content = {"format": "secops-findings", "partial": True, "findings": [finding]}
        file = folder / f"{number:03d}.json"
        file.write_text(json.dumps(content))
        os.utime(file, (time.time() - 3600 + number,) * 2)
    settings.SECOPS_PULL_FOLDERS = [str(folder)]
    return folder


def test_a_worker_killed_while_it_pulls(faulty_site: Site, inbox: Path) -> None:
    dice = random.Random(int(os.environ.get("SECOPS_FAULT_SEED", "2026")))  # noqa: S311
    faulty_site.variables["SECOPS_PULL_FOLDERS"] = str(inbox)
    source = make_source(
        make_system(), connector="folder", config={"folder": str(inbox)}, interval_minutes=60
    )
    runs_send_due()
    killed = 0
    while killed < ROUNDS and not SourceRun.objects.filter(state="succeeded").exists():
        worker = faulty_site.start()
        done = Pulled.objects.count()

        def moved(before: int = done) -> bool:
            runs_send_due()
            return Pulled.objects.count() > before

        wait_for(moved, 60, faulty_site.what_is_left, pause=0.02)
        time.sleep(dice.uniform(0, 0.15))
        worker.kill()
        killed += 1
    assert killed > 0, "nothing was killed in the middle"
    print(f"{killed} workers killed")  # noqa: T201  # shown by -s and on failure
    faulty_site.start()

    def ended() -> bool:
        runs_send_due()
        return SourceRun.objects.filter(state="succeeded").exists()

    wait_for(ended, 90, faulty_site.what_is_left, pause=0.1)
    faulty_site.finish()
    run = SourceRun.objects.get()
    assert run.attempts >= 2
    assert Report.objects.count() == Pulled.objects.count() == run.received == FILES
    assert Report.objects.values("sha256").distinct().count() == FILES
    assert set(Report.objects.values_list("state", flat=True)) == {"processed"}
    source.refresh_from_db()
    assert source.next_run_at is not None
    assert source.failures == 0
