"""GitHub's own client for JavaScript, @octokit/rest, against a running portal: only its baseUrl was changed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from bin._local import paths, setup
from tests.api.test_reports import sarif
from tests.compat.test_github import COMMIT, packed
from tests.conftest import People
from tests.factories import make_ci_token

PROGRAM = Path(__file__).with_name("octokit.js")
HERE = {"owner": "acme", "repo": "payments"}  # the system's key
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def octokit(url: str, token: str, **asked: Any) -> list[dict[str, Any]]:
    node, _ = setup.find_node(20)
    done = subprocess.run(
        [node, PROGRAM],
        input=json.dumps({"url": url, "token": token} | asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=paths.TOP,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize(
    "base", ["/api/github", "/api/v3"]
)  # of GitHub, and of an enterprise server
def test_an_upload_and_its_status(people: People, live_server: Any, base: str) -> None:
    url, token = live_server.url + base, make_ci_token(people.system).text
    upload = HERE | {
        "commit_sha": COMMIT,
        "ref": "refs/heads/main",
        "sarif": packed(sarif(1, 2)),
        "checkout_uri": "file:///github/workspace/",
        "started_at": "2026-11-01T10:00:00Z",
        "tool_name": "Bandit",
        "validate": True,
    }
    (receipt,) = octokit(url, token, upload=upload)
    assert receipt["status"] == 202, receipt
    report_ingest(Report.objects.get(uid=receipt["data"]["id"]).pk)
    (status,) = octokit(url, token, look=HERE | {"sarif_id": receipt["data"]["id"]})
    assert status["data"]["processing_status"] == "complete"
    assert status["data"]["errors"] is None
    assert Report.objects.get().total == 2


def test_the_call_of_githubs_upload_step_and_its_refusal(people: People, live_server: Any) -> None:
    url, token = f"{live_server.url}/api/github", make_ci_token(people.system).text
    sent = {
        "commit_oid": COMMIT,
        "ref": "refs/heads/main",
        "analysis_key": ".github/workflows/scan.yml:analyze",
        "analysis_name": "Scan",
        "sarif": packed(sarif(1)),
        "workflow_run_id": 7,
        "workflow_run_attempt": 1,
        "checkout_uri": "file:///home/runner/work",
        "environment": None,
        "started_at": "2026-11-01T10:00:00.000Z",
        "tool_names": ["Bandit"],
        "base_ref": None,
        "base_sha": None,
    }
    (taken,) = octokit(url, token, actions=HERE | {"data": sent})
    assert taken["status"] == 202, taken
    refused, missing = octokit(
        url,
        token,
        upload=HERE | {"commit_sha": "main", "ref": "main", "sarif": "no"},
        look=HERE | {"sarif_id": "6c81cd8e-b078-4ac3-a3be-1dad7dbd0b53"},
    )
    assert (refused["status"], missing["status"]) == (400, 404)
    assert {each["field"] for each in refused["data"]["errors"]} == {"commit_sha", "ref", "sarif"}
    assert refused["data"]["message"] in refused["message"]  # what the client shows of it
