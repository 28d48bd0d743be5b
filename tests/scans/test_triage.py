"""What people say of findings: it holds, it can be taken back, and many go as one."""

import threading

import pytest
from django.db import connection

from apps.accounts.actors import Actor
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.scans.models import Finding, Series, Triage, TriageChange
from apps.scans.selectors import FindingFilter
from apps.scans.services import triage_steps
from apps.scans.services.ingest import report_ingest
from apps.scans.services.triage import (
    finding_triage,
    triage_run,
    triage_start,
    triage_undo,
    triages_send_due,
)
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_report, make_series

pytestmark = pytest.mark.django_db
REASON = "Test code."


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What went to the broker; nobody takes it."""
    taken: list[int] = []

    def send(task: str, number: int) -> bool:
        if task == "scans.triage":
            taken.append(number)
        return True

    monkeypatch.setattr("apps.scans.dispatch.send", send)
    return taken


def opened(series: Series) -> list[int]:
    series.refresh_from_db()
    return list(series.open_counts)


def states(*findings: Finding) -> list[str]:
    return [Finding.objects.get(pk=each.pk).state for each in findings]


def test_a_verdict_on_one_finding_and_its_undoing(people: People) -> None:
    finding = make_finding(people.system, severity=4)
    actor = actor_of(people.security)
    triage = finding_triage(
        actor=actor, finding=finding, verdict="false_positive", reason="  Not reachable. "
    )
    assert (triage.state, triage.total, triage.changed) == ("done", 1, 1)
    assert triage.reason == "Not reachable."
    assert states(finding) == ["false_positive"]
    assert opened(finding.series) == [0, 0, 0, 0, 0]
    undone = triage_undo(actor=actor, triage=triage)
    assert (undone.state, undone.restored) == ("undone", 1)
    assert states(finding) == ["open"]
    assert opened(finding.series) == [0, 0, 0, 0, 1]
    told = AuditEntry.objects.filter(action__startswith="triage.").order_by("id")
    assert [entry.action for entry in told] == [
        "triage.start",
        "triage.done",
        "triage.undo",
        "triage.undone",
    ]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"verdict": "fixed", "reason": REASON}, "verdict"),
        ({"verdict": "nonsense", "reason": REASON}, "verdict"),
        ({"verdict": "accepted", "reason": "  "}, "reason"),
        ({"verdict": "accepted", "reason": "x" * 501}, "reason"),
        (
            {"verdict": "accepted", "reason": REASON, "justification": "component_not_present"},
            "justification",
        ),
        ({"verdict": "not_affected", "reason": REASON, "justification": "x"}, "justification"),
    ],
)
def test_what_cannot_be_said(people: People, said: dict[str, str], named: str) -> None:
    finding = make_finding(people.system)
    with pytest.raises(Invalid) as refused:
        finding_triage(actor=actor_of(people.security), finding=finding, **said)
    assert set(refused.value.fields) == {named}
    assert Triage.objects.count() == 0


def test_who_may_not(people: People) -> None:
    finding = make_finding(people.system)
    for person in (people.viewer, people.architect):
        with pytest.raises(NotPermitted):
            finding_triage(
                actor=actor_of(person), finding=finding, verdict="accepted", reason=REASON
            )
    with pytest.raises(Missing):
        finding_triage(
            actor=actor_of(people.outsider), finding=finding, verdict="accepted", reason=REASON
        )
    named = triage_start(
        actor=actor_of(people.outsider), verdict="accepted", reason=REASON, findings=[finding.pk]
    )
    assert (named.total, named.changed) == (0, 0)
    assert states(finding) == ["open"]


def test_a_fixed_finding_stays_fixed(people: People) -> None:
    finding = make_finding(people.system, state="fixed", is_present=False)
    actor = actor_of(people.security)
    with pytest.raises(Conflict):
        finding_triage(actor=actor, finding=finding, verdict="accepted", reason=REASON)
    triage_start(actor=actor, verdict="accepted", reason=REASON, findings=[finding.pk])
    assert states(finding) == ["fixed"]


def test_open_again_of_what_no_report_sees_any_more_is_fixed(people: People) -> None:
    finding = make_finding(people.system, state="accepted", is_present=False)
    finding_triage(actor=actor_of(people.security), finding=finding, verdict="open")
    finding.refresh_from_db()
    assert finding.state == "fixed"
    assert finding.fixed_at is not None


def test_a_filter_reaches_what_the_list_shows_and_no_more(people: People) -> None:
    mine = [make_finding(people.system, title="in a test", severity=2) for _ in range(3)]
    other_words = make_finding(people.system, title="elsewhere")
    lower = make_finding(people.system, title="in a test", severity=1)
    foreign = make_finding(people.other_system, title="in a test", severity=2)
    said = make_finding(people.system, title="in a test", state="accepted", severity=2)
    triage = triage_start(
        actor=actor_of(people.security),
        verdict="accepted",
        reason=REASON,
        wanted=FindingFilter(text="in a test", severity=2),
    )
    assert (triage.total, triage.changed) == (3, 3)
    assert states(*mine) == ["accepted"] * 3
    assert states(other_words, lower, foreign) == ["open"] * 3
    triage_undo(actor=actor_of(people.security), triage=triage)
    assert states(*mine, said) == ["open"] * 3 + ["accepted"]


def test_undoing_leaves_what_was_changed_since(people: People) -> None:
    first, second = make_finding(people.system), make_finding(people.system)
    actor = actor_of(people.security)
    many = triage_start(
        actor=actor, verdict="accepted", reason=REASON, findings=[first.pk, second.pk]
    )
    finding_triage(actor=actor, finding=second, verdict="false_positive", reason=REASON)
    undone = triage_undo(actor=actor, triage=many)
    assert (undone.changed, undone.restored) == (2, 1)
    assert states(first, second) == ["open", "false_positive"]
    with pytest.raises(Conflict):
        triage_undo(actor=actor, triage=many)


# --- many ----------------------------------------------------------------------------------------


@pytest.fixture
def hundreds(people: People, sent: list[int], monkeypatch: pytest.MonkeyPatch) -> list[Series]:
    """Three series with 250 findings together, and steps of 40."""
    monkeypatch.setattr(triage_steps, "STEP", 40)
    rows = [make_series(people.system) for _ in range(3)]
    for series, count in zip(rows, (100, 100, 50), strict=True):
        example = make_finding(series=series)
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO scans_finding (system_id, series_id, stage, is_preview, fingerprint,
                       content_hash, state, is_present, severity, kind, rule_id, title, path, line,
                       place, purl, cwes, vulnerabilities, first_seen_at, reopened_count)
                   SELECT system_id, series_id, stage, is_preview, sha256(n::text::bytea),
                       content_hash, state, is_present, severity, kind, rule_id, title, path, n,
                       place, purl, cwes, vulnerabilities, first_seen_at, 0
                   FROM scans_finding, generate_series(2, %s) n WHERE id = %s""",
                [count, example.pk],
            )
    return rows


