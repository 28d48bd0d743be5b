"""GitLab's job artifacts and vulnerability report, from a server that answers as its API does."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.scans.models import Finding, Report
from tests.conftest import People
from tests.servers import Asked, Says, Server
from tests.sources.conftest import run
from tests.sources.reading import findings, make, process

TOKEN = {"kind": "header", "username": "PRIVATE-TOKEN", "secret": "glpat-x"}
SAST = Path(__file__).parents[1] / "scans/formats/samples/gitlab-security-report/sast.json"
CONFIG = {"project": "group/shop", "job": "semgrep-*", "path": "out/gl-sast-report.json"}
JOBS = "/api/v4/projects/group/shop/jobs"  # as the server decodes group%2Fshop


def job(
    number: int, name: str = "semgrep-sast", ref: str = "main", **fields: Any
) -> dict[str, Any]:
    return {"id": number, "name": name, "ref": ref, "status": "success",
            "commit": {"id": f"{number:040x}"}, **fields}  # fmt: skip


@pytest.fixture
def jobs(server: Server) -> list[dict[str, Any]]:
    """Jobs that the server has, the newest first; all but the third keep the report."""
    there: list[dict[str, Any]] = []
    encoded = JOBS.replace("group/shop", "group%2Fshop")
    server.routes[encoded] = lambda _: Says(there, headers={"X-Next-Page": ""})
    for number in (1, 2, 4, 5, 6):
        path = f"{encoded}/{number}/artifacts/out/gl-sast-report.json"
        server.routes[path] = Says(SAST.read_bytes())
    return there


def commits() -> list[int]:
    return [int(c, 16) for c in Report.objects.order_by("pk").values_list("commit", flat=True)]


def test_the_file_of_each_new_job(
    people: People, server: Server, jobs: list[dict[str, Any]]
) -> None:
    jobs += [job(5), job(4, "build"), job(3), job(2, ref="try"), job(1)]
    source = make(
        people.system, server, "gitlab-artifacts", config={**CONFIG, "branch": "main"}, secret=TOKEN
    )
    assert run(source).received == 2
    assert commits() == [1, 5]
    assert process().detected_format == "gitlab-security-report"
    assert server.asked[0].headers["private-token"] == "glpat-x"
    jobs.insert(0, job(6))
    assert run(source).received == 1
    before = len(server.asked)
    assert run(source).received == 0
    assert len(server.asked) == before + 1  # the job that kept no file is not asked again


def test_at_first_only_the_newest(
    people: People, server: Server, jobs: list[dict[str, Any]]
) -> None:
    jobs += [job(number) for number in (6, 5, 4, 2, 1)]
    config = {**CONFIG, "history": 2}
    source = make(people.system, server, "gitlab-artifacts", config=config, secret=TOKEN)
    run(source)
    run(source)
    assert commits() == [5, 6]


def node(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "uuid": f"uuid-{number}",
        "title": f"SQL injection {number}",
        "description": "User input ends up in a query.",
        "solution": "Bind it.",
        "severity": "CRITICAL",
        "state": "DETECTED",
        "reportType": "SAST",
        "detectedAt": "2026-02-03T04:05:06Z",
        "webUrl": f"https://gitlab.example.org/group/shop/-/security/vulnerabilities/{number}",
        "dismissalReason": None,
        "scanner": {"name": "Semgrep"},
        "identifiers": [
            {"externalType": "semgrep_id", "externalId": "sqli", "name": "sqli", "url": None},
            {"externalType": "cwe", "externalId": "89", "name": "CWE-89",
             "url": "https://cwe.mitre.org/data/definitions/89.html"},
        ],
        "location": {"file": "app/db.py", "startLine": "12", "endLine": "13"},
        **fields,
    }  # fmt: skip


def graph(pages: list[list[dict[str, Any]]]) -> Any:
    def script(asked: Asked) -> Says:
        variables = json.loads(asked.body)["variables"]
        assert variables["path"] == "group/shop"
        number = int(variables["after"] or 0)
        info = {"hasNextPage": number + 1 < len(pages), "endCursor": str(number + 1)}
        found = {"pageInfo": info, "nodes": pages[number]}
        return Says({"data": {"project": {"vulnerabilities": found}}})

    return script


def test_the_vulnerability_report(people: People, server: Server) -> None:
    package = node(
        2,
        title="Outdated library",
        reportType="DEPENDENCY_SCANNING",
        state="DISMISSED",
        dismissalReason="MITIGATING_CONTROL",
        identifiers=[{"externalType": "cve", "externalId": "CVE-2026-1", "name": "CVE-2026-1"}],
        location={"file": "poetry.lock",
                  "dependency": {"version": "1.0", "package": {"name": "lib"}}},
    )  # fmt: skip
    server.routes["/api/graphql"] = graph([[node(1)], [package]])
    config = {"project": "group/shop"}
    source = make(people.system, server, "gitlab-vulnerabilities", config=config)
    assert run(source).received == 1
    assert process().total == 2
    assert findings("title", "rule_id", "severity", "path", "line") == [
        ("Outdated library", "CVE-2026-1", 4, "poetry.lock", None),
        ("SQL injection 1", "sqli", 4, "app/db.py", 12),
    ]
    assert Finding.objects.get(rule_id="sqli").cwes == [89]
    assert run(source).unchanged == 1


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Says({"errors": [{"message": "Field 'x' doesn't exist"}]}), "bad-answer"),
        (Says({"data": {"project": None}}), "not-authorised"),
        (Says({"data": None}), "not-authorised"),
        (Says([]), "not-authorised"),
        (Says({"data": {"project": {"vulnerabilities": {
            "pageInfo": {"hasNextPage": True, "endCursor": None}, "nodes": []}}}}), "bad-answer"),
    ],
)  # fmt: skip
def test_a_query_that_is_refused(people: People, server: Server, says: Says, code: str) -> None:
    server.routes["/api/graphql"] = says
    config = {"project": "group/shop"}
    source = make(people.system, server, "gitlab-vulnerabilities", config=config)
    assert run(source).error_code == code
    assert not Report.objects.exists()
