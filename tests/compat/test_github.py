"""GitHub's upload of code-scanning results, as its REST reference describes it."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from apps.scans.models import Report, Series
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_reports import sarif
from tests.conftest import People

ingests = pytest.mark.django_db(transaction=True)
COMMIT = "4b6472266afd7b471e86085a6659e8c7f2b119da"  # the reference's own example
TOP = Path(__file__).resolve().parents[2]
WHERE = "/api/github/repos/acme/payments-api/code-scanning"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


@pytest.fixture
def listed(people: People) -> People:
    """The system says which repository is its own, as people copy it from anywhere."""
    people.system.repositories = ["https://github.com/Acme/payments-api.git"]
    people.system.save()
    return people


def packed(report: bytes) -> str:
    """`gzip -c analysis-data.sarif | base64 -w0`, as the reference has it."""
    return base64.b64encode(gzip.compress(report)).decode()


def body(**fields: Any) -> dict[str, Any]:
    return {"commit_sha": COMMIT, "ref": "refs/heads/main", "sarif": packed(sarif(1, 2))} | fields


@ingests
def test_an_upload_is_accepted_and_its_status_followed(listed: People) -> None:
    api = as_pipeline(listed.system)
    answer = api.post(f"{WHERE}/sarifs", body())
    assert answer.status_code == 202
    receipt = answer.json()
    assert set(receipt) == {"id", "url"}
    assert receipt["url"] == f"http://testserver{WHERE}/sarifs/{receipt['id']}"
    assert api.get(f"{WHERE}/sarifs/{receipt['id']}").json()["processing_status"] == "pending"

    report = Report.objects.get(uid=receipt["id"])
    report_ingest(report.pk)
    status = api.get(f"{WHERE}/sarifs/{receipt['id']}").json()
    assert (status["processing_status"], status["errors"]) == ("complete", None)
    assert api.get(status["analyses_url"].removeprefix("http://testserver")).json()["total"] == 2
    report.refresh_from_db()
    assert (report.commit, report.branch, report.system_id) == (COMMIT, "main", listed.system.pk)


@ingests
def test_a_broken_file_fails_with_its_reason(listed: People) -> None:
    api = as_pipeline(listed.system)
    receipt = api.post(
        f"{WHERE}/sarifs", body(sarif=packed(b'{"version": "2.1.0", "runs": [{'))
    ).json()
    report_ingest(Report.objects.get(uid=receipt["id"]).pk)
    status = api.get(f"{WHERE}/sarifs/{receipt['id']}").json()
    assert status["processing_status"] == "failed"
    (error,) = status["errors"]
    assert len(error) > 10


@ingests
def test_a_pull_request_is_a_preview_and_closes_nothing(listed: People) -> None:
    api = as_pipeline(listed.system)
    for ref, lines in (("refs/heads/main", (1, 2)), ("refs/pull/42/merge", (2,))):
        answer = api.post(f"{WHERE}/sarifs", body(ref=ref, sarif=packed(sarif(*lines))))
        report_ingest(Report.objects.get(uid=answer.json()["id"]).pk)
    open_by_branch = {
        (row.branch, row.is_preview): sum(row.open_counts) for row in Series.objects.all()
    }
    assert open_by_branch[("refs/pull/42/merge", True)] == 1
    assert sorted(open_by_branch.values()) == [1, 2]


def test_githubs_own_action_and_an_enterprise_servers_path(listed: People) -> None:
    api = as_pipeline(listed.system)
    sent = {
        "commit_oid": COMMIT,
        "ref": "refs/heads/main",
        "sarif": packed(sarif(1)),
        "analysis_key": ".github/workflows/scan.yml:analyze",
        "workflow_run_id": 7,
        "checkout_uri": "file:///home/runner/work",
        "tool_names": ["Bandit"],
    }
    put = api.client.put(
        f"{WHERE}/analysis", json.dumps(sent), content_type="application/json", headers=api.headers
    )
    assert put.status_code == 202, put.content
    enterprise = api.post("/api/v3/repos/acme/payments-api/code-scanning/sarifs", body())
    assert enterprise.status_code == 202
    assert Report.objects.count() == 2


def test_the_scheme_that_githubs_clients_send(listed: People) -> None:
    api = as_pipeline(listed.system)
    api.headers["Authorization"] = api.headers["Authorization"].replace("Bearer", "token")
    assert api.post(f"{WHERE}/sarifs", body()).status_code == 202


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"commit_sha": "main"}, "commit_sha"),
        ({"commit_sha": None}, "commit_sha"),
        ({"ref": "main"}, "ref"),
        ({"ref": "refs/heads/a\nb"}, "ref"),
        ({"sarif": "no base64!"}, "sarif"),
        ({"sarif": base64.b64encode(b"plain").decode()}, "sarif"),
        ({"sarif": ""}, "sarif"),
        ({"sarif": 7.5}, "sarif"),
        ({"sarif": base64.b64encode(b"\x1f\x8b" + b"x" * 100).decode()}, "sarif"),
    ],
)
def test_what_cannot_be_taken_names_its_field(
    listed: People, fields: dict[str, Any], named: str
) -> None:
    answer = as_pipeline(listed.system).post(f"{WHERE}/sarifs", body(**fields))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert {each["field"] for each in answer.json()["errors"]} == {named}
    assert Report.objects.count() == 0


def test_a_damaged_stream_keeps_nothing(listed: People, data_folder: Any) -> None:
    whole = gzip.compress(sarif(*range(1, 400)))
    cut = base64.b64encode(whole[: len(whole) // 2]).decode()
    answer = as_pipeline(listed.system).post(f"{WHERE}/sarifs", body(sarif=cut))
    assert answer.status_code == 400
    assert "message" in answer.json()
    assert Report.objects.count() == 0
    assert [path for path in data_folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("megabytes", [15, 13.35])  # the whole body, or just its gzip data
def test_more_than_githubs_limit_is_too_large(listed: People, megabytes: float) -> None:
    """GitHub: "Payload Too Large if the sarif field is too large"."""
    large = "A" * (int(megabytes * 1024 * 1024) // 4 * 4)
    answer = as_pipeline(listed.system).post(f"{WHERE}/sarifs", body(sarif=large))
    assert answer.status_code == 413
    assert "message" in answer.json()
    assert Report.objects.count() == 0


@ingests
def test_when_the_analysis_began_orders_uploads_that_do_not_say_it(listed: People) -> None:
    api = as_pipeline(listed.system)
    for began, lines in (("2026-11-02T10:00:00Z", (1, 2)), ("2026-11-01T10:00:00+01:00", (3,))):
        sent = body(started_at=began, sarif=packed(sarif(*lines)))
        report_ingest(Report.objects.get(uid=api.post(f"{WHERE}/sarifs", sent).json()["id"]).pk)
    newer, older = Report.objects.order_by("id")
    assert older.scanned_at is not None
    assert older.scanned_at.isoformat() == "2026-11-01T09:00:00+00:00"
    assert (newer.is_outdated, older.is_outdated, older.new) == (False, True, 0)
    refused = api.post(f"{WHERE}/sarifs", body(started_at="yesterday"))
    assert [each["field"] for each in refused.json()["errors"]] == ["started_at"]


def _location(number: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": "app/view.py"},
            "region": {"startLine": number},
        }
    }


def _run(results: int = 1, *, each: dict[str, Any] | None = None, **tool: Any) -> dict[str, Any]:
    found = [
        {"ruleId": "B608", "message": {"text": f"Input {number}"}, "locations": [_location(number)]}
        | (each or {})
        for number in range(1, results + 1)
    ]
    return {
        "tool": {"driver": {"name": "Bandit"} | tool.pop("driver", {})} | tool,
        "results": found,
    }


def _many_locations(number: int) -> list[dict[str, Any]]:
    return [_location(line) for line in range(1, number + 1)]


# One more than GitHub's documented "maximum values" each, where it rejects the whole file: here it counts.
# Source: GitHub Docs, "SARIF results exceed one or more limits".
BEYOND = {
    "Runs per file": ([_run() for _ in range(21)], 21),
    "Results per run": ([_run(25_001)], 25_001),
    "Rules per run": ([_run(driver={"rules": [{"id": f"R{n}"} for n in range(25_001)]})], 1),
    "Tool extensions per run": ([_run(extensions=[{"name": f"E{n}"} for n in range(101)])], 1),
    "Thread Flow Locations per result": (
        [
            _run(
                each={
                    "codeFlows": [
                        {
                            "threadFlows": [
                                {"locations": [{"location": e} for e in _many_locations(10_001)]}
                            ]
                        }
                    ]
                }
            )
        ],
        1,
    ),
    "Location per result": ([_run(each={"locations": _many_locations(1_001)})], 1),
    "Tags per rule": (
        [
            _run(
                driver={
                    "rules": [{"id": "B608", "properties": {"tags": [f"t{n}" for n in range(21)]}}]
                }
            )
        ],
        1,
    ),
}


@ingests
@pytest.mark.parametrize("limit", BEYOND)
def test_what_github_rejects_for_its_number_counts_here(listed: People, limit: str) -> None:
    runs, results = BEYOND[limit]
    for number, run in enumerate(runs):
        run["automationDetails"] = {"id": f"part {number}"}
    file = json.dumps({"version": "2.1.0", "runs": runs}).encode()
    api = as_pipeline(listed.system)
    receipt = api.post(f"{WHERE}/sarifs", body(sarif=packed(file))).json()
    report = Report.objects.get(uid=receipt["id"])
    report_ingest(report.pk)
    status = api.get(f"{WHERE}/sarifs/{receipt['id']}").json()
    assert (status["processing_status"], status["errors"]) == ("complete", None)
    report.refresh_from_db()
    assert report.total == results


def test_each_of_githubs_limits_and_fields_is_written_down() -> None:
    told = (TOP / "docs/existing-pipelines.md").read_text()
    assert [limit for limit in BEYOND if f"| {limit} |" not in told] == []
    fields = ("checkout_uri", "started_at", "tool_name", "validate")
    assert [field for field in fields if f"`{field}`" not in told] == []


def test_who_may_not_learns_nothing(listed: People) -> None:
    mine = as_pipeline(listed.system).post(f"{WHERE}/sarifs", body()).json()["id"]
    assert Api().post(f"{WHERE}/sarifs", body()).status_code == 401
    for stranger in (as_pipeline(listed.other_system), as_user(listed.outsider)):
        assert stranger.post(f"{WHERE}/sarifs", body()).status_code == 404
        assert stranger.get(f"{WHERE}/sarifs/{mine}").status_code == 404
    assert as_user(listed.viewer).post(f"{WHERE}/sarifs", body()).status_code == 404
    assert Report.objects.count() == 1


def test_a_repository_is_found_by_its_url_else_by_the_systems_key(listed: People) -> None:
    people, api = listed, as_user(listed.chief)

    def post(repository: str) -> Any:
        return api.post(f"/api/github/repos/{repository}/code-scanning/sarifs", body())

    assert post("ACME/Payments-API").status_code == 202
    assert post("acme/payroll").status_code == 202  # the other system's key
    assert {report.system.key for report in Report.objects.all()} == {"payments", "payroll"}
    assert post("acme/unknown").status_code == 404
    assert post("acme/api").status_code == 404  # a part of a name is another name
    people.other_system.repositories = ["git@github.com:acme/payments-api"]
    people.other_system.save()
    both = post("acme/payments-api")
    assert both.status_code == 409
    assert "payments, payroll" in both.json()["message"]
