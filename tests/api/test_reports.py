"""POST /reports, and what becomes of a report, with the real ingestion."""

import gzip
import io
import json
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.audit.models import AuditEntry
from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_finding, make_report

OCTETS = "application/octet-stream"


# Ingestion has transactions of its own, so its tests cannot live inside one.
ingests = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests call the ingestion themselves; nobody shall find their reports in the broker."""
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def sarif(*lines: int) -> bytes:
    """A report of one rule's findings at these lines of one file."""
    results: list[dict[str, Any]] = [
        {
            "ruleId": "B608",
            "level": "error",
            "message": {"text": f"SQL built from input {line}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": f"app/view{line}.py"},
                        "region": {"startLine": line, "snippet": {"text": f"query({line})"}},
                    }
                }
            ],
        }
        for line in lines
    ]
    run = {"tool": {"driver": {"name": "Bandit", "version": "1.8"}}, "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def post(api: Api, body: bytes, query: str = "system=payments&stage=code", **headers: str) -> Any:
    kind = headers.pop("content_type", OCTETS)
    return api.raw(f"/reports?{query}", body, kind, **headers)


def processed(api: Api, answer: Any) -> dict[str, Any]:
    """What the status says after the worker's work."""
    assert answer.status_code == 202, answer.content
    report_ingest(Report.objects.get(uid=answer.json()["uid"]).pk)
    status: dict[str, Any] = api.get(answer["Location"]).json()
    return status


@ingests
def test_a_pipeline_posts_and_polls(people: People) -> None:
    api = as_pipeline(people.system)
    query = "system=payments&stage=code&commit=abc123&filename=bandit.sarif"
    answer = post(api, sarif(1, 2, 3), query)
    assert answer.status_code == 202
    first = answer.json()
    assert answer["Location"] == f"/api/v1/reports/{first['uid']}"
    assert first["links"]["self"] == settings.BASE_URL + answer["Location"]
    assert (first["state"], first["new"], first["error"]) == ("received", None, None)
    assert (first["size"], first["commit"]) == (len(sarif(1, 2, 3)), "abc123")

    done = processed(api, answer)
    assert done["state"] == "processed"
    counts = ("total", "new", "unchanged", "fixed", "reopened")
    assert [done[name] for name in counts] == [3, 3, 0, 0, 0]
    assert (done["format"], done["tool"], done["tool_version"]) == ("sarif", "Bandit", "1.8")

    changed = processed(api, post(api, sarif(2, 3, 4)))
    assert [changed[name] for name in counts] == [3, 1, 2, 1, 0]
    back = processed(api, post(api, sarif(1, 2, 3, 4)))
    assert [back[name] for name in counts] == [4, 0, 3, 0, 1]


@ingests
def test_what_a_report_changed_can_be_read(people: People) -> None:
    pipeline, reader = as_pipeline(people.system), as_user(people.viewer)
    processed(pipeline, post(pipeline, sarif(1, 2)))
    status = processed(pipeline, post(pipeline, sarif(2, 3)))
    assert status["links"]["page"] == f"{settings.BASE_URL}/reports/{status['uid']}/"
    links = {name: url.removeprefix(settings.BASE_URL) for name, url in status["links"].items()}
    (new,) = reader.get(links["new"]).json()["results"]
    (gone,) = reader.get(links["gone"]).json()["results"]
    assert (new["path"], new["state"], new["severity"]) == ("app/view3.py", "open", "high")
    assert (gone["path"], gone["state"]) == ("app/view1.py", "fixed")
    assert pipeline.get(links["new"]).status_code == 403
    own = reader.get(f"/findings/{gone['id']}").json()
    assert own["presences"][0]["until"]["uid"] == status["uid"]
    assert "B608" in own["detail"]["raw"]
    (series,) = reader.get("/series", system="payments").json()["results"]
    assert series["open"] == {"info": 0, "low": 0, "medium": 0, "high": 2, "critical": 0}
    assert series["newest_report"]["uid"] == status["uid"]


@ingests
def test_every_way_to_send_the_bytes(people: People) -> None:
    api = as_pipeline(people.system)
    body = sarif(7)
    plain = post(api, body)
    curls_default = post(api, body, content_type="application/x-www-form-urlencoded")
    as_json = post(api, body, content_type="application/json")
    zipped = post(api, gzip.compress(body), Content_Encoding="gzip")
    form = api.client.post(
        "/api/v1/reports",
        {"system": "payments", "stage": "code", "file": SimpleUploadedFile("b.sarif", body)},
        headers=api.headers,
    )
    answers = [plain, curls_default, as_json, zipped, form]
    assert [each.status_code for each in answers] == [202] * 5
    assert len({each.json()["sha256"] for each in answers}) == 1
    assert form.json()["filename"] == "b.sarif"
    assert processed(api, zipped)["total"] == 1


def test_the_signed_in_browser_posts_too(people: People) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.security)
    url = "/api/v1/reports?system=payments"
    refused = browser.post(url, sarif(1), content_type=OCTETS)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf-failed")
    browser.cookies["csrftoken"] = "a" * 32
    token = {"X-CSRFToken": "a" * 32}
    taken = browser.post(url, sarif(1), content_type=OCTETS, headers=token)
    assert taken.status_code == 202
    assert taken.json()["received_by"] == "Sec Urity"


