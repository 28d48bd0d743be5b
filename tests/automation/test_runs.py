"""Reports as runs: real reports through the real ingestion, each once."""

import json
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.automation.models import Automation, AutomationRun
from apps.automation.receivers import on_report_processed
from apps.automation.selectors import automations_visible
from apps.automation.words import drift_sentence
from apps.common import events
from apps.evidence.models import ValueUpdate
from apps.evidence.services.updates import policy_set
from apps.scans.models import Finding, Report
from apps.scans.services.ingest import report_ingest
from apps.scans.services.triage import finding_triage
from tests.conftest import People
from tests.factories import actor_of, make_automation, make_item, make_report, make_statement
from tests.risks.test_estimate_kinds import FAIR, NO_RANGES

pytestmark = pytest.mark.django_db(transaction=True)
TESTS = portal_actor("tests")
CASE = '<testcase classname="links" name="{name}">{body}</testcase>'


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)
    monkeypatch.setattr("apps.common.dispatch.send", lambda *_: True)


def junit(**cases: bool) -> bytes:
    """A report of pytest: name of the case to whether it held."""
    bodies = [
        CASE.format(name=name, body="" if held else '<failure message="no">no</failure>')
        for name, held in cases.items()
    ]
    return (
        f'<testsuites><testsuite name="pytest">{"".join(bodies)}</testsuite></testsuites>'.encode()
    )


def journal(*, deviated: bool, status: str = "completed", title: str = "Lost fares") -> bytes:
    """As `chaos run` writes it (Chaos Toolkit, Journal reference)."""
    return json.dumps(
        {
            "chaoslib-version": "1.50.0",
            "experiment": {"title": title},
            "start": "2026-11-01T10:00:00+00:00",
            "end": "2026-11-01T10:05:00+00:00",
            "status": status,
            "deviated": deviated,
            "steady_states": {
                "before": {"steady_state_met": True},
                "after": {"steady_state_met": not deviated},
            },
            "run": [],
            "rollbacks": [],
        }
    ).encode()


def post(people: People, content: bytes, **claim: Any) -> Report:
    """Through ingestion, and its event through the outbox."""
    report = make_report(people.system, content=content, **claim)
    report_ingest(report.pk)
    events.deliver_due()
    report.refresh_from_db()
    assert report.state == "processed", report.error_message
    return report


def last_of(automation: Automation) -> tuple[str, int, int]:
    run = automation.runs.latest("pk")
    return run.outcome, run.passed, run.failed


def test_a_report_of_its_tool_is_a_run_of_it(people: People) -> None:
    tests = make_automation(people.system, tool="PyTest", category="security")
    other = make_automation(people.system, tool="pytest", category="unit")
    foreign = make_automation(people.other_system, tool="pytest")
    retired = make_automation(people.system, tool="pytest")
    Automation.objects.filter(pk=retired.pk).update(is_retired=True)
    claim = {"tool": "pytest", "category": "security", "stage": "test", "commit": "abcdef1234"}
    report = post(people, junit(one=True, two=False, three=True), **claim)
    assert last_of(tests) == ("failed", 2, 1)
    run = tests.runs.get()
    assert (run.revision, run.report) == ("abcdef1234", report)
    post(people, junit(one=True, two=True, three=True), **claim)
    assert last_of(tests) == ("passed", 3, 0)
    assert not AutomationRun.objects.filter(automation__in=[other, foreign, retired]).exists()


def test_a_report_is_one_run_however_often_it_is_told(people: People) -> None:
    tests = make_automation(people.system, tool="pytest")
    report = post(people, junit(one=True), tool="pytest", stage="test")
    on_report_processed(1, {"report_id": report.pk})
    on_report_processed(2, {"report_id": report.pk})
    assert tests.runs.count() == 1


def test_another_branch_is_no_run_of_what_is_declared(people: People) -> None:
    tests = make_automation(people.system, tool="pytest")
    post(people, junit(one=False), tool="pytest", stage="test", branch="topic")
    assert not tests.runs.exists()


def test_one_of_many_by_its_rule_or_title(people: People) -> None:
    two = make_automation(people.system, tool="pytest", pattern="*two*")
    three = make_automation(people.system, tool="pytest", pattern="three")
    post(people, junit(one=True, two=False, three=True), tool="pytest", stage="test")
    assert last_of(two) == ("failed", 0, 1)
    assert last_of(three) == ("passed", 1, 0)


