"""Whose findings are, by a person's word: it holds against rules and lists, and can be taken back."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Team
from apps.audit.models import AuditEntry
from apps.common.errors import Invalid, Missing, NotPermitted
from apps.common.events import deliver_due
from apps.scans.models import Finding, FindingOwner, OwnerChange, Triage, TriageRule
from apps.scans.selectors import FindingFilter
from apps.scans.services import triage_steps
from apps.scans.services.assign import finding_own, owner_start
from apps.scans.services.ingest import report_ingest
from apps.scans.services.owners import owners_apply, owners_set
from apps.scans.services.rules import RuleDraft, rule_create, rule_switch_off
from apps.scans.services.triage import triage_run, triage_undo
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_report, make_series
from tests.scans.test_rules import sarif

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams(db: None) -> tuple[Team, Team, Team]:
    """By a list, by a rule, by hand."""
    names = ("listed", "ruled", "chosen")
    return tuple(Team.objects.create(key=name, name=name.title()) for name in names)  # type: ignore[return-value]


def owner(finding: Finding) -> tuple[str, int] | None:
    """(the team's key, who says so: 0 a person, 1 a rule, 2 the list)."""
    row = FindingOwner.objects.filter(finding=finding).select_related("team").first()
    return (row.team.key, int(row.source)) if row else None


def ruled(people: People, team: Team) -> TriageRule:
    draft = RuleDraft(
        name="Infra", system=people.system, wanted=FindingFilter(path="infra/"), team=team
    )
    return rule_create(actor=actor_of(people.security), draft=draft)


def test_a_story_of_one_finding(people: People, teams: tuple[Team, Team, Team]) -> None:
    """A list says whose it is, then a rule, then a person; each comes back as the next one goes."""
    _, rule_team, chosen = teams
    actor = actor_of(people.security)
    finding = make_finding(people.system, path="infra/x.tf")
    owners_set(actor=actor, system=people.system, text="* @listed\n", version=0)
    owners_apply(system_id=people.system.pk)
    assert owner(finding) == ("listed", 2)
    rule = ruled(people, rule_team)
    assert owner(finding) == ("ruled", 1)

    act = finding_own(actor=actor, finding=finding, team=chosen)
    assert (act.state, act.about, act.changed, owner(finding)) == (
        "done",
        "owner",
        1,
        ("chosen", 0),
    )
    assert finding_own(actor=actor, finding=finding, team=chosen).changed == 0
    # Nothing but a person says otherwise.
    owners_apply(system_id=people.system.pk)
    rule_switch_off(actor=actor, rule=rule)
    rule = ruled(people, rule_team)
    assert owner(finding) == ("chosen", 0)
    # Cleared: the rule says it again; undone: the person's word is back, and what was before it.
    cleared = finding_own(actor=actor, finding=finding, team=None)
    assert (cleared.about, owner(finding)) == ("no_owner", ("ruled", 1))
    triage_undo(actor=actor, triage=cleared)
    assert owner(finding) == ("chosen", 0)
    triage_undo(actor=actor, triage=act)
    assert owner(finding) == ("ruled", 1)
    rule_switch_off(actor=actor, rule=rule)
    assert owner(finding) == ("listed", 2)
    entries = AuditEntry.objects.filter(action="triage.start").order_by("id")
    assert entries[0].changes == {"about": "owner", "team": "chosen", "total": 1}


def test_undoing_leaves_what_was_changed_since(
    people: People, teams: tuple[Team, Team, Team]
) -> None:
    _, second, first = teams
    actor = actor_of(people.security)
    one, two = make_finding(people.system), make_finding(people.system)
    act = owner_start(actor=actor, team=first, findings=[one.pk, two.pk])
    later = finding_own(actor=actor, finding=two, team=second)
    undone = triage_undo(actor=actor, triage=act)
    assert (undone.restored, owner(one), owner(two)) == (1, None, ("ruled", 0))
    # Taken back itself, the later word gives back the one before it, which was a person's, too.
    triage_undo(actor=actor, triage=later)
    assert owner(two) == ("chosen", 0)


@pytest.mark.django_db(transaction=True)
def test_many_are_a_workers_and_go_in_steps(
    people: People, teams: tuple[Team, Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a filter that the act itself makes untrue: whose owner is another one."""
    sent: list[int] = []
    monkeypatch.setattr("apps.scans.dispatch.send", lambda _, pk: sent.append(pk))
    monkeypatch.setattr(triage_steps, "STEP", 40)
    actor = actor_of(people.security)
    chosen = teams[2]
    sides = [make_series(people.system, tool=tool) for tool in "ab"]
    found = [make_finding(series=series) for series in sides for _ in range(103)]
    foreign = make_finding(people.other_system)
    owners_set(actor=actor, system=people.system, text="* @listed\n", version=0)
    owners_apply(system_id=people.system.pk)
    act = owner_start(actor=actor, team=chosen, wanted=FindingFilter(team="listed"))
    assert (act.state, act.total, sent) == ("running", 206, [act.pk])
    seen = []
    while triage_steps.triage_step(act.pk):
        act.refresh_from_db()
        seen.append(act.changed)
    assert seen == [40, 80, 103, 143, 183, 206]
    act.refresh_from_db()
    assert act.state == "done"
    assert {owner(each) for each in found} == {("chosen", 0)}
    assert owner(foreign) is None
    undone = triage_undo(actor=actor, triage=act)
    triage_run(undone.pk)
    undone.refresh_from_db()
    assert (undone.state, undone.restored) == ("undone", 206)
    assert {owner(each) for each in found} == {("listed", 2)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_worker")
def test_it_outlives_the_next_reports(
    people: People, teams: tuple[Team, Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.common.dispatch.send", lambda *_: True)
    _, rule_team, chosen = teams
    actor = actor_of(people.security)
    place = ("infra/x.tf", "x = 1")

    def post(*places: tuple[str, str]) -> None:
        report = make_report(people.system, content=sarif(*places), stage="code")
        report_ingest(report.pk)
        while deliver_due():
            pass

    ruled(people, rule_team)
    post(place)
    finding = Finding.objects.get()
    assert owner(finding) == ("ruled", 1)
    finding_own(actor=actor, finding=finding, team=chosen)
    post(("infra/y.tf", "y = 2"))
    post(place)
    assert owner(finding) == ("chosen", 0)


def test_who_may_not(people: People, teams: tuple[Team, Team, Team]) -> None:
    chosen = teams[2]
    finding = make_finding(people.system)
    for person, refusal in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(refusal):
            finding_own(actor=actor_of(person), finding=finding, team=chosen)
    # Security elsewhere may, of their own: what is foreign is not touched, named or found.
    elsewhere = actor_of(people.outsider)
    for meant in ({"findings": [finding.pk]}, {"wanted": FindingFilter()}):
        assert owner_start(actor=elsewhere, team=chosen, **meant).total == 0
    assert OwnerChange.objects.count() == FindingOwner.objects.count() == 0
    wrongs: list[dict[str, Any]] = [
        {},
        {"findings": []},
        {"findings": [1], "wanted": FindingFilter()},
    ]
    for wrong in wrongs:
        with pytest.raises(Invalid) as refused:
            owner_start(actor=actor_of(people.security), team=chosen, **wrong)
        assert set(refused.value.fields) == {"findings"}


def test_a_team_that_is_gone_meanwhile_owns_nothing(
    people: People, teams: tuple[Team, Team, Team]
) -> None:
    """A running act whose team is deleted neither sets nor clears anything; undoing one is no error."""
    actor = actor_of(people.security)
    _, gone, chosen = teams
    kept, lost = make_finding(people.system), make_finding(people.system)
    finding_own(actor=actor, finding=kept, team=chosen)
    act = finding_own(actor=actor, finding=lost, team=gone)
    Triage.objects.filter(pk=act.pk).update(state="running", cursor_series=0, cursor_finding=0)
    gone.delete()
    triage_run(act.pk)
    assert (owner(kept), owner(lost)) == (("chosen", 0), None)
    act.refresh_from_db()
    assert triage_undo(actor=actor, triage=act).restored == 0


def test_over_the_api(people: People, teams: tuple[Team, Team, Team]) -> None:
    api = as_user(people.security)
    finding, other = make_finding(people.system), make_finding(people.system)
    path = f"/findings/{finding.pk}/owner"
    assert api.get(path).json() == {"team": None, "said_by": None, "rule": None}
    made = api.post(path, {"team": "chosen"})
    assert (made.status_code, made.json()["about"], made.json()["team"]) == (
        201,
        "owner",
        "chosen",
    )
    assert api.get(path).json() == {"team": "chosen", "said_by": "person", "rule": None}
    many = {"team": "ruled", "filter": {"system": "payments"}}
    assert api.post("/findings/owner", many | {"dry_run": True}).json() == {"total": 2}
    done = api.post("/findings/owner", many)
    assert (done.status_code, done.json()["changed"]) == (202, 2)
    assert api.post(f"{done['Location']}/undo").json()["restored"] == 2
    assert (owner(finding), owner(other)) == (("chosen", 0), None)
    listed = {each["id"]: each["owner"] for each in api.get("/findings").json()["results"]}
    assert listed == {finding.pk: "chosen", other.pk: None}
    unowned = api.get("/findings", team="!").json()["results"]
    assert [each["id"] for each in unowned] == [other.pk]
    assert api.get(f"/findings/{finding.pk}").json()["owner"] == "chosen"
    assert api.post(path, {"team": None}).json()["about"] == "no_owner"
    assert owner(finding) is None
    for wrong in ({"team": "x"}, {}, {"team": 7}):
        assert problem_fields(api.post(path, wrong)) == {"team"}
    assert problem_fields(api.post("/findings/owner", {"team": "ruled"})) == {"findings"}
    assert as_user(people.viewer).get(path).status_code == 200
    assert as_user(people.viewer).post(path, {"team": "chosen"}).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404
    assert as_user(people.outsider).post(path, {"team": "chosen"}).status_code == 404
    assert as_pipeline(people.system).post(path, {"team": "chosen"}).status_code == 403


def test_on_the_pages(client: Client, people: People, teams: tuple[Team, Team, Team]) -> None:
    finding, other = make_finding(people.system), make_finding(people.system)
    client.force_login(people.security)
    page = f"/findings/{finding.pk}/"
    saved = client.post(f"{page}owner/", {"team": "chosen"}, follow=True).content.decode()
    assert "Owner: Chosen" in saved
    assert "says a person" in saved
    undo = f"/findings/triage/{Triage.objects.get().uid}/undo/"
    assert undo in saved
    assert "Owner: Chosen (taken back)" in client.post(undo, follow=True).content.decode()
    assert owner(finding) is None
    refused = client.post(f"{page}owner/", {})  # nothing is chosen: the field says so, on its page
    assert refused.status_code == 422
    assert list(refused.context["owner_form"].errors) == ["team"]
    assert 'aria-invalid="true"' in refused.content.decode()
    # Many: shown first, then done, then left to rules and lists again.
    assert 'formaction="/findings/owner/?system=payments"' in (
        client.get("/findings/?system=payments").content.decode()
    )
    many = "/findings/owner/?system=payments"
    shown = client.post(many, {"team": "ruled", "meant": "all"}).content.decode()
    assert "Owner of 2 findings" in shown
    assert other.title in shown
    assert FindingOwner.objects.count() == 0
    ticked: dict[str, Any] = {"team": "ruled", "finding": [other.pk], "confirm": "1"}
    done = client.post(many, ticked, follow=True)
    assert b"Owner of 1 finding" in done.content
    assert (owner(finding), owner(other)) == (None, ("ruled", 0))
    unowned = client.get("/findings/?team=!").content.decode()
    assert finding.title in unowned
    assert other.title not in unowned
    client.post(many, {"team": "*", "meant": "all", "confirm": "1"})
    assert owner(other) is None
    nothing = client.post(many, {"team": "*", "meant": "all"}).content.decode()
    assert "Nothing would change" in nothing
    for wrong in ("", "x", "\x00"):
        assert client.post(many, {"team": wrong, "confirm": "1"}).status_code == 422
    client.force_login(people.viewer)
    assert client.post(many, {"team": "ruled"}).status_code == 403
    assert client.post(f"{page}owner/", {"team": "ruled"}).status_code == 403
    assert client.post(f"{page}owner/", {}).status_code == 403
    assert "Say whose it is" not in client.get(page).content.decode()
    client.force_login(people.outsider)
    assert client.post(f"{page}owner/", {"team": "ruled"}).status_code == 404
