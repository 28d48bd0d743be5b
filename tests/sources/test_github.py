"""GitHub's alerts and artifacts, from a server that answers as its REST documentation shows."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.storage import default_storage

from apps.scans.models import Finding, Report
from apps.sources.models import Pulled
from tests.conftest import People
from tests.servers import Asked, Says, Server, serving
from tests.sources.conftest import run
from tests.sources.reading import findings, make, process

REPO = "/repos/octo/shop"
CONFIG = {"repository": "octo/shop"}


def code_alert(number: int, **fields: Any) -> dict[str, Any]:
    """As in "List code scanning alerts for a repository"."""
    return {
        "number": number,
        "created_at": "2026-02-13T12:29:18Z",
        "html_url": f"https://github.com/octo/shop/code-scanning/{number}",
        "state": "open",
        "dismissed_reason": None,
        "dismissed_comment": None,
        "rule": {
            "id": "js/zipslip",
            "severity": "error",
            "security_severity_level": "critical",
            "tags": ["security", "external/cwe/cwe-022"],
            "description": f"Arbitrary file write {number}",
            "name": "js/zipslip",
        },
        "tool": {"name": "CodeQL", "guid": None, "version": "2.4.0"},
        "most_recent_instance": {
            "ref": "refs/heads/main",
            "state": "open",
            "message": {"text": "This path depends on a user-provided value."},
            "location": {"path": f"lib/ab{number}.js", "start_line": 917, "end_line": 917,
                         "start_column": 7, "end_column": 18},
        },
        **fields,
    }  # fmt: skip


def paged(path: str, alerts: list[dict[str, Any]], server: Server, size: int = 2) -> Any:
    """Pages by a Link header, as GitHub gives them; nothing is dismissed unless the alert says so."""

    def script(asked: Asked) -> Says:
        wanted = [each for each in alerts if each["state"] == asked.query["state"]]
        page = int(asked.query.get("page", 1))
        rows = wanted[(page - 1) * size : page * size]
        headers = {"ETag": f'W/"{asked.query["state"]}-{page}-{len(wanted)}"'}
        if asked.headers.get("if-none-match") == headers["ETag"]:
            return Says(b"", 304, headers)
        if page * size < len(wanted):
            following = f"{server.url}{path}?state={asked.query['state']}&page={page + 1}"
            headers["Link"] = f'<{following}>; rel="next", <{server.url}{path}?page=9>; rel="last"'
        return Says(rows, headers=headers)

    return script


def test_code_scanning_pages_become_one_snapshot(people: People, server: Server) -> None:
    path = f"{REPO}/code-scanning/alerts"
    dismissed = code_alert(
        9, state="dismissed", dismissed_reason="won't fix", dismissed_comment="Behind a wall."
    )
    alerts = [*(code_alert(n) for n in range(1, 6)), dismissed]
    server.routes[path] = paged(path, alerts, server)
    source = make(people.system, server, "github-code-scanning", config=CONFIG)
    assert run(source).received == 1
    report = process()
    assert (report.detected_format, report.total) == ("generic-json", 6)
    assert str(report.series) == "GitHub code scanning"
    assert report.series is not None
    assert report.series.stage == "code"
    first = Finding.objects.get(path="lib/ab1.js")
    assert (first.line, first.severity, first.cwes) == (917, 4, [22])
    assert [asked.query["state"] for asked in server.asked] == ["open"] * 3 + ["dismissed"]
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"
    assert server.asked[0].headers["x-github-api-version"] == "2022-11-28"
    del alerts[0]
    run(source)
    assert process().fixed == 1


def test_one_page_that_did_not_change_costs_no_budget(people: People, server: Server) -> None:
    path = f"{REPO}/code-scanning/alerts"
    server.routes[path] = paged(path, [code_alert(1)], server)
    source = make(people.system, server, "github-code-scanning", config=CONFIG)
    run(source)
    again = run(source)
    assert (again.state, again.received, again.unchanged) == ("succeeded", 0, 0)
    assert len(server.asked) == 4


def test_dependabot(people: People, server: Server) -> None:
    alert = {
        "number": 2,
        "state": "open",
        "created_at": "2026-06-15T07:43:03Z",
        "html_url": "https://github.com/octo/shop/security/dependabot/2",
        "dependency": {
            "package": {"ecosystem": "pip", "name": "django"},
            "manifest_path": "path/to/requirements.txt",
            "scope": "runtime",
        },
        "security_advisory": {
            "ghsa_id": "GHSA-rf4j-j272-fj86",
            "cve_id": "CVE-2018-6188",
            "summary": "Django allows remote attackers to obtain sensitive information",
            "description": "django.contrib.auth.forms.AuthenticationForm leaks.",
            "severity": "high",
            "cvss": {"vector_string": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "score": 7.5},
            "cwes": [{"cwe_id": "CWE-200", "name": "Exposure of Sensitive Information"}],
        },
        "security_vulnerability": {
            "severity": "high",
            "first_patched_version": {"identifier": "2.0.2"},
        },
    }
    path = f"{REPO}/dependabot/alerts"
    server.routes[path] = paged(path, [alert], server)
    run(make(people.system, server, "github-dependabot", config=CONFIG))
    process()
    (found,) = findings("rule_id", "severity", "purl", "cwes", "vulnerabilities")
    assert found == (
        "CVE-2018-6188", 3, "pkg:pypi/django", [200], ["CVE-2018-6188", "GHSA-rf4j-j272-fj86"],
    )  # fmt: skip


def test_secret_scanning_never_takes_the_secret(people: People, server: Server) -> None:
    alert = {
        "number": 42,
        "state": "open",
        "secret_type": "mailchimp_api_key",
        "secret_type_display_name": "Mailchimp API Key",
        "secret": "abcdefabcdefabcdefabcdefabcdefab-us2",
        "validity": "active",
        "created_at": "2026-11-06T18:18:30Z",
        "html_url": "https://github.com/octo/shop/security/secret-scanning/42",
        "first_location_detected": {"path": "/example/secrets.txt", "start_line": 1},
    }
    path = f"{REPO}/secret-scanning/alerts"
    server.routes[path] = paged(path, [alert], server)
    run(make(people.system, server, "github-secret-scanning", config=CONFIG))
    report = process()
    assert server.asked[0].query["hide_secret"] == "true"
    with default_storage.open(report.storage_name) as kept:
        assert b"abcdefabcdef" not in kept.read()
    assert findings("kind", "severity", "line") == [("secret", 4, 1)]


def test_rate_limits(people: People, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The primary limit tells when it ends; the secondary one how long to wait."""
    monkeypatch.setattr("apps.sources.session.time.time", lambda: 1_700_000_000.0)
    path = f"{REPO}/dependabot/alerts"
    source = make(people.system, server, "github-dependabot", config=CONFIG, interval_minutes=60)
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700001800"}
    for says, seconds in (
        (Says({"message": "API rate limit exceeded"}, 403, spent), 1800.0),
        (Says({"message": "secondary rate limit"}, 403, {"Retry-After": "60"}), 60.0),
        (Says({}, 429, {"Retry-After": "120"}), 120.0),
        (Says({}, 429), 60.0),  # it names no time: at least a minute
        (Says({"message": "You have exceeded a secondary rate limit."}, 403), 60.0),
    ):
        server.routes[path] = says
        ended = run(source)
        assert (ended.error_code, ended.retry_after) == ("rate-limited", seconds)
    assert source.broken_since is None
    server.routes[path] = Says({"message": "Resource not accessible"}, 403)
    assert run(source).error_code == "not-authorised"
    assert source.broken_since is not None


