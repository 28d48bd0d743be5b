"""Rules of findings link what they find to a risk: tried, as findings arrive, once, and taken back."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Team
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.common.events import deliver_due
from apps.evidence.models import EvidenceLink
from apps.evidence.receivers import on_report_sorted, on_rule_switched_off, on_rule_switched_on
from apps.evidence.services.links import link_create, link_dismiss, rule_create
from apps.evidence.services.triage_rules import (
    triage_rule_create,
    triage_rule_switch_on,
    triage_rule_try,
)
from apps.risks.models import RiskStatement
from apps.risks.services.endings import statement_withdraw
from apps.scans.models import Finding, TriageRule
from apps.scans.selectors import FindingFilter
from apps.scans.services.ingest import report_ingest
from apps.scans.services.rules import RuleDraft, rule_switch_off
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_finding,
    make_item,
    make_report,
    make_series,
    make_statement,
)
from tests.scans.test_rules import sarif

pytestmark = pytest.mark.django_db


@pytest.fixture
def statement(people: People) -> RiskStatement:
    return make_statement(make_item(people.system), published=True)


def draft(people: People, **fields: Any) -> RuleDraft:
    values: dict[str, Any] = {
        "name": "Intake",
        "system": people.system,
        "wanted": FindingFilter(path="intake/"),
    }
    return RuleDraft(**(values | fields))


def linked(statement: RiskStatement) -> set[int]:
    rows = EvidenceLink.objects.filter(statement=statement, dismissed_at=None)
    return set(rows.values_list("finding_id", flat=True))


def test_a_story_of_one_rule(people: People, statement: RiskStatement) -> None:
    """Tried, on, dismissed and linked by people meanwhile, off: what people said stays."""
    actor = actor_of(people.security)
    plain, dismissed, by_hand, by_other = (
        make_finding(people.system, path=f"intake/{name}.py") for name in "abcd"
    )
    make_finding(series=make_series(people.system, is_preview=True), path="intake/preview.py")
    make_finding(people.system, path="intake/fixed.py", state="fixed")
    make_finding(people.other_system, path="intake/a.py")
    Finding.objects.filter(pk=by_other.pk).update(cwes=[22])
    other = make_statement(statement.item, published=True)
    link_create(actor=actor, statement=other, finding=plain)

    trial = triage_rule_try(actor=actor, draft=draft(people), statement=statement)
    assert (trial.matching, trial.changing) == (4, 4)
    (effect,) = trial.effects
    assert (effect.action, effect.count) == ("statement", 4)
    told = {each.finding.pk: (each.before, each.after) for each in effect.examples}
    assert told[by_other.pk] == ((), (statement.key,))
    assert told.get(plain.pk, ((other.key,), (other.key, statement.key))) == (
        (other.key,),
        (other.key, statement.key),
    )
    assert (linked(statement), TriageRule.objects.count()) == (set(), 0)

    rule = triage_rule_create(actor=actor, draft=draft(people), statement=statement)
    every = {plain.pk, dismissed.pk, by_hand.pk, by_other.pk}
    assert linked(statement) == every
    entry = AuditEntry.objects.get(action="rule.link")
    assert entry.changes == {"statement": statement.key, "linked": 4}
    again = triage_rule_try(actor=actor, draft=draft(people), statement=statement)
    assert (again.effects[0].count, again.changing) == (0, 0)

    link_dismiss(actor=actor, link=EvidenceLink.objects.get(finding=dismissed))
    link_create(actor=actor, statement=statement, finding=by_hand)
    rule_create(actor=actor, statement=statement, cwes=[22])
    rule_switch_off(actor=actor, rule=rule)
    for _ in range(2):  # the outbox delivers at least once
        on_rule_switched_off(0, {"rule_id": rule.pk})
        assert linked(statement) == {by_hand.pk, by_other.pk}
    assert EvidenceLink.objects.get(finding=dismissed).dismissed_at is not None

    triage_rule_switch_on(actor=actor, rule=rule)
    on_rule_switched_off(0, {"rule_id": rule.pk})  # as late as the outbox may be
    for _ in range(2):
        on_rule_switched_on(0, {"rule_id": rule.pk})
        assert linked(statement) == every - {dismissed.pk}
    assert as_user(people.security).post(f"/triage-rules/{rule.pk}/on").status_code == 409
    rule_switch_off(actor=actor, rule=rule)
    statement_withdraw(actor=actor, statement=statement, reason="Gone.")
    with pytest.raises(Conflict, match="counts no longer"):
        triage_rule_switch_on(actor=actor, rule=rule)


@pytest.mark.django_db(transaction=True)
def test_a_story_of_reports(
    people: People, statement: RiskStatement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules of scans speak first: the tag that one sets, the other one asks for."""
    for sender in ("apps.common.dispatch.send", "apps.scans.dispatch.send"):
        monkeypatch.setattr(sender, lambda *_: True)  # the test is the worker
    actor = actor_of(people.security)

    def post(*places: tuple[str, str]) -> set[str]:
        report = make_report(people.system, content=sarif(*places), stage="code")
        report_ingest(report.pk)
        while deliver_due():
            pass
        on_report_sorted(0, {"report_id": report.pk})
        found = Finding.objects.filter(pk__in=linked(statement))
        return set(found.values_list("path", flat=True))

    tagging = draft(people, name="Exposed", tags=["exposed"])
    triage_rule_create(actor=actor, draft=tagging)
    asks = draft(people, wanted=FindingFilter(tag="exposed"))
    rule = triage_rule_create(actor=actor, draft=asks, statement=statement)
    first, second, elsewhere = (
        ("intake/a.py", "x = 1"),
        ("intake/b.py", "y = 2"),
        ("src/a.py", "z = 3"),
    )
    assert post(first, elsewhere) == {"intake/a.py"}
    assert post(first, second, elsewhere) == {"intake/a.py", "intake/b.py"}
    rule_switch_off(actor=actor, rule=rule)
    assert post(first, second, elsewhere, ("intake/c.py", "w = 4")) == set()


