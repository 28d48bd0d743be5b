"""The client in the pipelines of docs/ci.md: installed as they install it, and their shell run as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from apps.accounts.actors import portal_actor
from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from apps.trust.services.rules import rule_create
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token
from tests.servers import Says
from tests.snippets import block, script_of, settings_of
from tests.trust.test_exchange import CodeHost, issuer

__all__ = ["issuer"]  # the fixture

TOP = Path(settings.BASE_DIR)
COMMIT = "4b6472266afd7b471e86085a6659e8c7f2b119da"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(number: int) -> None:
        try:
            report_ingest(number)
        finally:
            connection.close()

    def send(_task: str, number: int) -> bool:
        threading.Timer(0.1, work, [number]).start()
        return True

    monkeypatch.setattr("apps.scans.dispatch.send", send)


def commands(text: str) -> str:
    return "\n".join(re.findall(r"^\$ (.*)$", text, re.MULTILINE))


def shown(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("$ "))


def run(script: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """With this Python as python3, and nothing that is built fetched from elsewhere."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_CACHE_DIR": "1"}
    return subprocess.run(
        ["sh", "-eu", "-c", script],
        env={"PATH": path, "HOME": str(folder), "NO_PROXY": "*", **offline, **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the page has one made, in a copy of the folder, where building leaves files."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(TOP / "cli", checkout / "cli", ignore=shutil.ignore_patterns("__pycache__"))
    making = block("The client: console 1")
    made = run(commands(making), checkout)
    assert made.returncode == 0, made.stdout
    assert made.stdout.strip() == shown(making).strip()
    (built,) = (checkout / "dist").iterdir()
    return built


def report(folder: Path, *lines: int, critical: bool) -> None:
    """GitHub Docs, "SARIF support": security-severity above 9.0 is critical."""
    told = json.loads(sarif(*lines))
    if critical:
        rule = {"id": "B608", "properties": {"security-severity": "9.5"}}
        told["runs"][0]["tool"]["driver"]["rules"] = [rule]
    (folder / "results.sarif").write_text(json.dumps(told))


def test_the_session_of_the_page(
    people: People, live_server: Any, tmp_path: Path, wheel: Path
) -> None:
    page = block("The client: console 2").replace("https://portal.example.org", live_server.url)
    summary = tmp_path / "summary.md"
    summary.write_text("Before.\n")
    report(tmp_path, 1, 2, critical=False)
    install = f"""python3 -m pip install --quiet --target .secops "{wheel}"
    export PATH="$PWD/.secops/bin:$PATH" PYTHONPATH="$PWD/.secops"
    """
    done = run(
        install + commands(page),
        tmp_path,
        SECOPS_TOKEN=make_ci_token(people.system).text,
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert done.returncode == 0, done.stdout

    def told(text: str) -> list[str]:
        """Without what differs from run to run."""
        return re.sub(r"\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+)\b", "_", text).split("\n")

    assert told(done.stdout.strip()) == told(shown(page).strip())
    assert "Before.\n### Code of Payments: advice" in summary.read_text()


PIPELINES = {
    "To copy, with the client: GitHub Actions": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": "1",
        "GITHUB_JOB": "scan",
        "GITHUB_SHA": COMMIT,
        "GITHUB_HEAD_REF": "",
        "GITHUB_REF_NAME": "main",
        "GITHUB_STEP_SUMMARY": "advice.md",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-runner",
    },
    "To copy, with the client: GitLab CI": {
        "GITLAB_CI": "true",
        "CI_JOB_ID": "7",
        "CI_COMMIT_SHA": COMMIT,
        "CI_COMMIT_REF_NAME": "main",
    },
    "To copy, with the client: Jenkins": {
        "BUILD_TAG": "jenkins-scan-7",
        "GIT_COMMIT": COMMIT,
        "BRANCH_NAME": "main",
    },
    "To copy, with the client: Tekton": {},
}
# What Tekton puts in place of its own words.
TEKTON = {
    "$(params.commit)": COMMIT,
    "$(params.branch)": "main",
    "$(context.taskRun.uid)": "run-1",
}


@pytest.fixture
def trusted(people: People, issuer: CodeHost, live_server: Any, settings: Any) -> CodeHost:
    """The system trusts the jobs of a repository, and the runner has them signed."""
    settings.BASE_URL = live_server.url
    rule_create(
        actor=portal_actor("tests"),
        system=people.system,
        name="Scans",
        issuer=issuer.url,
        repository="alderhaven/payments",
        stages=["code"],
    )
    issuer.server.routes["/idtoken"] = lambda asked: Says(
        {"value": issuer.proof(aud=asked.query["audience"])}
    )
    return issuer


@pytest.mark.parametrize(
    ("name", "critical"),
    [*((name, False) for name in PIPELINES), ("To copy, with the client: Jenkins", True)],
)
def test_a_pipeline_posts_reads_and_keeps_to_its_own_rule(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, *, critical: bool
) -> None:
    given = settings_of(name)
    assert set(given) >= {"SECOPS_CLIENT", "SECOPS_PORTAL", "SECOPS_SYSTEM", "SECOPS_STAGE"}
    told = {word: TEKTON.get(value, value) for word, value in given.items()} | PIPELINES[name]
    told["SECOPS_CLIENT"] = str(request.getfixturevalue("wheel"))
    told["SECOPS_PORTAL"] = request.getfixturevalue("live_server").url
    told |= proof_of(request, name, told["SECOPS_PORTAL"])
    report(tmp_path, 1, 2, critical=critical)
    done = run(script_of(name), tmp_path, **told)
    assert done.returncode == int(critical), done.stdout  # 1: the rule fits
    kept = Report.objects.get()
    assert (kept.stage, kept.commit, kept.branch, kept.new) == ("code", COMMIT, "main", 2)
    assert (tmp_path / "advice.md").read_text().startswith("### Code of Payments: advice")


def proof_of(request: pytest.FixtureRequest, name: str, portal: str) -> dict[str, str]:
    """What the job has to show for itself: a token, or what its CI system signs."""
    if name.endswith(("Jenkins", "Tekton")):
        return {"SECOPS_TOKEN": make_ci_token(request.getfixturevalue("people").system).text}
    host = request.getfixturevalue("trusted")
    if name.endswith("GitLab CI"):
        return {"SECOPS_ID_TOKEN": host.proof(aud=portal)}
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{host.url}/idtoken?api-version=2.0"}
