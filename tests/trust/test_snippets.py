"""The pipelines of docs/ci.md with curl: read as what they are, and their shell run against a running portal."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.scans.models import Report
from apps.trust.services.rules import rule_create
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token
from tests.servers import Says
from tests.snippets import block, script_of
from tests.trust.test_exchange import CodeHost, issuer

__all__ = ["issuer"]  # the fixture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (shutil.which("curl") and shutil.which("jq")), reason="there is no curl or no jq here"
    ),
]


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def run(script: str, folder: Path, **environment: str) -> None:
    (folder / "results.sarif").write_bytes(sarif(1))
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = Report.objects.get()
    assert (report.stage, report.commit, report.branch) == ("code", "abcdef1234", "main")


def trusts(people: People, issuer: CodeHost) -> None:
    rule_create(
        actor=portal_actor("tests"),
        system=people.system,
        name="Scans",
        issuer=issuer.url,
        repository="alderhaven/payments",
        stages=["code"],
    )


def test_the_exchange(
    people: People, issuer: CodeHost, live_server: Any, tmp_path: Path, settings: Any
) -> None:
    trusts(people, issuer)
    settings.BASE_URL = live_server.url
    post = 'curl --fail-with-body -sS -H "Authorization: Bearer $SECOPS_TOKEN" --data-binary @results.sarif '
    post += '"$PORTAL/api/v1/reports?system=payments&stage=code&commit=abcdef1234&branch=main"'
    run(
        block("Without a secret: sh 1") + post,
        tmp_path,
        PORTAL=live_server.url,
        ID_TOKEN=issuer.proof(aud=live_server.url),
    )


def test_github(
    people: People, issuer: CodeHost, live_server: Any, tmp_path: Path, settings: Any
) -> None:
    trusts(people, issuer)
    settings.BASE_URL = live_server.url
    issuer.server.routes["/idtoken"] = lambda asked: Says(
        {"value": issuer.proof(aud=asked.query["audience"])}
    )
    summary = tmp_path / "summary.md"
    run(
        script_of("To copy, with curl: GitHub Actions"),
        tmp_path,
        PORTAL=live_server.url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-runner",
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{issuer.url}/idtoken?api-version=2.0",
        GITHUB_RUN_ID="1",
        GITHUB_JOB="scan",
        GITHUB_SHA="abcdef1234",
        GITHUB_HEAD_REF="",
        GITHUB_REF_NAME="main",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert summary.read_text().startswith("### Code of Payments: advice")


def test_gitlab(
    people: People, issuer: CodeHost, live_server: Any, tmp_path: Path, settings: Any
) -> None:
    trusts(people, issuer)
    settings.BASE_URL = live_server.url
    run(
        script_of("To copy, with curl: GitLab CI"),
        tmp_path,
        PORTAL=live_server.url,
        ID_TOKEN=issuer.proof(aud=live_server.url),
        CI_JOB_ID="7",
        CI_COMMIT_SHA="abcdef1234",
        CI_COMMIT_REF_NAME="main",
    )
    assert (tmp_path / "advice.md").read_text().startswith("### Code of Payments: advice")


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("To copy, with curl: Jenkins", ("BUILD_TAG", "GIT_COMMIT", "BRANCH_NAME")),
        ("To copy, with curl: Tekton", ("RUN", "COMMIT", "BRANCH")),
    ],
)
def test_with_a_token(
    people: People, live_server: Any, tmp_path: Path, script: str, names: tuple[str, ...]
) -> None:
    token = make_ci_token(people.system).text
    told = dict(zip(names, ("run-1", "abcdef1234", "main"), strict=True))
    run(script_of(script), tmp_path, PORTAL=live_server.url, SECOPS_TOKEN=token, **told)
    assert (tmp_path / "advice.md").read_text().startswith("### Code of Payments: advice")
