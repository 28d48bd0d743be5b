"""Rules: tried, switched on, at work as findings arrive, switched off; owners by path and package."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import Team
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, EditConflict, Invalid, Missing, NotPermitted
from apps.common.events import deliver_due
from apps.scans.models import (
    Finding,
    FindingOwner,
    FindingTag,
    OwnersMap,
    OwnerSource,
    Series,
    Triage,
    TriageRule,
)
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_rules import rules_visible
from apps.scans.services.ingest import report_ingest
from apps.scans.services.owners import owners_apply, owners_set
from apps.scans.services.rules import (
    RuleDraft,
    rule_create,
    rule_switch_off,
    rule_switch_on,
    rule_try,
)
from apps.scans.services.triage import finding_triage, triage_undo
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_report
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(key="team-a", name="Team A")


def draft(people: People, **fields: Any) -> RuleDraft:
    values: dict[str, Any] = {
        "name": "Test code",
        "system": people.system,
        "wanted": FindingFilter(path="tests/"),
        "verdict": "accepted",
        "reason": "Never deployed.",
    }
    return RuleDraft(**(values | fields))


def states(*findings: Finding) -> list[str]:
    return [Finding.objects.get(pk=each.pk).state for each in findings]


@pytest.fixture
def found(people: People) -> dict[str, Finding]:
    return {
        "test": make_finding(people.system, path="tests/a.py"),
        "code": make_finding(people.system, path="src/tests/a.py"),
        "fixed": make_finding(people.system, path="tests/b.py", state="fixed"),
        "said": make_finding(people.system, path="tests/c.py", state="false_positive"),
        "foreign": make_finding(people.other_system, path="tests/a.py"),
    }


def test_trying_counts_and_shows_and_changes_nothing(
    people: People, found: dict[str, Finding]
) -> None:
    trial = rule_try(actor=actor_of(people.security), draft=draft(people))
    assert (trial.matching, trial.changing) == (2, 1)
    assert trial.sample == [found["test"]]
    assert states(found["test"]) == ["open"]
    assert TriageRule.objects.count() == 0


def test_trying_says_what_each_action_would_change(
    people: People, found: dict[str, Finding], team: Team
) -> None:
    """`code` has the owner already; `said` has one of the tags, and a list's owner that yields."""
    other = Team.objects.create(key="team-b", name="Team B")
    FindingOwner.objects.create(finding=found["code"], team=team, source=OwnerSource.MAP)
    FindingOwner.objects.create(finding=found["said"], team=other, source=OwnerSource.MAP)
    FindingTag.objects.create(finding=found["said"], tag="quiet")
    mine = make_finding(people.system, path="src/tests/b.py", state="accepted")
    FindingOwner.objects.create(finding=mine, team=other, source=OwnerSource.PERSON)
    for tag in ("quiet", "test"):
        FindingTag.objects.create(finding=mine, tag=tag)
    trial = rule_try(
        actor=actor_of(people.security),
        draft=draft(
            people, wanted=FindingFilter(rule="py/*"), team=team, tags=["test", "quiet", "test"]
        ),
    )
    told = {
        effect.action: (
            effect.count,
            {change.finding.pk: (change.before, change.after) for change in effect.examples},
        )
        for effect in trial.effects
    }
    test, code, said = (found[name].pk for name in ("test", "code", "said"))
    assert told == {
        "state": (2, {test: (("open",), ("accepted",)), code: (("open",), ("accepted",))}),
        "owner": (2, {test: ((), ("team-a",)), said: (("team-b",), ("team-a",))}),
        "tags": (
            3,
            {
                test: ((), ("quiet", "test")),
                code: ((), ("quiet", "test")),
                said: (("quiet",), ("quiet", "test")),
            },
        ),
    }
    assert (trial.matching, trial.changing) == (4, 3)


def test_what_is_switched_on_and_off_is_written_down_whole(people: People, team: Team) -> None:
    actor = actor_of(people.security)
    rule = rule_create(actor=actor, draft=draft(people, team=team, tags=["b", "a"]))
    rule_switch_off(actor=actor, rule=rule)
    entries = AuditEntry.objects.filter(action__startswith="rule.").order_by("id")
    assert [entry.action for entry in entries] == ["rule.create", "rule.switch-off"]
    for entry in entries:
        assert entry.changes["filter"]["path"] == "tests/"
        assert entry.changes | {"filter": 0} == {
            "name": "Test code",
            "filter": 0,
            "verdict": "accepted",
            "justification": "",
            "reason": "Never deployed.",
            "team": "team-a",
            "tags": ["a", "b"],
        }


