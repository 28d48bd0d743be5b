"""dd-import, a public client of DefectDojo, against a running portal: only its URL was changed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.compat.models import Engagement
from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token

CLIENT = "from dd_import.dd_reimport_findings import dd_reimport_findings as run; run()"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def run_client(url: str, token: str, file: Path, **said: str) -> str:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "DD_URL": url,
        "DD_API_KEY": token,
        "DD_PRODUCT_TYPE_NAME": "Research and Development",
        "DD_PRODUCT_NAME": "Payments",
        "DD_ENGAGEMENT_NAME": "GitLab",
        "DD_TEST_NAME": "Code",
        "DD_TEST_TYPE_NAME": "SARIF",
        "DD_FILE_NAME": str(file),
        "NO_PROXY": "*",
        **said,
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_two_runs_of_a_pipeline(people: People, live_server: Any, tmp_path: Path) -> None:
    token, file = make_ci_token(people.system).text, tmp_path / "report.sarif"
    file.write_bytes(sarif(1, 2))
    first = run_client(live_server.url, token, file, DD_COMMIT_HASH="abc", DD_BUILD_ID="17")
    assert "New engagement" in first
    assert "Scan results imported" in first
    file.write_bytes(sarif(2, 3))
    again = run_client(live_server.url, token, file)
    assert "Engagement found" in again
    assert "Test found" in again

    reports = list(Report.objects.order_by("id"))
    for report in reports:
        report_ingest(report.pk)
        report.refresh_from_db()
    counts = [(row.new, row.unchanged, row.fixed) for row in reports]
    assert counts == [(2, 0, 0), (1, 1, 1)]
    engagement = Engagement.objects.get()
    assert (engagement.commit_hash, engagement.build_id) == ("abc", "17")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_products_name_says_what_is_right(
    people: People, live_server: Any, tmp_path: Path
) -> None:
    file = tmp_path / "report.sarif"
    file.write_bytes(sarif(1))
    token = make_ci_token(people.system).text
    with pytest.raises(AssertionError, match="403"):
        run_client(live_server.url, token, file, DD_PRODUCT_NAME="Payroll")
    assert Report.objects.count() == 0
