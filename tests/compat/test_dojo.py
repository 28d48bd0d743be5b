"""DefectDojo's API v2 as its clients use it, with the fields that its documentation names."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.compat.models import Engagement, ScanRun
from apps.compat.services.imports import category_of
from apps.scans.models import Finding, Report
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_reports import sarif
from tests.conftest import People

ingests = pytest.mark.django_db(transaction=True)
CONTEXT = {
    "scan_type": "SARIF",
    "product_name": "Payments",
    "engagement_name": "main pipeline",
    "auto_create_context": "true",
}


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def send(api: Api, way: str, report: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("bandit.sarif", report)
    return api.client.post(f"/api/v2/{way}/", {"file": file} | fields, headers=api.headers)


def done(answer: Any) -> Report:
    assert answer.status_code == 201, answer.content
    report = Report.objects.get(uid=answer.json()["report"].rpartition("/")[2])
    report_ingest(report.pk)
    report.refresh_from_db()
    return report


@ingests
def test_import_then_reimport_under_names(people: People) -> None:
    api = as_pipeline(people.system)
    first = send(api, "import-scan", sarif(1, 2), **CONTEXT, test_title="bandit")
    report = done(first)
    assert (report.total, report.new, report.is_full) == (2, 2, False)
    assert report.category == "main pipeline / bandit"
    said = first.json()
    run = ScanRun.objects.get()
    assert (said["test"], said["test_id"]) == (run.pk, run.pk)
    assert said["engagement_id"] == Engagement.objects.get().pk
    assert said["product_id"] == people.system.pk

    again = done(send(api, "reimport-scan", sarif(2, 3), **CONTEXT, test_title="bandit"))
    assert (again.new, again.unchanged, again.fixed, again.is_full) == (1, 1, 1, True)
    assert again.series_id == report.series_id
    assert (Engagement.objects.count(), ScanRun.objects.count()) == (1, 1)


@ingests
def test_close_old_findings_is_the_clients_to_say(people: People) -> None:
    api = as_pipeline(people.system)
    done(send(api, "import-scan", sarif(1, 2), **CONTEXT))
    closing = done(send(api, "import-scan", sarif(2), **CONTEXT, close_old_findings="True"))
    assert closing.fixed == 1
    keeping = done(send(api, "reimport-scan", sarif(3), **CONTEXT, close_old_findings="False"))
    assert (keeping.new, keeping.fixed) == (1, 0)
    assert Finding.objects.filter(state="open").count() == 2


@ingests
def test_two_engagements_never_close_each_others_findings(people: People) -> None:
    api = as_pipeline(people.system)
    for name, lines in (("frontend", (1, 2)), ("backend", (3,))):
        done(send(api, "reimport-scan", sarif(*lines), **(CONTEXT | {"engagement_name": name})))
    assert Finding.objects.filter(state="open").count() == 3


def test_a_long_name_makes_a_category_that_fits_and_stays_its_own() -> None:
    names = ["x" * 300, "x" * 299 + "y"]
    made = [category_of(name, "bandit", "SARIF") for name in names]
    assert [len(text) for text in made] == [120, 120]
    assert made[0] != made[1]


def test_what_the_client_says_of_the_build_is_kept(people: People) -> None:
    answer = send(
        as_pipeline(people.system),
        "import-scan",
        sarif(1),
        **CONTEXT,
        branch_tag="feature/x",
        commit_hash="abc123",
        environment="production",
        minimum_severity="Low",
        active="True",
        verified="False",
        push_to_jira="False",
        scan_date="2026-11-01",
        tags="nightly",
    )
    assert answer.status_code == 201
    report = Report.objects.get()
    assert (report.branch, report.commit, report.environment) == (
        "feature/x",
        "abc123",
        "production",
    )


def test_the_lookups_that_clients_make_first(people: People) -> None:
    api = as_pipeline(people.system)
    for path in ("product_types", "products", "engagements", "tests", "test_types"):
        page = api.get(f"/api/v2/{path}/").json()
        assert set(page) == {"count", "next", "previous", "results"}
    (product,) = api.get("/api/v2/products/", name="PAYMENTS").json()["results"]
    assert (product["id"], product["name"]) == (people.system.pk, "PAYMENTS")
    assert api.get("/api/v2/products/", name="Payroll").json()["count"] == 0
    first = api.get("/api/v2/test_types/", limit=10).json()
    assert (len(first["results"]), first["previous"]) == (10, None)
    assert "offset=10" in first["next"]
    (bandit,) = api.get("/api/v2/test_types/", name="Bandit Scan").json()["results"]
    made = api.post("/api/v2/engagements/", {"product": product["id"], "name": "nightly"})
    assert made.status_code == 201
    run = api.post(
        "/api/v2/tests/",
        {"engagement": made.json()["id"], "test_type": bandit["id"], "title": "b", "lead": 1},
    ).json()
    assert run["test_type_name"] == "Bandit Scan"
    patched = api.patch(
        f"/api/v2/engagements/{made.json()['id']}/",
        {"commit_hash": "abc", "branch_tag": None, "status": "Completed"},
    ).json()
    assert (patched["commit_hash"], patched["branch_tag"]) == ("abc", "")
    assert api.get("/api/v2/user_profile/").json()["user"]["id"] == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"scan_type": ""}, "scan_type"),
        ({"product_name": ""}, "product_name"),
        ({"product_name": "Nothing", "auto_create_context": "false"}, "product_name"),
        ({"engagement_name": "Nothing", "auto_create_context": "false"}, "engagement_name"),
        ({"engagement": "x"}, "engagement"),
        ({"auto_create_context": "perhaps"}, "auto_create_context"),
        ({"engagement_name": "a\tb"}, "name"),
    ],
)
def test_a_refusal_names_the_field_as_defectdojo_does(
    people: People, fields: dict[str, str], named: str
) -> None:
    answer = send(as_pipeline(people.system), "import-scan", sarif(1), **(CONTEXT | fields))
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) == {named}
    assert isinstance(answer.json()[named], list)
    assert Report.objects.count() == 0


def test_a_body_without_a_file_or_of_another_kind(people: People) -> None:
    api = as_pipeline(people.system)
    for answer in (
        api.client.post("/api/v2/import-scan/", dict(CONTEXT), headers=api.headers),
        api.post("/api/v2/import-scan/", CONTEXT),
    ):
        assert answer.status_code == 400
        assert set(answer.json()) == {"file"}
    wrong: Any
    for path in ("engagements", "tests", "products", "product_types"):
        for wrong in ([], 7, {"name": ["x"], "product": "x"}, {"name": "x" * 999}):
            assert api.post(f"/api/v2/{path}/", wrong).status_code in {400, 403}, (path, wrong)


def test_a_product_that_is_not_there_is_made_by_those_who_may(people: People) -> None:
    new = CONTEXT | {"product_name": "Brand New!"}
    refused = send(as_pipeline(people.system), "import-scan", sarif(1), **new)
    assert refused.status_code == 403
    assert "Payments" in refused.json()["detail"]
    assert send(as_user(people.security), "import-scan", sarif(1), **new).status_code == 403
    assert send(as_user(people.admin), "import-scan", sarif(1), **new).status_code == 201
    assert Report.objects.get().system.key == "brand-new"


def test_strangers_see_and_post_nothing(people: People) -> None:
    mine = send(as_pipeline(people.system), "import-scan", sarif(1), **CONTEXT).json()
    for stranger in (as_pipeline(people.other_system), as_user(people.outsider)):
        by_id = {"scan_type": "SARIF", "engagement": str(mine["engagement"])}
        assert send(stranger, "import-scan", sarif(1), **by_id).status_code == 404
        by_test = {"scan_type": "SARIF", "test": str(mine["test"])}
        assert send(stranger, "reimport-scan", sarif(1), **by_test).status_code == 404
        assert stranger.get("/api/v2/engagements/").json()["count"] == 0
        assert stranger.get("/api/v2/tests/").json()["count"] == 0
        for path in (f"engagements/{mine['engagement']}", f"tests/{mine['test']}"):
            assert stranger.get(f"/api/v2/{path}/").status_code == 404
    reader = send(as_user(people.viewer), "import-scan", sarif(1), **CONTEXT)
    assert reader.status_code == 403
    assert Report.objects.count() == 1