def test_switched_on_it_sets_state_owner_and_tags_and_off_takes_all_back(
    people: People, found: dict[str, Finding], team: Team
) -> None:
    actor = actor_of(people.security)
    rule = rule_create(actor=actor, draft=draft(people, team=team, tags=["test", "quiet"]))
    assert states(*found.values()) == ["accepted", "open", "fixed", "false_positive", "open"]
    change = found["test"].verdicts.get()
    assert (change.triage.reason, change.triage.rule) == ("Never deployed.", rule)
    marked = {found["test"].pk, found["said"].pk}
    assert set(FindingOwner.objects.values_list("finding_id", flat=True)) == marked
    assert FindingTag.objects.count() == 4
    listed = rules_visible(actor).get()
    assert (listed.finding_count, listed.owner_count, listed.tag_count) == (1, 2, 2)  # type: ignore[attr-defined]
    page = text_of(signed_in(people.security), "/findings/rules/")
    assert "2 owned" in page
    assert "2 tagged" in page
    rule_switch_off(actor=actor, rule=rule)
    assert states(*found.values()) == ["open", "open", "fixed", "false_positive", "open"]
    assert FindingOwner.objects.count() == FindingTag.objects.count() == 0
    with pytest.raises(Conflict):
        rule_switch_off(actor=actor, rule=rule)


def test_on_again_it_says_what_it_said(
    people: People, found: dict[str, Finding], team: Team
) -> None:
    actor, client = actor_of(people.security), signed_in(people.security)
    rule = rule_create(actor=actor, draft=draft(people, team=team, tags=["test"]))
    before = states(*found.values())
    marked = set(FindingOwner.objects.values_list("finding_id", flat=True))
    with pytest.raises(Conflict):
        rule_switch_on(actor=actor, rule=rule)
    for _ in range(2):  # as often as somebody likes
        gone = client.post(f"/findings/rules/{rule.pk}/off/", follow=True).content.decode()
        assert f'action="/findings/rules/{rule.pk}/on/"' in gone  # Undo, and in its row
        assert states(found["test"]) == ["open"]
        back = client.post(f"/findings/rules/{rule.pk}/on/", follow=True).content.decode()
        assert "It is on again" in back
        assert states(*found.values()) == before
        assert set(FindingOwner.objects.values_list("finding_id", flat=True)) == marked
        assert FindingTag.objects.count() == len(marked)
    assert AuditEntry.objects.filter(action="rule.switch-on").count() == 2
    for stranger, status in ((people.viewer, 403), (people.outsider, 404)):
        assert signed_in(stranger).post(f"/findings/rules/{rule.pk}/on/").status_code == status


def test_on_again_it_leaves_what_people_said(people: People, found: dict[str, Finding]) -> None:
    actor = actor_of(people.security)
    rule = rule_create(actor=actor, draft=draft(people))
    for verdict in ("not_affected", "open"):
        finding_triage(actor=actor, finding=found["test"], verdict=verdict, reason="Looked.")
    rule_switch_off(actor=actor, rule=rule)
    rule_switch_on(actor=actor, rule=rule)
    assert states(found["test"]) == ["open"]  # by a person
    # What a person took back of the rule itself stays taken back, too.
    other = make_finding(people.system, path="tests/other.py")
    second = rule_create(actor=actor, draft=draft(people, name="Again"))
    assert states(other) == ["accepted"]
    triage_undo(actor=actor, triage=Triage.objects.get(rule=second))
    rule_switch_off(actor=actor, rule=second)
    rule_switch_on(actor=actor, rule=second)
    assert states(other) == ["open"]