def test_what_a_person_called_wrong_does_not_fail_it(people: People) -> None:
    two = make_automation(people.system, tool="pytest", pattern="*two*")
    content = junit(one=True, two=False)
    post(people, content, tool="pytest", stage="test")
    finding_triage(
        actor=actor_of(people.security),
        finding=Finding.objects.get(),
        verdict="false_positive",
        reason="Flaky.",
    )
    post(people, content + b"\n", tool="pytest", stage="test")
    assert last_of(two) == ("passed", 1, 0)


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (journal(deviated=False), "passed"),
        (journal(deviated=True), "failed"),
        (journal(deviated=False, status="aborted"), "errored"),
    ],
)
def test_experiments(people: People, content: bytes, outcome: str) -> None:
    experiment = make_automation(
        people.system,
        kind="experiment",
        stage="operate",
        hypothesis="Nine bookings in ten succeed.",
        tool="Chaos Toolkit",
        category="lost-fares",
    )
    post(people, content, category="lost-fares", stage="operate")
    run = experiment.runs.get()
    assert run.outcome == outcome
    assert f"{run.ran_at:%Y-%m-%d %H:%M}" == "2026-11-01 10:05"


VULNERABLE = FAIR | {
    "frequency": {
        "kind": "threat",
        "threat_events": {"kind": "point", "value": "10"},
        "vulnerability": {"kind": "beta", "a": "2", "b": "8"},
    },
    "magnitude": {"kind": "point", "value": "1000"},
}


@pytest.mark.parametrize(
    # Beta(2, 8) and one attempt: the posterior's mean is (2 + s) / 11 (Gelman et al., BDA3, 2.4);
    # the expected loss is 10 threat events x vulnerability x 1000.
    ("deviated", "loss"),
    [(True, "2727.27"), (False, "1818.18")],
)
def test_an_experiment_moves_the_value_of_what_it_guards(
    people: People, deviated: bool, loss: str
) -> None:
    statement = make_statement(
        make_item(people.system), published=True, estimate=VULNERABLE, **NO_RANGES
    )
    deaf = make_statement(make_item(people.system), published=True)
    experiment = make_automation(
        people.system,
        kind="experiment",
        stage="operate",
        hypothesis="It holds.",
        tool="Chaos Toolkit",
        statements=[statement, deaf],
        moves_value=True,
    )
    report = post(people, journal(deviated=deviated), stage="operate")
    update = ValueUpdate.objects.get()
    assert (update.statement, update.state) == (statement, "proposed")
    assert str(update.loss_before) == "2000.00"
    assert str(update.loss_after) == loss
    assert update.source == f"{experiment.key} {experiment.name}"
    assert deaf.key in experiment.runs.get().note
    on_report_processed(9, {"report_id": report.pk})
    assert ValueUpdate.objects.count() == 1


def test_an_experiment_that_did_not_finish_teaches_nothing(people: People) -> None:
    statement = make_statement(
        make_item(people.system), published=True, estimate=VULNERABLE, **NO_RANGES
    )
    make_automation(
        people.system,
        kind="experiment",
        stage="operate",
        hypothesis="It holds.",
        tool="Chaos Toolkit",
        statements=[statement],
        moves_value=True,
    )
    post(people, journal(deviated=False, status="aborted"), stage="operate")
    assert AutomationRun.objects.get().outcome == "errored"
    assert not ValueUpdate.objects.exists()


def test_the_analyst_may_have_it_applied(people: People) -> None:
    statement = make_statement(
        make_item(people.system), published=True, estimate=VULNERABLE, **NO_RANGES
    )
    policy_set(actor=TESTS, statement=statement, mode="apply")
    make_automation(
        people.system,
        kind="test",
        tool="pytest",
        statements=[statement],
        moves_value=True,
    )
    post(people, junit(one=False), tool="pytest", stage="test")
    statement.refresh_from_db()
    assert str(statement.valuation.expected_annual_loss) == "2727.27"


def alerts(status: str) -> bytes:
    """As Alertmanager posts it (Prometheus documentation, "Webhook receiver")."""
    alert = {
        "status": status,
        "labels": {"alertname": "NewEgressHost", "severity": "critical", "instance": "b1"},
        "annotations": {"summary": "A booking host calls an address it never called"},
        "startsAt": "2026-11-01T10:00:00Z",
        "endsAt": "2026-11-01T11:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": "c0ffee0123456789",
    }
    told = {
        "version": "4",
        "status": status,
        "receiver": "portal",
        "groupKey": "{}",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "https://alerts.example.org",
        "alerts": [alert],
    }
    return json.dumps(told).encode()


def test_a_signal_warns_and_falls_quiet(people: People) -> None:
    signal = make_automation(
        people.system,
        kind="signal",
        stage="monitor",
        name="Egress to new hosts",
        threshold="one host that was not seen in 30 days",
        signal_of="egress",
        tool="Alertmanager",
        pattern="NewEgressHost",
    )

    def told() -> tuple[str, str]:
        row = automations_visible(TESTS).get(pk=signal.pk)
        return row.drift, drift_sentence(row).split(" of ")[0]

    assert told() == ("never", "Nothing that it watches has reported yet.")
    post(people, alerts("firing"), stage="monitor")
    assert told() == ("failing", "It warns, by the report")
    post(people, alerts("resolved"), stage="monitor")
    assert told() == ("good", "Quiet in the report")