@pytest.mark.parametrize(
    "says",
    [
        Says({"message": "odd"}),
        Says(b"<html>"),
        Says([code_alert(1), None]),
        Says([], headers={"Link": '<https://evil.example.org/x>; rel="next"'}),
    ],
)
def test_odd_answers_fail_the_run(people: People, server: Server, says: Says) -> None:
    server.routes[f"{REPO}/code-scanning/alerts"] = says
    ended = run(make(people.system, server, "github-code-scanning", config=CONFIG))
    assert (ended.state, ended.error_code) == ("failed", "bad-answer")
    assert not Report.objects.exists()


def test_odd_alerts_among_good_ones(people: People, server: Server) -> None:
    odd: list[Any] = [{}, {"number": "y", "rule": [], "most_recent_instance": "z"}]
    says = Says([*odd, code_alert(1)], headers={"Link": "<>;;;rel=next<<"})
    server.routes[f"{REPO}/code-scanning/alerts"] = says
    assert run(make(people.system, server, "github-code-scanning", config=CONFIG)).received == 1
    process()
    assert Finding.objects.filter(path="lib/ab1.js").exists()


def test_pages_that_lead_in_a_circle(people: People, server: Server) -> None:
    path = f"{REPO}/code-scanning/alerts"
    link = {"Link": f'<{server.url}{path}?state=open&per_page=100>; rel="next"'}
    server.routes[path] = Says([], headers=link)
    ended = run(make(people.system, server, "github-code-scanning", config=CONFIG))
    assert (ended.error_code, ended.error_message) == ("bad-answer", "Its pages do not end.")