def test_a_repeat_under_the_same_key_is_the_same_report(people: People) -> None:
    api = as_pipeline(people.system)
    first = post(api, sarif(1), Idempotency_Key="run-17")
    again = post(api, sarif(1), Idempotency_Key="run-17")
    other = post(api, sarif(2), Idempotency_Key="run-17")
    assert first.json()["uid"] == again.json()["uid"]
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert Report.objects.count() == 1


def test_who_may_post(people: People) -> None:
    assert post(Api(), sarif(1)).status_code == 401
    assert post(Api("secops_aaaaaaaaaaaa.nonsense"), sarif(1)).status_code == 401
    assert post(as_pipeline(people.system), sarif(1), "system=payroll").status_code == 404
    assert post(as_user(people.viewer), sarif(1)).status_code == 403
    assert post(as_user(people.architect), sarif(1)).status_code == 403
    assert post(as_user(people.outsider), sarif(1)).status_code == 404
    assert post(as_user(people.nobody), sarif(1)).status_code == 403
    assert Report.objects.count() == 0
    assert post(as_user(people.security), sarif(1)).status_code == 202
    assert post(as_user(people.chief), sarif(1)).status_code == 202


def environ(body: Any, announced: int) -> dict[str, Any]:
    """What a WSGI server hands over for a request with this body and this Content-Length."""
    return {"wsgi.input": body, "CONTENT_LENGTH": str(announced)}


class Untouched:
    """A body that fails the test when a byte of it is read."""

    def read(self, *size: int) -> bytes:
        pytest.fail("the body was read before it was clear that the sender may post")

    readline = read


@pytest.mark.parametrize("sender", ["nobody", "viewer", "stranger"])
def test_no_byte_is_read_of_who_may_not_post(people: People, sender: str) -> None:
    apis = {"nobody": Api(), "viewer": as_user(people.viewer), "stranger": as_user(people.outsider)}
    answer = apis[sender].client.generic(
        "POST",
        "/api/v1/reports?system=payments",
        b"",
        content_type=OCTETS,
        headers=apis[sender].headers,
        **environ(Untouched(), 1000),
    )
    assert answer.status_code in {401, 403, 404}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("stage=code", {"system"}),
        ("system=payments&stage=later", {"stage"}),
        ("system=payments&format=word", {"format"}),
        ("system=payments&full=perhaps", {"full"}),
        ("system=payments&tol=bandit", {"tol"}),
        ("system=payments&tool=" + "x" * 121, {"tool"}),
        ("system=payments&branch=a%00b", {"branch"}),
        ("system=payments&branch=a%0Ab", {"branch"}),
    ],
)
def test_what_the_sender_says_is_checked_by_name(
    people: People, query: str, fields: set[str]
) -> None:
    answer = post(as_pipeline(people.system), sarif(1), query)
    assert answer.status_code == 400
    assert problem_fields(answer) == fields


def test_bodies_that_are_no_report(people: People, settings: Any) -> None:
    settings.SECOPS_MAX_REPORT_BYTES = 1000
    api = as_pipeline(people.system)

    def refused(body: bytes, **headers: str) -> tuple[int, str]:
        answer = post(api, body, **headers)
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert refused(b"") == (400, "empty")
    assert refused(b"x" * 1001) == (413, "too-large")
    assert refused(b"x" * 100_000) == (413, "too-large")
    assert refused(gzip.compress(b"x" * 5000), Content_Encoding="gzip") == (413, "too-large")
    assert refused(b"not gzip", Content_Encoding="gzip") == (400, "bad-compression")
    assert refused(gzip.compress(b"xyz")[:-4], Content_Encoding="gzip") == (400, "bad-compression")
    assert refused(b"xyz", Content_Encoding="br") == (415, "unknown-encoding")
    assert Report.objects.count() == 0


def test_forms_that_are_no_report(people: People) -> None:
    api = as_pipeline(people.system)

    def refused(fields: dict[str, Any]) -> set[str]:
        answer = api.client.post("/api/v1/reports", fields, headers=api.headers)
        assert answer.status_code == 400
        return problem_fields(answer)

    file = SimpleUploadedFile("r.json", b"{}")
    assert refused({"system": "payments"}) == {"file"}
    assert refused({"system": "payments", "report": file}) == {"file"}
    assert refused({"file": SimpleUploadedFile("r.json", b"{}")}) == {"system"}
    broken = api.raw("/reports", b"--x\r\nnonsense", "multipart/form-data; boundary=x")
    assert broken.status_code == 400
    without = api.raw("/reports", b"nonsense", "multipart/form-data")
    assert problem_fields(without) == {"file"}


