"""Public clients of DefectDojo that others wrote, against a running portal: only its URL was changed.

They have little in common: one is made from DefectDojo's own OpenAPI document and is strict about what
comes back, one is a wrapper by hand that posts each field as a part of its own, one (test_dd_import.py)
is a command that reads its environment.
"""

import datetime as dt
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from defectdojo_api_generated import DefectDojo
from defectdojo_api_generated.api.import_scan_api import ImportScanApi
from defectdojo_api_generated.api.reimport_scan_api import ReimportScanApi
from gt_defect_dojo.defectdojo_apiv2 import DefectDojoAPIv2

from apps.compat.models import Engagement, ScanRun
from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token

pytestmark = pytest.mark.django_db(transaction=True)
TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def token(people: People) -> str:
    return make_ci_token(people.system).text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.sarif"
    path.write_bytes(sarif(1, 2))
    return path


def counts() -> list[tuple[int | None, ...]]:
    """New, unchanged and fixed findings of each report, in the order of their arrival."""
    found: list[tuple[int | None, ...]] = []
    for report in Report.objects.order_by("id"):
        if report.state == "received":
            report_ingest(report.pk)
            report.refresh_from_db()
        found.append((report.new, report.unchanged, report.fixed))
    return found


def test_the_client_made_of_defectdojos_openapi(live_server: Any, token: str, file: Path) -> None:
    """Its models refuse an answer that has a field of another type than DefectDojo documents."""
    dojo = DefectDojo(base_url=live_server.url, token=token)
    (product,) = dojo.products_api.list(name_exact="Payments").results
    made = dojo.import_scan_api.create(
        scan_type="SARIF",
        file=str(file),
        product_name="Payments",
        product_type_name="Research and Development",
        engagement_name="nightly",
        test_title="code",
        auto_create_context=True,
        minimum_severity="High",
        active=True,
        verified=True,
        scan_date=dt.date(2026, 1, 7),
        tags=["nightly", "main branch"],
        version="4.2.0",
        build_id="17",
        branch_tag="release/4",
        commit_hash="4b6472266afd7b471e86085a6659e8c7f2b119da",
        service="checkout",
        group_by="file_path",
        push_to_jira=False,
    )
    run = ScanRun.objects.get()
    assert (made.test_id, made.test, made.product_id) == (run.pk, run.pk, product.id)
    assert made.engagement_id == made.engagement == Engagement.objects.get().pk
    assert (made.scan_date, made.minimum_severity) == (dt.date(2026, 1, 7), "Info")
    assert (made.tags, made.version, made.service) == (
        ["nightly", "main branch"],
        "4.2.0",
        "checkout",
    )
    assert made.statistics is None  # not known before the worker has read the file
    assert (run.version, run.build_id, run.branch_tag) == ("4.2.0", "17", "release/4")

    (found,) = dojo.tests_api.list(engagement=made.engagement_id, tags=["nightly"]).results
    assert (found.id, found.title, found.tags) == (run.pk, "code", ["nightly", "main branch"])
    assert dojo.tests_api.list(tags=["weekly"]).count == 0

    file.write_bytes(sarif(2, 3))
    again = dojo.reimport_scan_api.create(
        scan_type="SARIF", file=str(file), test=run.pk, branch_tag="release/4", service="checkout"
    )
    assert again.test_id == run.pk
    assert counts() == [(2, 0, 0), (1, 1, 1)]
    assert {report.category for report in Report.objects.all()} == {"nightly / code / checkout"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # leaves files open
def test_the_client_written_by_hand(
    people: People, live_server: Any, token: str, file: Path
) -> None:
    dojo = DefectDojoAPIv2(live_server.url, token, "ci")
    product = dojo.list_products(name="Payments").data["results"][0]["id"]
    engagement = dojo.create_engagement(
        "main", product, 1, "In Progress", "2026-11-01", "2026-11-30"
    )
    first = dojo.upload_scan(
        engagement.id(),
        "SARIF",
        str(file),
        active=True,
        verified=False,
        close_old_findings=True,
        skip_duplicates=True,
        scan_date="2026-11-01",
        tags="nightly,main",
        build="18",
        commit_hash="abc123",
    )
    assert first.success, first.message
    assert first.data["engagement_id"] == engagement.id()
    run = ScanRun.objects.get()
    assert (run.tags, run.build_id, run.commit_hash) == (["nightly", "main"], "18", "abc123")

    file.write_bytes(sarif(2, 3))
    again = dojo.reupload_scan(first.data["test"], "SARIF", str(file), True, "2026-11-02")
    assert again.success, again.message
    assert counts() == [(2, 0, 0), (1, 1, 1)]
    assert dojo.list_tests(engagement_id=engagement.id()).data["count"] == 1
    refused = dojo.upload_scan(10**9, "SARIF", str(file), True, False, True, True, "2026-11-01")
    assert not refused.success


def documented() -> set[str]:
    """The parameters of both ways in, as DefectDojo's own OpenAPI document names them."""
    ways = (ImportScanApi.create, ReimportScanApi.create)
    names = {name for way in ways for name in inspect.signature(way).parameters}
    return {name for name in names if not name.startswith("_")} - {"self"}


def test_what_becomes_of_each_parameter_is_written_down() -> None:
    told = set(re.findall(r"`([a-z_]+)`", (TOP / "docs/existing-pipelines.md").read_text()))
    assert documented() - told == set()
    assert len(documented()) > 30
