"""The kept numbers of findings are those that counting gives, after whatever changes findings."""

from collections import Counter
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import System
from apps.scans.models import Finding, FindingCount, Series
from apps.scans.selectors import FindingFilter, findings_list
from apps.scans.selectors_counts import Counts, finding_counts
from apps.scans.services.counts import counts_mend
from apps.scans.services.rules import (
    RuleDraft,
    rule_create,
    rule_switch_off,
    rules_apply_to_report,
)
from apps.scans.services.triage import finding_triage, triage_start, triage_undo
from apps.scans.services.vex import vex_apply_to_report, vex_take_in, vex_withdraw
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series
from tests.scans.reports import Weakness, finding_at, post, sarif, weaknesses
from tests.scans.test_vex import document

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]


def states() -> dict[str, int]:
    """Findings by state as they are kept, once that is what counting them one by one gives."""
    kept: Counter[tuple[int, str, int]] = Counter()
    for row in FindingCount.objects.all():
        assert row.number > 0
        kept[row.series_id, row.state, row.severity] = row.number
    assert kept == Counter(Finding.objects.values_list("series_id", "state", "severity"))
    for series in Series.objects.all():
        of_open = [kept[series.pk, "open", level] for level in range(5)]
        assert series.open_counts == of_open
    found: Counter[str] = Counter()
    for (_series, state, _severity), number in kept.items():
        found[state] += number
    return dict(found)


def severities() -> dict[int, int]:
    states()
    found: Counter[int] = Counter()
    for row in FindingCount.objects.all():
        found[row.severity] += row.number
    return dict(found)


# --- what changes findings -----------------------------------------------------------------------


def test_reports(people: People) -> None:
    system = people.system
    post(system, sarif([]))
    assert states() == {}
    post(system, sarif([*weaknesses(1, 2, 3), Weakness(suppressed=True)]))
    assert states() == {"open": 3, "accepted": 1}
    post(system, sarif([*weaknesses(1, 2, 3), Weakness(suppressed=True)]))
    assert states() == {"open": 3, "accepted": 1}
    post(system, sarif(weaknesses(2, 3, 4)))  # one is gone, one is new, what was accepted stays so
    assert states() == {"open": 3, "fixed": 1, "accepted": 1}
    post(system, sarif(weaknesses(1, 2, 5)), is_full=False)
    assert states() == {"open": 5, "accepted": 1}
    post(system, sarif([]))
    assert states() == {"fixed": 5, "accepted": 1}


def test_a_tool_that_thinks_worse_of_a_finding(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2, level="warning")))
    assert severities() == {2: 2}
    post(people.system, sarif([*weaknesses(1), *weaknesses(2, level="warning")]))
    assert severities() == {2: 1, 3: 1}
    post(people.system, sarif(weaknesses(1), successful=False))  # a broken run closes nothing
    assert severities() == {2: 1, 3: 1}
    post(people.system, sarif(weaknesses(2, level="note")))  # gone at the severity that it had
    assert severities() == {1: 1, 3: 1}
    assert states() == {"open": 1, "fixed": 1}


def test_branches_and_other_series(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2)))
    post(people.system, sarif(weaknesses(1, 2, 3)), branch="feature")
    post(people.other_system, sarif(weaknesses(1), tool="Other"))
    assert states() == {"open": 6}
    counts = finding_counts(actor_of(people.chief), FindingFilter())
    assert counts is not None
    assert counts.system == {people.system.key: 2, people.other_system.key: 1}


def test_triage_and_undo(people: People) -> None:
    actor = actor_of(people.security)
    post(people.system, sarif(weaknesses(*range(1, 9))))
    one, two, three, four = (finding_at(f"app/module_{n}.py") for n in (1, 2, 3, 4))
    single = finding_triage(actor=actor, finding=one, verdict="false_positive", reason="Test code.")
    assert states() == {"open": 7, "false_positive": 1}
    numbers = [two.pk, three.pk, four.pk]
    several = triage_start(actor=actor, verdict="accepted", reason="Until May.", findings=numbers)
    assert states() == {"open": 4, "false_positive": 1, "accepted": 3}
    post(people.system, sarif(weaknesses(1, 8)))  # three of those that are open are gone
    assert states() == {"open": 1, "false_positive": 1, "accepted": 3, "fixed": 3}
    every = triage_start(actor=actor, verdict="accepted", reason="All.", wanted=FindingFilter())
    assert states() == {"accepted": 4, "false_positive": 1, "fixed": 3}
    for act in (every, several, single):  # open again, and fixed where no report sees it any more
        triage_undo(actor=actor, triage=act)
        states()
    assert states() == {"open": 2, "fixed": 6}


