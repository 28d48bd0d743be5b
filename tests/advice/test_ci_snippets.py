"""The shell of docs/ci.md, run as it stands against a running portal."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.scans.models import Finding, Report
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import as_user
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token, make_report
from tests.snippets import WHERE, block, blocks

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


@needs_curl
@pytest.mark.django_db(transaction=True)
def test_they_post_and_read(people: People, live_server: Any, tmp_path: Path) -> None:
    post, advice = block("Post: sh 1"), block("Read the advice: sh 1")
    report = tmp_path / "results.sarif"
    report.write_bytes(sarif(1, 2))
    environment = {
        "PATH": os.environ["PATH"],
        "PORTAL": live_server.url,
        "SECOPS_TOKEN": make_ci_token(people.system).text,
        "SECOPS_SYSTEM": "payments",
        "SECOPS_STAGE": "code",
        "SECOPS_COMMIT": "abcdef1234",
        "SECOPS_BRANCH": "main",
        "SECOPS_RUN": "run-1",
        "SECOPS_REPORT": str(report),
        "NO_PROXY": "*",
    }

    def run(script: str) -> str:
        done = subprocess.run(
            ["sh", "-eu", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    first, again = json.loads(run(post)), json.loads(run(post))
    assert first["uid"] == again["uid"]
    row = Report.objects.get()
    report_ingest(row.pk)
    told = run(advice)
    assert re.search(r"\*\*New findings (since|on) [^*]+: 2\*\*", told)
    assert (row.commit, row.branch) == ("abcdef1234", "main")


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("level", "severity", "code"), [(4, "critical", 1), (3, "high", 0)])
def test_a_rule_of_ones_own(
    people: People, tmp_path: Path, level: int, severity: str, code: int
) -> None:
    """The shell of the rule, over the advice as the API gives it; its exit code is the pipeline's."""
    report_ingest(make_report(people.system, content=sarif(1), stage="code").pk)
    Finding.objects.update(severity=level)
    answer = as_user(people.viewer).get("/systems/payments/stages/code/advice")
    assert [each["severity"] for each in answer.json()["new"]] == [severity]
    (tmp_path / "advice.json").write_bytes(answer.content)
    rule = block("Read the advice: sh 2")
    done = subprocess.run(["sh", "-eu", "-c", rule], cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == code


def test_no_block_is_forgotten() -> None:
    """Each stands by its name in a test that runs it."""
    named = "\n".join((Path(settings.BASE_DIR) / each).read_text() for each in WHERE)
    assert [name for name in blocks() if f'"{name}"' not in named] == []
    assert len(blocks()) == 14
