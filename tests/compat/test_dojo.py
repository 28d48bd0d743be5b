"""DefectDojo's API v2 as its clients use it, with the fields that its documentation names."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.compat.api.dojo.form import tags_of
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
        build_id="17",
        version="4.2",
        tags=["nightly", "payments"],
    )
    assert answer.status_code == 201
    said = answer.json()
    assert (said["branch_tag"], said["environment"]) == ("feature/x", "production")
    assert (said["tags"], said["version"]) == (["nightly", "payments"], "4.2")
    assert (said["not_used"], "scan_date" in said, "statistics" in said) == ({}, False, False)
    run = ScanRun.objects.get()
    assert (run.tags, run.version, run.build_id) == (["nightly", "payments"], "4.2", "17")
    report = Report.objects.get()
    assert (report.branch, report.commit, report.environment) == (
        "feature/x",
        "abc123",
        "production",
    )


@ingests
def test_a_scan_of_an_earlier_day_does_not_undo_a_later_one(people: People) -> None:
    """DefectDojo: "Scan completion date will be used on all findings"; its clients send it each time."""
    api = as_pipeline(people.system)
    today = timezone.now().date().isoformat()
    newest = done(send(api, "reimport-scan", sarif(1), **CONTEXT, scan_date=today))
    assert newest.scanned_at is not None
    assert newest.scanned_at <= newest.received_at + dt.timedelta(seconds=5)
    old = done(send(api, "reimport-scan", sarif(2), **CONTEXT, scan_date="2026-01-07"))
    assert old.is_outdated
    assert old.scanned_at == dt.datetime.fromisoformat("2026-01-07T23:59:59.999999+00:00")
    again = done(send(api, "reimport-scan", sarif(1, 3), **CONTEXT, scan_date=today))
    assert (again.is_outdated, again.new, again.unchanged) == (False, 1, 1)
    assert Finding.objects.filter(state="open").count() == 2


@ingests
def test_what_a_service_has_is_closed_by_that_service_alone(people: People) -> None:
    """DefectDojo: "If service has been set, only the findings for this service will be closed"."""
    api = as_pipeline(people.system)
    for service, lines in (("checkout", (1, 2)), ("refunds", (3,)), ("checkout", (2,))):
        last = done(send(api, "reimport-scan", sarif(*lines), **CONTEXT, service=service))
    assert last.fixed == 1
    assert Finding.objects.filter(state="open").count() == 2


@ingests
def test_an_engagement_for_each_build_closes_in_the_whole_product_if_it_says_so(
    people: People,
) -> None:
    """DefectDojo: "Select if close_old_findings applies to all findings of the same type in the product"."""
    api = as_pipeline(people.system)
    scope = {"close_old_findings": "True", "close_old_findings_product_scope": "True"}
    builds = [CONTEXT | {"engagement_name": f"build {number}"} for number in (1, 2)]
    done(send(api, "import-scan", sarif(1, 2), **builds[0], **scope))
    second = send(api, "import-scan", sarif(2, 3), **builds[1], **scope)
    assert second.json()["close_old_findings_product_scope"] is True
    report = done(second)
    assert (report.new, report.unchanged, report.fixed) == (1, 1, 1)
    again = send(api, "reimport-scan", sarif(3), **builds[1], **scope)
    assert set(again.json()["not_used"]) == {"close_old_findings_product_scope"}
    assert done(again).fixed == 1  # it goes on where the import was
    apart = CONTEXT | {"engagement_name": "build 3"}
    assert done(send(api, "import-scan", sarif(4), **apart, close_old_findings="True")).fixed == 0


def test_what_is_not_used_is_said_with_its_reason(people: People) -> None:
    asked = {
        "minimum_severity": "High",
        "active": "False",
        "verified": "True",
        "do_not_reactivate": "True",
        "push_to_jira": "True",
        "group_by": "file_path",
        "apply_tags_to_findings": "True",
        "apply_tags_to_endpoints": "True",
        "endpoint_to_add": "3",
        "api_scan_configuration": "4",
        "lead": "5",
        "engagement_end_date": "2027-01-01",
        "source_code_management_uri": "https://git.example.org/payments",
    }
    harmless = {
        "minimum_severity": "Info",
        "active": "True",
        "verified": "False",
        "do_not_reactivate": "False",
        "push_to_jira": "False",
        "create_finding_groups_for_all_findings": "True",
        "deduplication_on_engagement": "True",
    }
    api = as_pipeline(people.system)
    answer = send(api, "reimport-scan", sarif(1), **CONTEXT, **asked)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert set(said["not_used"]) == set(asked)
    assert all(reason.endswith(".") for reason in said["not_used"].values())
    assert (said["minimum_severity"], said["push_to_jira"]) == ("Info", False)  # as it is
    quiet = send(api, "reimport-scan", sarif(1), **CONTEXT, **harmless).json()
    assert quiet["not_used"] == {}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["a", "b"], ["a", "b"]),
        (["a, b,a"], ["a", "b"]),
        (['["a", "b, c"]'], ["a", "b, c"]),
        (["None", ""], []),
    ],
)
def test_tags_in_the_ways_that_clients_write_them(sent: list[str], kept: list[str]) -> None:
    assert tags_of(sent) == kept


def test_a_test_is_found_again_by_what_its_newest_scan_said(people: People) -> None:
    api = as_pipeline(people.system)
    one = send(
        api, "import-scan", sarif(1), **CONTEXT, tags="pull_request:7", branch_tag="x"
    ).json()
    other = send(api, "import-scan", sarif(1), **CONTEXT, test_title="b", version="2").json()
    api.post("/api/v2/tests/", {"engagement": one["engagement"], "test_type": 1, "tags": ["made"]})

    def found(**query: Any) -> set[int]:
        page = api.get("/api/v2/tests/", **query).json()
        return {row["id"] for row in page["results"]}

    assert found(tags__and="pull_request:7") == {one["test"]}
    assert found(tags="pull_request:7,made", branch_tag="x") == {one["test"]}
    assert found(tags__and="pull_request:7,made") == set()
    assert found(version="2", test_type=one["test_type"]) == {other["test"]}
    send(api, "reimport-scan", sarif(1), scan_type="SARIF", test=one["test"], tags="main")
    assert found(tags__and="pull_request:7") == set()  # overwritten, as there
    assert found(branch_tag="x") == {one["test"]}  # not said again: as before
    assert api.get("/api/v2/engagements/", status="In Progress").json()["count"] == 1
    assert api.get("/api/v2/engagements/", status="Completed").json()["count"] == 0


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
        ({"scan_date": "yesterday"}, "scan_date"),
        ({"scan_date": "2999-01-01"}, "scan_date"),
        ({"minimum_severity": "Terrible"}, "minimum_severity"),
        ({"group_by": "colour"}, "group_by"),
        ({"verified": "perhaps"}, "verified"),
        ({"tags": '["a", 3]'}, "tags"),
        ({"tags": "x" * 101}, "tags"),
        ({"version": "a\tb"}, "version"),
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