def test_rules(people: People) -> None:
    actor = actor_of(people.security)
    post(people.system, sarif(weaknesses(1, 2)))
    draft = RuleDraft(
        name="Modules",
        system=people.system,
        wanted=FindingFilter(path="app/module"),
        verdict="accepted",
        reason="Never deployed.",
    )
    rule = rule_create(actor=actor, draft=draft)
    assert states() == {"accepted": 2}
    report = post(people.system, sarif(weaknesses(1, 2, 3)))
    assert states() == {"accepted": 2, "open": 1}
    rules_apply_to_report(report_id=report.pk)
    assert states() == {"accepted": 3}
    rule_switch_off(actor=actor, rule=rule)
    assert states() == {"open": 3}


def test_vex(people: People) -> None:
    actor, series = actor_of(people.security), make_series(people.system, tool="Trivy")
    purl = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    report = post(people.system, sarif(weaknesses(1)))
    make_finding(
        series=series, since=report, purl=purl, vulnerabilities=["CVE-2021-44228"], severity=4
    )
    call_command("count_findings", stdout=StringIO())
    said = document(("CVE-2021-44228", purl, "JNDI is off."))
    outcome = vex_take_in(actor=actor, system=people.system, chunks=[said])
    assert states() == {"open": 1, "not_affected": 1}
    vex_apply_to_report(report_id=report.pk)
    assert states() == {"open": 1, "not_affected": 1}
    assert outcome.document is not None
    vex_withdraw(actor=actor, document=outcome.document)
    assert states() == {"open": 2}


def test_a_system_takes_its_numbers_along(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2)))
    post(people.other_system, sarif(weaknesses(1)))
    System.objects.get(pk=people.system.pk).delete()
    assert states() == {"open": 1}


# --- mending -------------------------------------------------------------------------------------


def test_the_sweeper_mends_what_the_release_before_counted(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2)))
    post(people.other_system, sarif(weaknesses(1)))
    Finding.objects.filter(system=people.system).first().delete()  # type: ignore[union-attr]
    Series.objects.filter(system=people.system).update(open_counts=[0, 0, 0, 1, 0])
    assert counts_mend() == 1
    assert states() == {"open": 2}
    assert counts_mend() == 0


def test_the_command_counts_what_was_changed_by_hand(people: People) -> None:
    post(people.system, sarif(weaknesses(1, 2)))
    post(people.other_system, sarif(weaknesses(1)))
    Finding.objects.filter(system=people.system).update(state="accepted")
    FindingCount.objects.create(
        series=Series.objects.get(system=people.other_system), state="fixed", severity=1, number=9
    )
    said = StringIO()
    call_command("count_findings", stdout=said)
    assert "2 series are counted; 2 had other numbers." in said.getvalue()
    assert states() == {"accepted": 2, "open": 1}


# --- what the filter bar says --------------------------------------------------------------------


@pytest.fixture
def spread(people: People) -> list[Finding]:
    """Findings of two systems, two stages, three tools, and of every state and severity."""
    made = []
    for place in (
        make_series(people.system, stage="code", tool="Bandit"),
        make_series(people.system, stage="deploy", tool="checkov"),
        make_series(people.system, stage="deploy", tool="Bandit", is_preview=True),
        make_series(people.other_system, stage="code", tool="bandit"),
    ):
        for number, state in enumerate(("open", "open", "open", "fixed", "accepted")):
            made.append(make_finding(series=place, state=state, severity=(number * 2) % 5))
    call_command("count_findings", stdout=StringIO())
    return made


