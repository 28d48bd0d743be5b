"""The plug-in of docs/add-a-format.md, built, installed and used as its reader would, with nothing of the portal
changed and without a network."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.checks import run_checks
from django.test import Client

from apps.catalog.models import System
from apps.scans import registry
from apps.scans.models import Finding, Report
from tests.factories import make_ci_token, make_system
from tests.scans.reports import process

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
PAGE = configured.BASE_DIR / "docs" / "add-a-format.md"
_FILE = re.compile(r"`([\w.]+)`[^`]*?:\n\n```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The files that the page spells out: a name in code before a colon, and a block of code."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition("## In a package of your own")
    return dict(_FILE.findall(text))


@pytest.fixture(scope="module")
def site(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the plug-in in it."""
    source, target = tmp_path_factory.mktemp("shopscan-portal"), tmp_path_factory.mktemp("site")
    for name in ("pyproject.toml", "shopscan_portal.py"):
        (source / name).write_text(files[name], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-build-isolation", "--no-deps"]
    command = [*pip, *offline, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The portal as it starts with that folder among its packages."""
    monkeypatch.syspath_prepend(site)
    registry.registry.cache_clear()
    yield
    sys.modules.pop("shopscan_portal", None)
    registry.registry.cache_clear()


@pytest.fixture
def system() -> System:
    return make_system("shop", "Shop")


def post(system: System, body: str, **claim: str) -> Any:
    headers = {"Authorization": f"Bearer {make_ci_token(system).text}"}
    query = {"system": system.key, **claim}
    address = "/api/v1/reports?" + "&".join(f"{name}={value}" for name, value in query.items())
    return Client().post(address, body, "application/json", headers=headers)


def test_without_it_the_report_is_of_no_known_format(system: System, files: dict[str, str]) -> None:
    assert post(system, files["shopscan.json"], format="shopscan").status_code == 400
    assert post(system, files["shopscan.json"]).status_code == 202
    report = Report.objects.get()
    process(report)
    assert (report.state, report.error_reason) == ("failed", "unknown-format")


@pytest.mark.usefixtures("installed")
def test_an_installed_format_is_detected_and_read(system: System, files: dict[str, str]) -> None:
    assert run_checks() == []
    assert post(system, files["shopscan.json"]).status_code == 202
    report = Report.objects.get()
    process(report)
    assert (report.state, report.detected_format, report.total) == ("processed", "shopscan", 2)
    assert report.series is not None
    assert (report.series.tool, report.series.stage) == ("ShopScan", "code")
    shown = Finding.objects.order_by("-severity").values_list("rule_id", "severity", "place")
    assert list(shown) == [("SS-1", 3, "src/cart.py:7"), ("SS-9", 1, "settings.py:12")]
    # And by its name; a report that was mended leaves one finding.
    mended = json.dumps(json.loads(files["shopscan.json"])[1:])
    assert post(system, mended, format="shopscan").status_code == 202
    newest = Report.objects.latest("pk")
    process(newest)
    assert (newest.state, newest.fixed, newest.unchanged) == ("processed", 1, 1)


@pytest.mark.usefixtures("installed")
def test_a_format_whose_slug_is_taken_stops_the_deployment(
    site: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = files["shopscan_portal.py"].replace('slug = "shopscan"', 'slug = "sarif"')
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the next import reads the source again
    (site / "shopscan_portal.py").write_text(other, encoding="utf-8")
    try:
        [problem] = [found for found in run_checks() if found.id == "scans.E001"]
    finally:
        (site / "shopscan_portal.py").write_text(files["shopscan_portal.py"], encoding="utf-8")
    assert "shopscan_portal.ShopScan has the slug 'sarif'" in problem.msg
