"""The same weakness as several tools see it."""

from typing import Any

import pytest
from django.test import Client

from apps.scans.models import Finding
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_groups import groups_list, sightings_of
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