FILTERS = (
    FindingFilter(),
    FindingFilter(state="any"),
    FindingFilter(state="fixed"),
    FindingFilter(severity=2),
    FindingFilter(stage="deploy"),
    FindingFilter(system="payments"),
    FindingFilter(tool="BANDIT"),
    FindingFilter(stage="code", system="payments", severity=3, state="any"),
    FindingFilter(tool="checkov", stage="code"),
    FindingFilter(previews=True, state="accepted"),
)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("who", ["viewer", "outsider", "chief", "nobody"])
def test_each_choice_says_what_the_list_would_have(
    people: People, spread: list[Finding], wanted: FindingFilter, who: str
) -> None:
    """Counted here by asking for the list with each choice, one after the other."""

    viewer = actor_of(getattr(people, who))
    counts = finding_counts(viewer, wanted)
    assert counts is not None

    def listed(**choice: object) -> int:
        return findings_list(viewer, replace(wanted, **choice)).count()  # type: ignore[arg-type]

    for system in ("", "payments", people.other_system.key):
        assert counts.of_choice("system", system) == listed(system=system)
    for stage in ("", "code", "deploy", "test"):
        assert counts.of_choice("stage", stage) == listed(stage=stage)
    for tool in ("", "Bandit", "checkov", "nothing"):
        assert counts.of_choice("tool", tool) == listed(tool=tool)
    for state in ("open", "fixed", "accepted", "not_affected", "any"):
        assert counts.of_choice("state", state) == listed(state=state)
    assert counts.of_choice("state", "") == listed(state="open")
    assert counts.of_choice("severity", "") == listed(severity=None)
    for level in range(5):
        assert counts.of_choice("severity", str(level)) == listed(severity=level)


@pytest.mark.parametrize(
    "query", ["stage=deploy", "tool=checkov", "stage=code&tool=bandit&state=any", "tool=none"]
)
def test_few_findings_are_the_same_ones_in_the_same_order(
    client: Client, people: People, spread: list[Finding], query: str, monkeypatch: Any
) -> None:
    client.force_login(people.chief)
    few = client.get(f"/findings/?{query}").context["findings"]
    monkeypatch.setattr("apps.scans.selectors_pages.FEW", -1)
    assert client.get(f"/findings/?{query}").context["findings"] == few
    assert bool(few) == (query != "tool=none")


def test_what_is_not_kept_is_not_said(people: People, spread: list[Finding]) -> None:
    for wanted in (
        FindingFilter(text="SQL"),
        FindingFilter(cwe=89),
        FindingFilter(kev=True),
        FindingFilter(overdue=True),
        FindingFilter(team="team-a"),
        FindingFilter(tag="later"),
    ):
        assert finding_counts(actor_of(people.chief), wanted) is None


def test_the_page_says_it_beside_each_choice(
    client: Client, people: People, spread: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(people.chief)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/findings/?stage=code").content.decode()
    assert not any("COUNT(" in query["sql"] for query in captured)
    for choice in (
        '<option value="code" selected>Code (6)</option>',
        '<option value="deploy">Deploy (3)</option>',
        '<option value="release">Release (0)</option>',
        "Payments (3)",
        "Bandit (6)",
        "Fixed (2)",
        "Any state (10)",
    ):
        assert choice in page, choice
    assert "Deploy (3)" in client.get("/findings/?q=SQL").content.decode()
    monkeypatch.setattr("apps.scans.selectors_pages.FEW", 1)
    assert "Deploy (" not in client.get("/findings/?q=SQL").content.decode()
    chips = client.get("/findings/?stage=code&tool=Bandit").content.decode()
    assert "Code</" in chips.split('id="results"')[1]


def test_readers_count_only_what_they_see(people: People, spread: list[Finding]) -> None:
    counts = finding_counts(actor_of(people.viewer), FindingFilter())
    assert counts == Counts(
        system={"payments": 6},
        stage={"code": 3, "deploy": 3},
        tool={"Bandit": 3, "checkov": 3},
        state={"open": 6, "fixed": 2, "accepted": 2},
        severity={"0": 2, "2": 2, "4": 2},
    )
