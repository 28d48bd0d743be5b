"""Seen from outside: real reports of all eight stages of one system lie on a server; real beat and worker
processes pull them on schedule; a worker is killed in the middle; the loop ends up showing all eight.

The counts were made independently of this code, in the shared corpus of reports.
"""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from apps.accounts.roles import Role
from apps.advice.loop import StageView, loop_view
from apps.scans.models import Finding, Report
from apps.sources.models import Pulled, Source, SourceRun
from tests.factories import actor_of, make_member, make_source, make_system
from tests.faults.workers import Site, own_database, wait_for
from tests.servers import Asked, Says, Server, serving

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
REPORTS = {
    "plan": "threat-dragon/td-demo-threat-model.json",
    "code": "bandit/live-bandit-defectdojo.json",
    "build": "grype/hd-amazon.json",
    "test": "zap-json/hd-webgoat.json",
    "release": "scorecard/scorecard-testdata-check3.json",
    "deploy": "docker-bench/dd-docker-bench-report-many-vulns.json",
    "operate": "prowler-ocsf/live-prowler-moto.ocsf.json",
    "monitor": "falco/docs-falco-website-docs.jsonl",
}
pytestmark = [
    pytest.mark.worker,
    pytest.mark.corpus,
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        not (CORPUS / "INDEX.csv").exists(), reason="the shared corpus of reports is not here"
    ),
]


def counted() -> dict[str, int]:
    """Findings of each stage's report, as the corpus says."""
    with (CORPUS / "INDEX.csv").open(newline="", encoding="utf-8") as file:
        counts = {row["path"]: row["finding_count"] for row in csv.DictReader(file)}
    return {stage: int(counts[path]) for stage, path in REPORTS.items()}


def slowly(content: bytes) -> Callable[[Asked], Says]:
    def script(_: Asked) -> Says:
        time.sleep(0.4)
        return Says(content)

    return script


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A slow one: a worker can be killed while it fetches."""
    with serving() as one:
        for stage, path in REPORTS.items():
            one.routes[f"/{stage}/{Path(path).name}"] = slowly((CORPUS / path).read_bytes())
        settings.SECOPS_OUTGOING_SCHEMES = ["http"]
        settings.SECOPS_OUTGOING_PORTS = [one.port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        yield one


@pytest.fixture
def beat(faulty_site: Site, tmp_path: Path) -> Iterator[Path]:
    """Real beat, which calls the sweepers each second here; yields its log."""
    log = tmp_path / "beat.log"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DATABASE_URL": own_database(),
        "REDIS_URL": faulty_site.broker,
    }
    command = [sys.executable, "-m", "celery", "-A", "secops_portal", "beat", "--pidfile="]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=configured.BASE_DIR, env=environment, stdout=out, stderr=out
        )
    yield log
    process.kill()
    process.wait(20)


def test_all_eight_stages(faulty_site: Site, beat: Path, server: Server) -> None:
    system = make_system("payments", "Payments")
    viewer = make_member(system, Role.VIEWER)
    faulty_site.variables |= {
        "SECOPS_OUTGOING_SCHEMES": "http",
        "SECOPS_OUTGOING_PORTS": str(server.port),
        "SECOPS_OUTGOING_NETWORKS": "127.0.0.1/32",
    }
    assert [view.newest_at for view in loop_view(actor_of(viewer), system)] == [None] * 8
    for stage, path in REPORTS.items():
        make_source(
            system,
            name=f"Reports of {stage}",
            url=f"{server.url}/{stage}/{Path(path).name}",
            stage=stage,
            interval_minutes=60,
        )

    def what_happened() -> str:
        runs = list(SourceRun.objects.values("source__name", "state", "attempts", "error_message"))
        return f"{runs}\n{faulty_site.what_is_left()}\n{beat.read_text()[-2000:]}"

    first = faulty_site.start()
    wait_for(lambda: Pulled.objects.count() >= 2, 90, what_happened)
    first.kill()  # in the middle: the others are queued, or under way and lost
    assert SourceRun.objects.exclude(state="succeeded").exists()
    faulty_site.start()

    def is_done() -> bool:
        pulled = SourceRun.objects.filter(state="succeeded").count() == len(REPORTS)
        return pulled and not Report.objects.exclude(state="processed").exists()

    wait_for(is_done, 120, what_happened, pause=0.1)
    assert Report.objects.count() == len(REPORTS)
    assert dict(Report.objects.values_list("stage", "total")) == counted()
    loop = {view.stage.value: view for view in loop_view(actor_of(viewer), system)}
    assert {stage: _told(view) for stage, view in loop.items()} == {
        stage: (1, _open_of(stage), "fresh") for stage in REPORTS
    }
    assert Source.objects.filter(next_run_at__gt=timezone.now(), failures=0).count() == 8
    page = Client()
    page.force_login(viewer)
    for path in ("/", "/systems/payments/"):
        shown = page.get(path)
        assert shown.status_code == 200
        assert "Blind at every stage" not in shown.content.decode()


def _told(view: StageView) -> tuple[int, int, str]:
    return view.series_count, view.open_count, view.freshness


def _open_of(stage: str) -> int:
    return Finding.objects.filter(stage=stage, state="open").count()
