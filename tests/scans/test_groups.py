"""The same weakness as several tools see it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.scans.models import Finding, Series
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_groups import (
    FindingGroup,
    groups_list,
    sightings_of,
    systems_to_group,
)
from apps.scans.services.arrivals import Said, verdict_apply
from apps.scans.services.groups import groups_make_due
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series

pytestmark = pytest.mark.django_db
LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


@pytest.fixture
def found(people: People) -> dict[str, Finding]:
    trivy, grype = (make_series(people.system, tool=tool) for tool in ("Trivy", "Grype"))
    semgrep, bandit = (make_series(people.system, tool=tool) for tool in ("Semgrep", "Bandit"))
    foreign = make_series(people.other_system, tool="Grype")
    log4j: dict[str, Any] = {"path": "", "cwes": [502]}
    return {
        "trivy": make_finding(
            series=trivy,
            purl=f"{LOG4J}@2.14.1",
            vulnerabilities=["CVE-2021-44228"],
            severity=3,
            **log4j,
        ),
        "grype": make_finding(
            series=grype,
            purl=f"{LOG4J}@2.14.1?type=jar",
            vulnerabilities=["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"],
            severity=4,
            **log4j,
        ),
        "other package": make_finding(
            series=grype, purl="pkg:npm/a@1", vulnerabilities=["CVE-2021-44228"], **log4j
        ),
        "foreign": make_finding(
            series=foreign, purl=f"{LOG4J}@2.14.1", vulnerabilities=["CVE-2021-44228"], **log4j
        ),
        "semgrep": make_finding(series=semgrep, path="a.py", line=7, cwes=[89], severity=2),
        "bandit": make_finding(series=bandit, path="a.py", line=7, cwes=[89], severity=2),
        "other line": make_finding(series=bandit, path="a.py", line=8, cwes=[89]),
        "other weakness": make_finding(series=bandit, path="a.py", line=7, cwes=[79]),
        "nowhere": make_finding(series=bandit, path="", line=None, cwes=[]),
    }


def test_groups_of_several_tools(people: People, found: dict[str, Finding]) -> None:
    groups = groups_list(actor_of(people.viewer), FindingFilter())
    assert [(g.weakness, g.place, g.severity, g.sightings, g.tools) for g in groups] == [
        ("CVE-2021-44228", LOG4J, 4, 2, ["Grype", "Trivy"]),
        ("CWE-89", "a.py:7", 2, 2, ["Bandit", "Semgrep"]),
    ]
    assert groups[0].finding_id == found["trivy"].pk


def test_also_those_of_one_tool_and_only_what_the_filter_finds(
    people: People, found: dict[str, Finding]
) -> None:
    viewer = actor_of(people.viewer)
    every = groups_list(viewer, FindingFilter(), several=False)
    assert len(every) == 5  # two of two tools, one other package, line and weakness each
    assert sum(group.sightings for group in every) == 7
    assert groups_list(viewer, FindingFilter(cwe=89))[0].weakness == "CWE-89"
    assert groups_list(actor_of(people.outsider), FindingFilter()) == []
    assert groups_list(actor_of(people.chief), FindingFilter(system="payroll")) == []


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("trivy", {"grype"}),
        ("grype", {"trivy"}),
        ("other package", set()),
        ("semgrep", {"bandit"}),
        ("bandit", {"semgrep"}),
        ("other line", set()),
        ("nowhere", set()),
    ],
)
def test_sightings_of_a_finding(
    people: People, found: dict[str, Finding], one: str, others: set[str]
) -> None:
    told = {each.pk for each in sightings_of(actor_of(people.viewer), found[one])}
    assert told == {found[name].pk for name in others}


def test_each_sighting_is_kept_and_has_a_state_of_its_own(
    people: People, found: dict[str, Finding]
) -> None:
    Finding.objects.filter(pk=found["grype"].pk).update(state="not_affected")
    assert [g.weakness for g in groups_list(actor_of(people.viewer), FindingFilter())] == ["CWE-89"]
    (other,) = sightings_of(actor_of(people.viewer), found["trivy"])
    assert other.state == "not_affected"


def test_on_the_pages_and_over_the_api(people: People, found: dict[str, Finding]) -> None:
    client = Client()
    client.force_login(people.viewer)
    page = client.get("/findings/groups/").content.decode()
    assert LOG4J in page
    assert "Grype, Trivy" in page
    assert "pkg:npm/a" not in page
    assert "pkg:npm/a" in client.get("/findings/groups/?all=1").content.decode()
    one = client.get(f"/findings/{found['trivy'].pk}/").content.decode()
    assert "Also seen by" in one
    assert f"/findings/{found['grype'].pk}/" in one
    told = as_user(people.viewer).get("/finding-groups").json()
    assert [row["tools"] for row in told] == [["Grype", "Trivy"], ["Bandit", "Semgrep"]]
    assert told[0]["severity"] == "critical"
    assert len(as_user(people.viewer).get("/finding-groups", several="false").json()) == 5
    assert as_user(people.outsider).get("/finding-groups").json() == []


def _told(viewer: Any, **wanted: Any) -> list[FindingGroup]:
    return groups_list(viewer, FindingFilter(**wanted))


def _are_to_group(people: People) -> bool:
    return bool(systems_to_group(actor_of(people.chief)))


def test_kept_groups_are_those_that_are_made_on_the_spot(
    people: People, found: dict[str, Finding]
) -> None:
    for name in ("viewer", "chief", "outsider"):
        viewer = actor_of(getattr(people, name))
        Series.objects.update(is_grouped=False)
        before = _told(viewer)
        assert groups_make_due() > 0
        assert not _are_to_group(people)
        assert _told(viewer) == before
        assert _told(viewer, system=people.system.key) == [
            group for group in before if group.system_id == people.system.pk
        ]
    assert len(_told(actor_of(people.viewer))) == 2  # and not nothing each time
    assert groups_make_due() == 0


def test_what_changes_is_grouped_again_and_nothing_else_is_written(
    people: People, found: dict[str, Finding]
) -> None:
    viewer = actor_of(people.viewer)
    groups_make_due()
    before = _versions()
    verdict_apply(
        said=Said("false_positive", "", "A test server.", "Amara"),
        findings=[found["bandit"].pk],
        series_id=found["bandit"].series_id,
    )
    assert [group.weakness for group in _told(viewer)] == ["CVE-2021-44228"]  # at once
    assert _are_to_group(people)
    assert groups_make_due() == 1
    assert [group.weakness for group in _told(viewer)] == ["CVE-2021-44228"]
    assert _versions() == {"CVE-2021-44228": before["CVE-2021-44228"]}


def _versions() -> dict[str, str]:
    """The transaction that wrote each row last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weakness, xmin::text || ctid::text FROM scans_weaknessgroup")
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_a_series_that_an_import_holds_is_grouped_after_it(
    people: People, found: dict[str, Finding]
) -> None:
    held = found["trivy"].series_id
    importing = connection.copy()
    with importing.cursor() as cursor:
        importing.set_autocommit(False)
        cursor.execute("SELECT FROM scans_series WHERE id = %s FOR UPDATE", [held])
        groups_make_due()
        assert systems_to_group(actor_of(people.viewer)) == [people.system.pk]
        importing.rollback()
    importing.close()
    assert groups_make_due() == 1
    assert systems_to_group(actor_of(people.viewer)) == []