def test_a_rule_of_all_systems_links_those_of_the_statement(
    people: People, statement: RiskStatement
) -> None:
    here = make_finding(people.system, path="intake/a.py")
    make_finding(people.other_system, path="intake/a.py")
    everywhere = draft(people, system=None)
    trial = triage_rule_try(actor=actor_of(people.chief), draft=everywhere, statement=statement)
    assert (trial.matching, trial.changing) == (2, 1)
    triage_rule_create(actor=actor_of(people.chief), draft=everywhere, statement=statement)
    assert linked(statement) == {here.pk}
    # Whoever may not see the risk sees the rule without it.
    told = as_user(people.outsider).get("/triage-rules").json()["results"]
    assert [(each["name"], each["statement"], each["linked"]) for each in told] == [
        ("Intake", None, 0)
    ]


def test_what_cannot_be(people: People, statement: RiskStatement) -> None:
    actor = actor_of(people.chief)
    foreign = make_statement(make_item(people.other_system), published=True)
    ended = make_statement(statement.item, published=True)
    RiskStatement.objects.filter(pk=ended.pk).update(state="withdrawn")
    ended.refresh_from_db()
    for wrong in (foreign, ended):
        with pytest.raises(Invalid) as refused:
            triage_rule_create(actor=actor, draft=draft(people), statement=wrong)
        assert set(refused.value.fields) == {"statement"}
    with pytest.raises(Invalid) as nothing:
        triage_rule_create(actor=actor, draft=draft(people))
    assert set(nothing.value.fields) == {"verdict"}
    for person, refusal in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(refusal):
            triage_rule_create(actor=actor_of(person), draft=draft(people), statement=statement)
    assert TriageRule.objects.count() == 0


def test_over_the_api(people: People, statement: RiskStatement) -> None:
    finding = make_finding(people.system, path="intake/a.py")
    foreign = make_statement(make_item(people.other_system), published=True)
    Team.objects.create(key="team-a", name="Team A")
    api = as_user(people.security)
    body = {
        "name": "Intake",
        "filter": {"system": "payments", "path": "intake/"},
        "statement": statement.key,
    }
    tried = api.post("/triage-rules", body | {"dry_run": True, "team": "team-a"}).json()
    assert {each["action"]: each["count"] for each in tried["effects"]} == {
        "owner": 1,
        "statement": 1,
    }
    made = api.post("/triage-rules", body)
    told = made.json()
    assert (made.status_code, told["statement"], told["linked"]) == (201, statement.key, 1)
    (link,) = api.get(f"/statements/{statement.key}/evidence").json()["results"]
    assert (link["finding"]["id"], link["rule"], link["triage_rule"]) == (
        finding.pk,
        None,
        told["id"],
    )
    for wrong in (foreign.key, "RS-999999", "7"):
        answer = api.post("/triage-rules", body | {"statement": wrong})
        assert problem_fields(answer) == {"statement"}


def test_on_the_pages(client: Client, people: People, statement: RiskStatement) -> None:
    finding = make_finding(people.system, path="intake/a.py", title="Query built from input")
    foreign = make_statement(make_item(people.other_system), published=True)
    client.force_login(people.security)
    evidence = f"/risks/RS-{statement.pk}/evidence/"
    way = f"/findings/rules/new/?system=payments&amp;statement={statement.key}"
    assert way in client.get(evidence).content.decode()
    form = client.get(way.replace("&amp;", "&")).content.decode()
    assert f'value="{statement.key}"' in form
    body = {
        "name": "Intake rule",
        "system": "payments",
        "path": "intake/",
        "severity": "3",
        "statement": statement.key,
    }
    for wrong in (foreign.key, f"{statement.key}, {foreign.key}", "x"):
        refused = client.post("/findings/rules/new/", body | {"statement": wrong})
        assert refused.status_code == 422
    tried = client.post("/findings/rules/new/", body).content.decode()
    assert "Risk that they bear on" in tried
    assert "1 finding would change" in tried
    assert client.post("/findings/rules/new/", body | {"confirm": "1"}).status_code == 302
    listed = client.get("/findings/rules/").content.decode()
    assert f"/risks/RS-{statement.pk}/" in listed
    assert ">High<" in "".join(listed.split())
    assert "Intake rule" in client.get(evidence).content.decode()
    assert "by rule: Intake rule" in client.get(f"/risks/RS-{statement.pk}/").content.decode()
    assert "by the rule Intake rule" in client.get(f"/findings/{finding.pk}/").content.decode()