# --- artifacts -----------------------------------------------------------------------------------
def document(title: str) -> bytes:
    return json.dumps(
        {"format": "secops-findings", "findings": [{"title": title, "severity": "low"}]}
    ).encode()


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/") + ".json", content)
        archive.writestr("notes.txt", b"nothing")
    return packed.getvalue()


def artifact(number: int, branch: str = "main", **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": "security-reports",
        "expired": False,
        "workflow_run": {"id": number * 10, "head_branch": branch, "head_sha": f"{number:040x}"},
        **fields,
    }


@pytest.fixture
def shop(server: Server) -> list[dict[str, Any]]:
    """Artifacts that the server has, the newest first, each with two reports inside."""
    there: list[dict[str, Any]] = []

    def listing(asked: Asked) -> Says:
        assert asked.query["name"] == "security-reports"
        return Says({"total_count": len(there), "artifacts": there})

    def download(number: int) -> Any:
        inside = zipped(
            **{f"out__a{number}": document(f"A {number}"), "b": document(f"B {number}")}
        )
        return Says(inside)

    server.routes[f"{REPO}/actions/artifacts"] = listing
    for number in range(1, 9):
        server.routes[f"{REPO}/actions/artifacts/{number}/zip"] = download(number)
    return there


ARTIFACTS = {**CONFIG, "artifact": "security-reports", "pattern": "*.json"}


def filenames() -> list[str]:
    return list(Report.objects.order_by("pk").values_list("filename", flat=True))


def test_new_artifacts_are_unpacked_once(
    people: People, server: Server, shop: list[dict[str, Any]]
) -> None:
    shop += [artifact(4), artifact(3, expired=True), artifact(2, branch="try"), artifact(1)]
    config = {**ARTIFACTS, "history": 2, "branch": "main"}
    source = make(people.system, server, "github-artifacts", config=config)
    assert run(source).received == 4
    assert filenames() == ["a1.json", "b.json", "a4.json", "b.json"]
    assert Report.objects.latest("pk").commit == f"{4:040x}"
    shop.insert(0, artifact(6))
    shop.insert(0, artifact(7))
    ended = run(source)
    assert (ended.received, ended.refused) == (4, 0)
    assert filenames()[4:] == ["a6.json", "b.json", "a7.json", "b.json"]
    assert run(source).received == 0


def test_what_was_there_before_the_first_run_stays_out(
    people: People, server: Server, shop: list[dict[str, Any]]
) -> None:
    shop += [artifact(number) for number in (5, 4, 3, 2, 1)]
    source = make(people.system, server, "github-artifacts", config={**ARTIFACTS, "history": 2})
    for _ in range(3):
        run(source)
    assert filenames() == ["a4.json", "b.json", "a5.json", "b.json"]


def test_the_download_redirects_and_the_token_stays_behind(
    people: People, server: Server, shop: list[dict[str, Any]], settings: Any
) -> None:
    with serving({"/blob": Says(zipped(x=document("X")))}) as blobs:
        settings.SECOPS_OUTGOING_PORTS = [server.port, blobs.port]
        away = Says(b"", 302, {"Location": f"{blobs.url}/blob?sig=abc"})
        server.routes[f"{REPO}/actions/artifacts/1/zip"] = away
        shop += [artifact(1)]
        source = make(people.system, server, "github-artifacts", config=ARTIFACTS)
        assert run(source).received == 1
        assert "authorization" not in blobs.asked[0].headers


@pytest.mark.parametrize("how", ["no zip", "cut", "bomb", "encrypted name"])
def test_archives_from_strangers(
    people: People, server: Server, shop: list[dict[str, Any]], how: str
) -> None:
    good = zipped(x=document("X"))
    content = {
        "no zip": b"PK nothing",
        "cut": good[: len(good) // 2],
        "bomb": zipped(x=b"0" * (64 * 1024 * 1024)),
        "encrypted name": zipped(**{"..__..__etc__passwd": document("X")}),
    }[how]
    server.routes[f"{REPO}/actions/artifacts/1/zip"] = Says(content)
    shop += [artifact(1)]
    ended = run(make(people.system, server, "github-artifacts", config=ARTIFACTS))
    if how == "encrypted name":
        assert filenames() == ["passwd.json"]
        return
    assert ended.error_code in {"bad-answer", "too-large"}
    assert not Report.objects.exists()
    assert not Pulled.objects.exists()
