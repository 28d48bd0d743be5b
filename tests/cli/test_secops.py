"""The client `secops` against a running portal, with real reports."""

import datetime as dt
import json
import os
import pty
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.scans.models import Report, ReportState
from apps.scans.services.ingest import report_ingest
from apps.trust.services.rules import rule_create
from secops_cli import VERSION
from secops_cli.errors import WrongUse
from secops_cli.main import main
from secops_cli.rule import rule_of
from secops_cli.surroundings import job_of
from secops_cli.wire import checked_address
from tests.conftest import People
from tests.factories import make_ci_token
from tests.servers import Says, serving
from tests.trust.test_exchange import CodeHost, issuer

__all__ = ["issuer"]  # the fixture

TOP = Path(settings.BASE_DIR)
REAL = TOP / "demo" / "reports" / "payments" / "01-code-bandit-before.sarif"
BETTER = REAL.with_name("01-code-bandit-after.sarif")
with_portal = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker does, a moment later, so that the client has to ask again."""

    def work(number: int) -> None:
        try:
            report_ingest(number)
        finally:
            connection.close()

    def send(_task: str, number: int) -> bool:
        threading.Timer(0.2, work, [number]).start()
        return True

    monkeypatch.setattr("apps.scans.dispatch.send", send)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Secops = Callable[..., Done]


@pytest.fixture
def secops(capfd: pytest.CaptureFixture[str]) -> Secops:
    """In this process, which is quicker than a new one each time."""

    def call(*arguments: str, **env: str) -> Done:
        capfd.readouterr()
        code = main(arguments, {"SECOPS_FIRST_PAUSE": "0.01", **env})
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def there(people: People, live_server: Any) -> dict[str, str]:
    return {
        "SECOPS_PORTAL": live_server.url,
        "SECOPS_TOKEN": make_ci_token(people.system).text,
        "SECOPS_SYSTEM": "payments",
        "SECOPS_STAGE": "code",
    }


@with_portal
def test_on_a_terminal_without_any_package(there: dict[str, str], tmp_path: Path) -> None:
    big = tmp_path / "big.sarif"
    big.write_bytes(REAL.read_bytes() + b" " * 3_000_000)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-S", "-m", "secops_cli", "upload", str(big)]
    done = subprocess.run(
        [*command, "--json", "--exit-on", "new>=1 and severity>=high"],
        # -S: no site-packages, so neither Django nor anything else of the server.
        env={"PYTHONPATH": str(TOP / "cli"), "NO_PROXY": "*", "SECOPS_RUN": "run-1", **there},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert "big.sarif [##############################] 100 % of" in seen
    assert "\rbig.sarif [" in seen
    assert done.returncode == 1, seen  # Bandit saw SQL made of input there: severity high
    assert "Your rule fits: new>=1 and severity>=high (payments, code)." in seen
    (told,) = json.loads(done.stdout)
    report = Report.objects.get()
    assert (told["uid"], told["state"], told["new"]) == (str(report.uid), "processed", report.new)


@with_portal
def test_a_job_that_is_tried_again_posts_nothing_twice(
    secops: Secops, there: dict[str, str]
) -> None:
    job = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": "7",
        "GITHUB_JOB": "scan",
        "GITHUB_SHA": "abcdef1234",
        "GITHUB_REF_NAME": "main",
    }
    first = secops("upload", str(REAL), **there, **job)
    again = secops("upload", str(REAL), **there, **job)
    assert (first.code, again.code) == (0, 0)
    report = Report.objects.get()
    assert (report.commit, report.branch, report.state) == ("abcdef1234", "main", "processed")
    assert f"{report.new} new, 0 unchanged, 0 fixed, 0 reopened" in first.err
    better = secops("upload", str(BETTER), **there, **job)
    assert "fixed" in better.err
    assert Report.objects.count() == 2


@with_portal
def test_advice_in_each_kind(secops: Secops, there: dict[str, str], tmp_path: Path) -> None:
    assert secops("upload", str(REAL), "--commit", "abcdef1234", "--no-wait", **there).code == 0
    told = secops("advice", "--commit", "abcdef1", **there)  # waits for the report
    report = Report.objects.get()
    assert report.state == ReportState.PROCESSED
    assert told.out.startswith("Payments, code: advice\n")
    day = timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=7)
    assert f"New findings since {day}: {report.new}" in told.out
    assert "This is advice." in told.out

    summary = tmp_path / "summary.md"
    summary.write_text("# Job\n")
    how = ["--as", "markdown", "--output", str(summary), "--append"]
    assert secops("advice", "--report", str(report.uid), *how, **there).code == 0
    assert summary.read_text().startswith("# Job\n### Code of Payments: advice")
    sarif = json.loads(secops("advice", "--as", "sarif", **there).out)
    assert sarif["version"] == "2.1.0"
    unknown = secops("advice", "--commit", "0123456", **there)
    assert unknown.code == 3
    assert "No report of commit 0123456" in unknown.err


@with_portal
def test_two_files_of_one_scan_are_told_apart(
    secops: Secops, there: dict[str, str], tmp_path: Path
) -> None:
    files = [str(REAL), str(shutil.copy(BETTER, tmp_path / "other.sarif"))]
    assert "--category-from-name" in secops("upload", *files, **there).err
    apart = secops("upload", *files, "--category-from-name", **there)
    assert "Warning" not in apart.err
    assert set(Report.objects.values_list("category", flat=True)) == {"", REAL.stem, "other"}


@with_portal
def test_without_a_secret(
    people: People, issuer: CodeHost, secops: Secops, there: dict[str, str], settings: Any
) -> None:
    rule_create(
        actor=portal_actor("tests"),
        system=people.system,
        name="Scans",
        issuer=issuer.url,
        repository="alderhaven/payments",
    )
    settings.BASE_URL = there["SECOPS_PORTAL"]
    issuer.server.routes["/idtoken"] = lambda asked: Says(
        {"value": issuer.proof(aud=asked.query["audience"])}
    )
    del there["SECOPS_TOKEN"]
    missing = secops("upload", str(REAL), **there)
    assert (missing.code, "id-token: write" in missing.err) == (2, True)
    runner = {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-runner",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/idtoken?api-version=2.0",
    }
    done = secops("upload", str(REAL), **there, **runner)
    assert done.code == 0, done.err
    assert done.err.startswith("::add-mask::secops_")
    assert issuer.server.asked[0].headers["authorization"] == "Bearer of-the-runner"
    # GitLab lays the proof ready; one for another portal is refused with a sentence.
    wrong = secops(
        "upload", str(REAL), SECOPS_ID_TOKEN=issuer.proof(aud="https://x.example"), **there
    )
    assert wrong.code == 3
    assert "status 401" in wrong.err
    right = secops(
        "upload", str(REAL), SECOPS_ID_TOKEN=issuer.proof(aud=there["SECOPS_PORTAL"]), **there
    )
    assert right.code == 0, right.err
    # Its proof is good for one token: for several commands the job gets that first.
    del there["SECOPS_SYSTEM"]
    kept = secops("token", SECOPS_ID_TOKEN=issuer.proof(aud=there["SECOPS_PORTAL"]), **there)
    assert (kept.code, kept.err) == (0, "")
    again = secops("token", **there, SECOPS_TOKEN=kept.out.strip())
    assert (again.code, again.out) == (0, kept.out)
    assert kept.out.startswith("secops_")


@with_portal
def test_what_is_wrong_is_said(
    people: People, secops: Secops, there: dict[str, str], tmp_path: Path
) -> None:
    unread = tmp_path / "notes.txt"
    unread.write_text("Nothing that a tool wrote.\n")
    broken = secops("upload", str(unread), **there)
    assert broken.code == 3
    assert "notes.txt: failed: " in broken.err
    foreign = secops("upload", str(REAL), "--system", "payroll", **there)
    assert foreign.code == 3
    long = secops("upload", str(REAL), "--category", "x" * 500, **there)
    assert "category: " in long.err
    lenient = secops("upload", str(REAL), "--lenient", "--system", "payroll", **there)
    assert (lenient.code, lenient.err != "") == (0, True)
    absent = secops("upload", str(tmp_path / "absent.sarif"), **there)
    assert (absent.code, "There is no file" in absent.err) == (2, True)


def test_passing_trouble_is_tried_again_with_the_same_key(secops: Secops) -> None:
    report: dict[str, Any] = {
        "uid": "u",
        "state": "processed",
        "stage": "code",
        "tool": "Bandit",
        "series": None,
    }
    report |= {"full": True, "warnings": [], "new": 1, "unchanged": 0, "fixed": 0, "reopened": 0}
    answers = [
        Says(b"<h1>Bad gateway</h1>", 502),
        Says({"detail": "Too many requests."}, 429, {"Retry-After": "0"}),
        Says(report, 202, announced=99999),  # cut off on its way back: was it taken in?
        Says(report, 202),
    ]
    with serving() as server:
        server.routes["/api/v1/reports"] = lambda _: answers.pop(0)
        there = {"SECOPS_PORTAL": server.url, "SECOPS_TOKEN": "t", "SECOPS_SYSTEM": "payments"}
        done = secops("upload", str(REAL), **there)
        assert done.code == 0, done.err
        keys = {each.headers["idempotency-key"] for each in server.asked}
        assert (len(server.asked), len(keys)) == (4, 1)
        assert {each.body for each in server.asked} == {REAL.read_bytes()}
        assert done.err.count("Trying again") == 3

        server.routes["/api/v1/reports"] = Says({"detail": "Busy."}, 503)
        assert secops("upload", str(REAL), "--tries", "2", **there).code == 3
        moved = Says(b"", 308, {"Location": "https://new.example.org/"})
        server.routes["/api/v1/reports"] = moved
        assert "https://new.example.org/" in secops("upload", str(REAL), **there).err
        assert len(server.asked) == 7
    gone = secops("upload", str(REAL), "--tries", "1", **there)
    assert (gone.code, "cannot be reached" in gone.err) == (3, True)


def advice_of(*severities: str, count: int | None = None) -> dict[str, Any]:
    return {
        "new": [{"severity": each} for each in severities],
        "new_count": len(severities) if count is None else count,
        "open": {"none": 0, "low": 9, "medium": 3, "high": 2, "critical": 1},
        "advice": [{"kind": "gap"}, {"kind": "new"}],
        "risks": [{}, {}],
        "expected_annual_loss": "125000.50",
    }


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("new>=1", True),
        ("new>=1 and severity>=high", False),
        ("new = 2 and severity<high", True),
        ("open>2 and severity>=high", True),
        ("open>3 and severity>=high", False),
        ("severity==low and open==9", True),
        ("gaps>=1 and risks<3 and loss>125000", True),
        ("loss>125000.50", False),
    ],
)
def test_rules(text: str, fits: bool) -> None:
    assert rule_of(text).fits(advice_of("medium", "low")) is fits


def test_a_rule_knows_what_the_answer_cannot_tell() -> None:
    """60 are new and the worst 50 are listed, all of them high."""
    cut = advice_of(*["high"] * 50, count=60)
    assert rule_of("new>=50 and severity>=high").fits(cut)
    assert not rule_of("new>=1 and severity>high").fits(cut)
    with pytest.raises(WrongUse, match="10 of the new"):
        rule_of("new>=55 and severity>=high").fits(cut)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new",
        "new>=high",
        "severity>=high",
        "risks>1 and severity>=high",
        "news>1",
        "new>1 or open>1",
    ],
)
def test_a_rule_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        rule_of(text)


def test_a_token_goes_encrypted_or_stays_here() -> None:
    assert checked_address("https://portal.example.org/") == "https://portal.example.org"
    assert checked_address("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    for wrong in (
        "http://portal.example.org",
        "portal.example.org",
        "https://me:pw@portal.example.org",
    ):
        with pytest.raises(WrongUse):
            checked_address(wrong)


def test_jobs_are_known() -> None:
    """Names from the reference pages of each product."""
    gitlab = job_of(
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": "a1", "CI_COMMIT_REF_NAME": "b", "CI_JOB_ID": "9"}
    )
    assert (gitlab.commit, gitlab.branch, gitlab.run) == ("a1", "b", "9")
    jenkins = job_of(
        {
            "BUILD_TAG": "jenkins-x-1",
            "GIT_COMMIT": "a1",
            "BRANCH_NAME": "PR-1",
            "CHANGE_BRANCH": "b",
        }
    )
    assert (jenkins.commit, jenkins.branch, jenkins.run) == ("a1", "b", "jenkins-x-1")
    assert (
        job_of({"SECOPS_COMMIT": "mine", "GITLAB_CI": "1", "CI_COMMIT_SHA": "a1"}).commit == "mine"
    )


def test_it_is_installed_under_its_name() -> None:
    project = tomllib.loads((TOP / "cli" / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"secops": "secops_cli.main:run"}
    assert project["version"] == VERSION
    assert project["dependencies"] == []
