"""An act of triage is taken back by who may triage now, and says so only where it was."""

import datetime as dt

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.accounts.roles import Role, Scope
from apps.catalog.services import system_archive, system_restore
from apps.scans.models import Finding, Triage, TriageState
from apps.scans.selectors import FindingFilter
from apps.scans.services.rules import RuleDraft, rule_create, rule_switch_off
from apps.scans.services.triage import finding_triage, triage_run, triages_send_due
from tests.api.conftest import Api
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(people: People) -> Triage:
    return finding_triage(
        actor=actor_of(people.security),
        finding=make_finding(people.system),
        verdict="false_positive",
        reason="A file of tests.",
    )


def undo(people: People, done: Triage, scope: Scope = Scope.WRITE) -> tuple[int, str]:
    """The status, and what the act says of itself afterwards."""
    api = Api(make_token(people.security, scope).text)
    status = api.post(f"/triage/{done.uid}/undo", {}).status_code
    done.refresh_from_db()
    return status, done.state


def says() -> str:
    return str(Finding.objects.get().state)


def test_a_token_that_reads_takes_nothing_back(people: People, done: Triage) -> None:
    assert undo(people, done, Scope.READ) == (403, TriageState.DONE)
    assert says() == "false_positive"


def test_whose_role_ended_takes_nothing_back_and_spoils_it_for_nobody(
    people: People, done: Triage
) -> None:
    held = Membership.objects.filter(user=people.security)
    for role in (Role.VIEWER, Role.ARCHITECT):
        held.update(role=role)
        assert undo(people, done) == (403, TriageState.DONE)
    held.update(role=Role.SECURITY)
    assert undo(people, done) == (202, TriageState.UNDONE)
    assert says() == "open"


def test_who_triages_elsewhere_only_takes_nothing_back_here(people: People, done: Triage) -> None:
    Membership.objects.filter(user=people.security).update(system=people.other_system)
    assert undo(people, done) == (404, TriageState.DONE)
    assert says() == "false_positive"


def test_a_rule_for_all_systems_goes_whole(people: People) -> None:
    """Its owners and tags went on archived systems, too, and its states did not."""
    finding = make_finding(people.system, path="intake/a.py")
    who = actor_of(people.chief)
    wanted = FindingFilter(path="intake/")
    draft = RuleDraft("Ours", wanted, verdict="accepted", reason="As agreed.", tags=("ours",))
    rule = rule_create(actor=who, draft=draft)
    finding.refresh_from_db()
    assert finding.state == "accepted"
    system_archive(actor=actor_of(people.admin), system=people.system, because="Switched off")
    rule_switch_off(actor=actor_of(people.chief), rule=rule)
    finding.refresh_from_db()
    assert (finding.state, finding.tags.count()) == ("open", 0)
    assert {act.state for act in Triage.objects.all()} == {TriageState.UNDONE}


def test_a_rule_is_taken_back_whole_though_its_process_dies(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the commit that switches it off and the work: nobody could have pressed again."""
    finding = make_finding(people.system, path="intake/a.py")
    who = actor_of(people.security)
    draft = RuleDraft(
        "Ours",
        FindingFilter(path="intake/"),
        system=people.system,
        verdict="accepted",
        reason="So.",
    )
    rule = rule_create(actor=who, draft=draft)

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr("apps.scans.services.rules.triage_carry_out", dies)
    with pytest.raises(SystemExit):
        rule_switch_off(actor=who, rule=rule)
    act = Triage.objects.get()
    assert act.state == TriageState.UNDOING
    Triage.objects.update(next_send_at=timezone.now() - dt.timedelta(hours=1))

    def works(number: int) -> bool:
        triage_run(number)
        return True

    monkeypatch.setattr("apps.scans.dispatch.triage", works)
    assert triages_send_due() == 1
    finding.refresh_from_db()
    assert finding.state == "open"


def test_of_an_archived_system_it_waits(people: People, done: Triage) -> None:
    who = actor_of(people.admin)
    system_archive(actor=who, system=people.system, because="Switched off")
    assert undo(people, done) == (409, TriageState.DONE)
    system_restore(actor=who, system=people.system)
    assert undo(people, done) == (202, TriageState.UNDONE)
    assert says() == "open"