def start(people: People) -> Triage:
    return triage_start(
        actor=actor_of(people.security),
        verdict="accepted",
        reason=REASON,
        wanted=FindingFilter(system="payments"),
    )


@pytest.mark.django_db(transaction=True)
def test_many_are_a_workers_and_go_in_steps(
    people: People, hundreds: list[Series], sent: list[int]
) -> None:
    triage = start(people)
    assert (triage.state, triage.total, triage.changed) == ("running", 250, 0)
    assert sent == [triage.pk]
    with pytest.raises(Conflict):
        triage_undo(actor=actor_of(people.security), triage=triage)
    seen = []
    while triage_steps.triage_step(triage.pk):
        triage.refresh_from_db()
        seen.append(triage.changed)
    assert seen == [40, 80, 100, 140, 180, 200, 240, 250]
    triage.refresh_from_db()
    assert triage.state == "done"
    assert [opened(series) for series in hundreds] == [[0, 0, 0, 0, 0]] * 3
    undone = triage_undo(actor=actor_of(people.security), triage=triage)
    triage_run(undone.pk)
    undone.refresh_from_db()
    assert (undone.state, undone.restored) == ("undone", 250)
    assert [opened(series) for series in hundreds] == [
        [0, 0, 0, 100, 0],
        [0, 0, 0, 100, 0],
        [0, 0, 0, 50, 0],
    ]


@pytest.mark.django_db(transaction=True)
def test_what_comes_after_it_was_asked_for_is_not_meant(
    people: People, hundreds: list[Series], sent: list[int]
) -> None:
    triage = start(people)
    late = make_finding(series=hundreds[2])
    triage_run(triage.pk)
    assert states(late) == ["open"]
    assert opened(hundreds[2]) == [0, 0, 0, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_step_that_fails_leaves_nothing_half_done_and_is_sent_again(
    people: People, hundreds: list[Series], sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    triage = start(people)
    triage_steps.triage_step(triage.pk)
    with monkeypatch.context() as broken:
        broken.setattr(triage_steps, "counts_refresh", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            triage_run(triage.pk)
    assert Finding.objects.filter(state="accepted").count() == 40
    assert TriageChange.objects.count() == 40
    Triage.objects.update(next_send_at="2020-01-01T00:00Z")
    assert triages_send_due() == 1
    assert triages_send_due() == 0  # it has its time now
    assert sent == [triage.pk, triage.pk]
    triage_run(triage.pk)
    triage.refresh_from_db()
    assert (triage.state, triage.changed) == ("done", 250)


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_it(people: People, hundreds: list[Series], sent: list[int]) -> None:
    triage = start(people)
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        triage_run(triage.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    triage.refresh_from_db()
    assert (triage.state, triage.changed) == ("done", 250)
    assert TriageChange.objects.count() == 250


@pytest.mark.django_db(transaction=True)
def test_rights_that_ended_meanwhile_are_gone(
    people: People, hundreds: list[Series], sent: list[int]
) -> None:
    triage = start(people)
    triage_steps.triage_step(triage.pk)
    people.security.memberships.all().delete()
    triage_run(triage.pk)
    triage.refresh_from_db()
    assert (triage.state, triage.changed) == ("done", 40)


# --- and the next report -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_said_outlives_the_next_reports(people: People, sent: list[int]) -> None:
    def post(*lines: int) -> None:
        report_ingest(make_report(people.system, content=sarif(*lines), stage="code").pk)

    actor = actor_of(people.security)
    post(1, 2, 3)
    one, two, three = Finding.objects.order_by("line")
    finding_triage(actor=actor, finding=one, verdict="accepted", reason=REASON)
    judged = finding_triage(actor=actor, finding=two, verdict="false_positive", reason=REASON)
    post(1, 2, 3)
    assert states(one, two, three) == ["accepted", "false_positive", "open"]
    post(3)
    assert states(one, two, three) == ["accepted", "false_positive", "open"]
    post(1, 2, 3)
    assert states(one, two, three) == ["accepted", "false_positive", "open"]
    post(1, 3)
    triage_undo(actor=actor, triage=judged)
    assert states(two) == ["fixed"]  # taken back after it was gone: nothing is open
    (series,) = Series.objects.all()
    assert opened(series) == [0, 0, 0, 1, 0]


def test_a_person_who_left_changes_nothing(people: People) -> None:
    finding = make_finding(people.system)
    gone = Actor(user=None)
    with pytest.raises((Missing, NotPermitted)):
        finding_triage(actor=gone, finding=finding, verdict="accepted", reason=REASON)