def test_off_leaves_what_was_changed_since(people: People, found: dict[str, Finding]) -> None:
    actor = actor_of(people.security)
    rule = rule_create(actor=actor, draft=draft(people))
    finding_triage(
        actor=actor, finding=found["test"], verdict="not_affected", reason="Looked at it."
    )
    rule_switch_off(actor=actor, rule=rule)
    assert states(found["test"]) == ["not_affected"]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"rule": "py/sql*"}, True),
        ({"rule": "PY/SQL-INJECTION"}, True),
        ({"rule": "py/sql"}, False),
        ({"rule": "*.*"}, False),
        ({"path": "tests/"}, True),
        ({"path": "tests_"}, False),
        ({"component": "pkg:npm/a"}, True),
        ({"component": "pkg:npm/"}, False),
        ({"cwe": 89}, True),
        ({"cwe": 79}, False),
        ({"tool": "SEMGREP"}, True),
        ({"tool": "Bandit"}, False),
        ({"stage": "build"}, False),
        ({"path": "tests/", "severity": 4}, False),
    ],
)
def test_which_findings(people: People, wanted: dict[str, Any], matches: bool) -> None:
    finding = make_finding(people.system, path="tests/a.py", purl="pkg:npm/a@1.0")
    Series.objects.update(tool="Semgrep")
    rule_create(
        actor=actor_of(people.security), draft=draft(people, wanted=FindingFilter(**wanted))
    )
    assert states(finding) == ["accepted" if matches else "open"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"verdict": "open"}, "verdict"),
        ({"verdict": "fixed"}, "verdict"),
        ({"verdict": ""}, "verdict"),
        ({"reason": ""}, "reason"),
        ({"justification": "component_not_present"}, "justification"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": [str(n) for n in range(11)]}, "tags"),
        ({"wanted": FindingFilter()}, "rule"),
        ({"wanted": FindingFilter(state="accepted", overdue=True)}, "rule"),
    ],
)
def test_what_cannot_be(people: People, fields: dict[str, Any], named: str) -> None:
    for service in (rule_try, rule_create):
        with pytest.raises(Invalid) as refused:
            service(actor=actor_of(people.security), draft=draft(people, **fields))
        assert set(refused.value.fields) == {named}


def test_who_may_not(people: People, found: dict[str, Finding]) -> None:
    for person, refusal in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(refusal):
            rule_create(actor=actor_of(person), draft=draft(people))
    with pytest.raises(NotPermitted):
        rule_create(actor=actor_of(people.security), draft=draft(people, system=None))
    rule_create(actor=actor_of(people.chief), draft=draft(people, system=None))
    assert states(found["test"], found["foreign"]) == ["accepted", "accepted"]


# --- as findings arrive --------------------------------------------------------------------------


def sarif(*places: tuple[str, str]) -> bytes:
    """(path, code)."""
    results = [
        {
            "ruleId": "py/x",
            "message": {"text": "Bad."},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": path},
                        "region": {"startLine": 1, "snippet": {"text": code}},
                    }
                }
            ],
        }
        for path, code in places
    ]
    run = {"tool": {"driver": {"name": "Own"}}, "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_worker")