def test_a_body_cut_off_on_the_way_is_not_a_report(people: People) -> None:
    """The client said 1000 bytes and went away after these: as a whole it would close findings."""
    api = as_pipeline(people.system)
    headers = api.headers
    answer = api.client.post(
        "/api/v1/reports?system=payments",
        content_type=OCTETS,
        headers=headers,
        **environ(io.BytesIO(sarif(1)), len(sarif(1)) + 1000),
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "cut-off")
    assert Report.objects.count() == 0


@ingests
@pytest.mark.parametrize(
    ("body", "reason"),
    [(b'{"some": "json"}', "unknown-format"), (sarif(1, 2)[:-30], None), (b"%PDF-1.4", None)],
)
def test_an_unreadable_report_is_kept_and_says_why(
    people: People, body: bytes, reason: str | None
) -> None:
    api = as_pipeline(people.system)
    done = processed(api, post(api, body))
    assert done["state"] == "failed"
    assert done["error"]["message"].endswith(".")
    assert reason is None or done["error"]["reason"] == reason
    security = as_user(people.security)
    assert api.post(f"/reports/{done['uid']}/reprocess").status_code == 403
    again = security.post(f"/reports/{done['uid']}/reprocess")
    assert (again.status_code, again.json()["state"]) == (202, "received")
    assert security.post(f"/reports/{done['uid']}/reprocess").status_code == 409


def test_the_raw_bytes_are_downloaded_as_they_came(people: People) -> None:
    body = b"<script>alert(1)</script>"
    report = make_report(people.system, content=body, filename="x.html")
    path = f"/reports/{report.uid}/raw"
    answer = as_user(people.security).get(path)
    assert b"".join(answer.streaming_content) == body  # type: ignore[attr-defined]
    assert answer["Content-Type"] == OCTETS
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert AuditEntry.objects.filter(action="report.download").count() == 1
    assert as_user(people.viewer).get(path).status_code == 403
    assert as_pipeline(people.system).get(path).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404


def test_reports_are_listed_for_those_who_may_see_them(people: People) -> None:
    mine = make_report(people.system, stage="code")
    make_report(people.other_system, stage="build")
    for api in (as_pipeline(people.system), as_user(people.viewer)):
        assert [each["uid"] for each in api.get("/reports").json()["results"]] == [str(mine.uid)]
    chief = as_user(people.chief)
    assert len(chief.get("/reports").json()["results"]) == 2
    assert [each["uid"] for each in chief.get("/reports", stage="code").json()["results"]] == [
        str(mine.uid)
    ]
    assert chief.get("/reports", state="failed").json()["results"] == []
    assert chief.get("/reports", series=10**15).json()["results"] == []
    assert problem_fields(chief.get("/reports", state="lost")) == {"state"}
    assert as_pipeline(people.other_system).get(f"/reports/{mine.uid}").status_code == 404


def test_findings_are_filtered(people: People) -> None:
    low = make_finding(people.system, severity=1, title="Debug mode", rule_id="B201", cwes=[489])
    worst = make_finding(people.system, severity=4, title="Injection", cwes=[89])
    fixed = make_finding(people.system, state="fixed", severity=2)
    make_finding(people.other_system, severity=4)
    api = as_user(people.viewer)

    def ids(**query: Any) -> list[int]:
        return [each["id"] for each in api.get("/findings", **query).json()["results"]]

    assert ids() == [worst.pk, low.pk]
    assert ids(state="any") == [worst.pk, fixed.pk, low.pk]
    assert ids(state="fixed") == [fixed.pk]
    assert ids(severity="medium") == ids(cwe=89) == ids(q="inject") == [worst.pk]
    assert ids(system="payroll") == []
    assert ids(series=low.series_id) == [low.pk]
    assert problem_fields(api.get("/findings", severity="huge")) == {"severity"}
    assert problem_fields(api.get("/findings", cwe="x")) == {"cwe"}
    assert problem_fields(api.get("/findings", series=10**30)) == {"series"}
    assert as_user(people.outsider).get(f"/findings/{low.pk}").status_code == 404


def test_the_formats_are_told_to_pipelines(people: People) -> None:
    found = as_pipeline(people.system).get("/formats").json()
    assert {"slug": "sarif", "name": "SARIF 2.1.0"}.items() <= found_by(found, "sarif").items()
    assert "code" in found_by(found, "sarif")["stages"]


def found_by(rows: list[dict[str, Any]], slug: str) -> dict[str, Any]:
    return next(row for row in rows if row["slug"] == slug)