def test_a_story_of_reports(people: People, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.common.dispatch.send", lambda *_: True)

    def post(*places: tuple[str, str]) -> dict[str, str]:
        report = make_report(people.system, content=sarif(*places), stage="code")
        report_ingest(report.pk)
        deliver_due()
        return dict(Finding.objects.values_list("path", "state"))

    actor = actor_of(people.security)
    rule = rule_create(actor=actor, draft=draft(people, tags=["test"]))
    of_team = draft(
        people, wanted=FindingFilter(team="team-a"), verdict="", reason="", tags=["ours"]
    )
    rule_create(actor=actor, draft=of_team)
    owners_set(actor=actor, system=people.system, text="src/ @team-a\n", version=0)
    test, code = ("tests/a.py", "x = 1"), ("src/a.py", "y = 2")
    assert post(test, code) == {"tests/a.py": "accepted", "src/a.py": "open"}
    owner = FindingOwner.objects.get()
    assert (owner.finding.path, owner.team, owner.get_source_display()) == (
        "src/a.py",
        team,
        "the list of owners",
    )
    # The list of owners has spoken before a rule asks who owns what arrives.
    tags = dict(FindingTag.objects.values_list("finding__path", "tag"))
    assert tags == {"tests/a.py": "test", "src/a.py": "ours"}
    (series,) = Series.objects.all()
    assert sum(series.open_counts) == 1
    # Gone and back: the word stays, and is not said twice.
    assert post(code)["tests/a.py"] == "accepted"
    assert post(test, code)["tests/a.py"] == "accepted"
    assert Triage.objects.filter(rule=rule).count() == 1
    # Opened by a person: the rule does not argue.
    finding = Finding.objects.get(path="tests/a.py")
    finding_triage(actor=actor, finding=finding, verdict="open")
    post(code)
    assert post(test, code)["tests/a.py"] == "open"
    # Switched off: new ones stay open.
    rule_switch_off(actor=actor, rule=rule)
    assert post(test, code, ("tests/b.py", "z = 3"))["tests/b.py"] == "open"


# --- owners --------------------------------------------------------------------------------------


def test_the_last_line_that_fits_counts_and_a_rule_has_the_last_word(
    people: People, team: Team
) -> None:
    other = Team.objects.create(key="team-b", name="Team B")
    actor = actor_of(people.security)
    paths = ["src/a.py", "src/b/c.py", "infra/x.tf", "src/generated/y.py"]
    found = {path: make_finding(people.system, path=path) for path in paths}
    found["pkg"] = make_finding(people.system, path="", purl="pkg:npm/%40acme/ui@1")
    foreign = make_finding(people.other_system, path="src/a.py")
    rule_create(
        actor=actor,
        draft=draft(people, wanted=FindingFilter(path="src/b/"), verdict="", team=other, reason=""),
    )
    text = "* @team-a\n*.tf @team-b\n/src/generated/\npkg:npm/%40acme/* @team-b\n"
    owners_set(actor=actor, system=people.system, text=text, version=0)
    assert owners_apply(system_id=people.system.pk) == 3
    told = {
        owner.finding_id: (owner.team.key, int(owner.source))
        for owner in FindingOwner.objects.select_related("team")
    }
    assert told == {
        found["src/a.py"].pk: ("team-a", 2),
        found["src/b/c.py"].pk: ("team-b", 1),
        found["infra/x.tf"].pk: ("team-b", 2),
        found["pkg"].pk: ("team-b", 2),
    }
    assert foreign.pk not in told
    owners_set(actor=actor, system=people.system, text="", version=1)
    assert owners_apply(system_id=people.system.pk) == 0
    assert [owner.finding_id for owner in FindingOwner.objects.all()] == [found["src/b/c.py"].pk]


@pytest.mark.parametrize(
    "pattern",
    ["**/" * 1000, "*a" * 20_000, "(" * 50_000, "pkg:" + "*a" * 100, "a" * 501],
)
def test_a_pattern_that_would_hold_the_database_is_refused(
    people: People, team: Team, pattern: str
) -> None:
    """One such line took two minutes for a single path, or failed for every report (OWASP: ReDoS)."""
    actor = actor_of(people.security)
    make_finding(people.system, path="a/" * 450)
    text = f"* @team-a\n{pattern} @team-a"
    with pytest.raises(Invalid) as refused:
        owners_set(actor=actor, system=people.system, text=text, version=0)
    assert "Line 2: At most 500 characters" in str(refused.value.fields["text"])
    # One that was kept before does no harm.
    owners_set(actor=actor, system=people.system, text="* @team-a", version=0)
    OwnersMap.objects.update(text=text)
    assert owners_apply(system_id=people.system.pk) == 1


@pytest.mark.parametrize(
    "pattern", ["**/" * 20 + "b", "*a" * 20 + "b", "/**/a" * 20 + "/b", "?" * 500]
)
def test_the_dearest_pattern_that_is_read_takes_no_time(
    people: People, team: Team, pattern: str
) -> None:
    for number in range(10):
        make_finding(people.system, path=f"{'a/' * 490}{number}")
    owners_set(
        actor=actor_of(people.security),
        system=people.system,
        text=f"{pattern} @team-a",
        version=0,
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30s'")
    assert owners_apply(system_id=people.system.pk) == 0


def test_owners_that_cannot_be(people: People, team: Team) -> None:
    actor = actor_of(people.security)
    with pytest.raises(Invalid) as refused:
        owners_set(
            actor=actor, system=people.system, text="* @team-a\n* @nobody\n!x @team-a", version=0
        )
    told = " ".join(refused.value.fields["text"])
    assert "Line 2" in told
    assert "Line 3" in told
    owners_set(actor=actor, system=people.system, text="* @team-a", version=0)
    with pytest.raises(EditConflict):
        owners_set(actor=actor, system=people.system, text="", version=0)
    for person, refusal in ((people.viewer, NotPermitted), (people.outsider, Missing)):
        with pytest.raises(refusal):
            owners_set(actor=actor_of(person), system=people.system, text="", version=1)


# --- the doors -----------------------------------------------------------------------------------


def test_over_the_api(people: People, found: dict[str, Finding], team: Team) -> None:
    api = as_user(people.security)
    body = {
        "name": "Test code",
        "filter": {"system": "payments", "path": "tests/"},
        "verdict": "accepted",
        "reason": "Never deployed.",
        "team": "team-a",
        "tags": ["test"],
    }
    tried = api.post("/triage-rules", body | {"dry_run": True}).json()
    assert (tried["matching"], tried["changing"]) == (2, 2)
    assert {each["action"]: each["count"] for each in tried["effects"]} == {
        "state": 1,
        "owner": 2,
        "tags": 2,
    }
    example = tried["effects"][0]["examples"][0]
    assert (example["finding"]["id"], example["before"], example["after"]) == (
        found["test"].pk,
        ["open"],
        ["accepted"],
    )
    made = api.post("/triage-rules", body)
    assert (made.status_code, made.json()["findings"], made.json()["team"]) == (201, 1, "team-a")
    assert len(api.get("/findings", team="team-a", state="any").json()["results"]) == 2
    (tagged,) = api.get("/findings", tag="test", state="accepted").json()["results"]
    assert (tagged["owner"], tagged["tags"]) == ("team-a", ["test"])
    assert as_user(people.outsider).get(made["Location"]).status_code == 404
    assert as_user(people.outsider).get("/triage-rules").json()["results"] == []
    assert len(as_user(people.viewer).get("/triage-rules").json()["results"]) == 1
    off = api.post(f"{made['Location']}/off")
    assert (off.status_code, off.json()["is_on"]) == (202, False)
    assert problem_fields(api.post("/triage-rules", body | {"team": "x"})) == {"team"}
    assert problem_fields(api.post("/triage-rules", body | {"verdict": "open"})) == {"verdict"}
    everywhere = body | {"filter": {"path": "tests/"}}
    assert api.post("/triage-rules", everywhere).status_code == 403
    assert as_pipeline(people.system).get("/triage-rules").status_code == 403


def test_owners_over_the_api(people: People, team: Team) -> None:
    api = as_user(people.security)
    path = "/systems/payments/owners"
    assert api.get(path).json() == {"text": "", "version": 0}
    edited = api.edit(path, {"text": "* @team-a\n"})
    assert edited.json() == {"text": "* @team-a\n", "version": 1}
    assert problem_fields(api.edit(path, {"text": "* @none"})) == {"text"}
    assert api.patch(path, {"text": ""}, if_match='"0"').status_code == 412
    assert as_user(people.viewer).get(path).status_code == 200
    assert as_user(people.viewer).edit(path, {"text": ""}).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404


def test_on_the_pages(people: People, found: dict[str, Finding], team: Team) -> None:
    client = Client()
    client.force_login(people.security)
    assert client.get("/findings/rules/new/").status_code == 200
    body = {
        "name": "Test code",
        "system": "payments",
        "path": "tests/",
        "verdict": "accepted",
        "reason": "Never deployed.",
        "team": "team-a",
        "tags": "test, quiet",
    }
    tried = client.post("/findings/rules/new/", body).content.decode()
    assert found["test"].title in tried
    assert "1 finding would change" in tried
    assert "2 findings would change" in tried
    assert states(found["test"]) == ["open"]
    assert client.post("/findings/rules/new/", body | {"reason": ""}).status_code == 422
    made = client.post("/findings/rules/new/", body | {"confirm": "1"})
    assert made["Location"] == "/findings/rules/"
    assert states(found["test"]) == ["accepted"]
    assert "Never deployed." in client.get("/findings/rules/").content.decode()
    page = client.get(f"/findings/{found['test'].pk}/").content.decode()
    assert "Team A" in page
    assert "?tag=quiet" in page
    listed = client.get("/findings/?team=team-a&state=accepted").content.decode()
    assert found["test"].title in listed
    assert found["code"].title not in listed
    owners = "/findings/owners/payments/"
    assert client.post(owners, {"text": "* @none", "version": "0"}).status_code == 422
    assert client.post(owners, {"text": "* @team-a", "version": "0"}).status_code == 302
    assert client.post(owners, {"text": "", "version": "0"}).status_code == 422
    assert "* @team-a" in client.get(owners).content.decode()
    rule = TriageRule.objects.get()
    assert client.post(f"/findings/rules/{rule.pk}/off/").status_code == 302
    assert states(found["test"]) == ["open"]
    client.force_login(people.viewer)
    assert client.get("/findings/rules/").status_code == 200
    assert client.get(owners).status_code == 200
    assert client.get("/findings/rules/new/").status_code == 403
    assert client.post(owners, {"text": "", "version": "1"}).status_code == 403
    client.force_login(people.outsider)
    assert client.get(owners).status_code == 404
    assert client.post(f"/findings/rules/{rule.pk}/off/").status_code == 404
