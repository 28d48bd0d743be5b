"""A decision remembers what it was made on, and asks to be confirmed when that has changed."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.models import User
from apps.common.errors import Conflict, NotPermitted
from apps.planning.models import Decision, Option, PlanningItem
from apps.planning.services.decisions import decisions_expire
from apps.risks.changes import changes_since, decisions_to_confirm
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_confirm, decision_record_with_treatments
from apps.risks.services.endings import statement_withdraw
from apps.risks.services.statements import statement_edit, statement_publish
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement, statement_text

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def revise(statement: RiskStatement, **fields: Any) -> RiskStatement:
    statement.refresh_from_db()
    statement_edit(
        actor=TESTS,
        statement=statement,
        version=statement.version,
        content=statement_text(**fields),
    )
    statement_publish(actor=TESTS, statement=statement)
    statement.refresh_from_db()
    return statement


class Case:
    """An item with an option, one risk on it, and a decision for it."""

    def __init__(self, people: People, **decided: Any) -> None:
        self.item: PlanningItem = make_item(people.system)
        self.option: Option = make_option(self.item)
        self.risk = make_statement(option=self.option, published=True)
        self.decision: Decision = decision_record_with_treatments(
            actor=actor_of(people.architect),
            item=self.item,
            option=self.option,
            reason="It is cheap.",
            **{"treatments": {self.risk.pk: "accept"}} | decided,
        )


@pytest.fixture
def case(people: People) -> Case:
    return Case(people)


def kinds(decision: Decision) -> list[tuple[str, bool]]:
    return [(each.kind, each.is_material) for each in changes_since(decision)]


def waiting(people: People) -> list[Decision]:
    return list(decisions_to_confirm(actor_of(people.architect)))


def test_nothing_changed_nothing_asked(people: People, case: Case) -> None:
    assert kinds(case.decision) == []
    assert waiting(people) == []


def test_a_value_that_doubled_is_material(people: People, case: Case) -> None:
    """Twice the frequency, both ends: by linearity exactly twice the expected loss."""
    before = case.risk.valuation.expected_annual_loss
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    (change,) = changes_since(case.decision)
    assert (change.kind, change.then) == ("moved", before)
    assert change.now == pytest.approx(2 * before, abs=Decimal("0.02"))
    assert waiting(people) == [case.decision]


@pytest.mark.parametrize(("percent", "asked"), [(19, False), (21, True), (-19, False), (-21, True)])
def test_how_much_is_material_is_the_organisations(
    people: People, case: Case, percent: int, asked: bool
) -> None:
    factor = 1 + Decimal(percent) / 100
    revise(case.risk, frequency_low=Decimal("0.1") * factor, frequency_high=factor)
    assert kinds(case.decision) == [("moved", True) if asked else ("revised", False)]
    assert bool(waiting(people)) == asked


def test_the_organisation_may_say_otherwise(people: People, case: Case, settings: Any) -> None:
    settings.SECOPS_MATERIAL_CHANGE_PERCENT = 150
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    assert kinds(case.decision) == [("revised", False)]
    assert waiting(people) == []


def test_other_words_alone_ask_nothing(people: People, case: Case) -> None:
    revise(case.risk, rationale="Now with a source.")
    assert kinds(case.decision) == [("revised", False)]
    assert waiting(people) == []


def test_a_risk_that_was_withdrawn_and_one_that_is_new(people: People, case: Case) -> None:
    statement_withdraw(actor=TESTS, statement=case.risk, reason="The bucket is gone.")
    make_statement(case.item, published=True)
    other = make_option(case.item, title="Something else")
    make_statement(option=other, published=True)  # of what was not chosen: nobody runs it
    assert kinds(case.decision) == [("withdrawn", True), ("new", True)]
    assert waiting(people) == [case.decision]


def test_confirming_takes_the_values_of_today(people: People, case: Case) -> None:
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    confirmed = decision_confirm(actor=actor_of(people.architect), decision=case.decision)
    assert (confirmed.option, confirmed.valid_until) == (case.option, case.decision.valid_until)
    assert confirmed.reason == "Confirmed. It is cheap."
    (choice,) = confirmed.treatments.all()
    assert (choice.treatment, choice.revision_id) == ("accept", case.risk.published_id)
    case.decision.refresh_from_db()
    assert case.decision.end == "replaced"
    (old,) = case.decision.treatments.all()
    assert old.revision_id != choice.revision_id  # what was decided on then is on record
    assert kinds(confirmed) == []
    assert waiting(people) == []
    with pytest.raises(Conflict):
        decision_confirm(actor=actor_of(people.architect), decision=case.decision)


def test_a_withdrawn_risk_has_no_treatment_any_more(people: People, case: Case) -> None:
    statement_withdraw(actor=TESTS, statement=case.risk, reason="The bucket is gone.")
    confirmed = decision_confirm(actor=actor_of(people.architect), decision=case.decision)
    assert not confirmed.treatments.exists()
    assert kinds(confirmed) == []


def test_who_may_confirm(people: People, case: Case) -> None:
    with pytest.raises(NotPermitted):
        decision_confirm(actor=actor_of(people.viewer), decision=case.decision)
    assert list(decisions_to_confirm(actor_of(people.outsider))) == []


# --- what nobody said a treatment of -------------------------------------------------------------


def test_every_risk_is_recorded_whatever_is_said_of_its_treatment(people: People) -> None:
    item = make_item(people.system)
    chosen, other = make_option(item), make_option(item, title="Something else")
    of_option = make_statement(option=chosen, published=True)
    of_item = make_statement(item, published=True)
    make_statement(option=chosen)  # a draft: in no value
    make_statement(option=other, published=True)  # nobody runs it
    decision = decision_record_with_treatments(
        actor=actor_of(people.architect), item=item, option=chosen, reason="Cheap.", treatments={}
    )
    recorded = {
        (each.statement_id, each.revision_id, each.valuation_id, each.treatment)
        for each in decision.treatments.all()
    }
    assert recorded == {
        (each.pk, each.published_id, each.published and each.published.valuation_id, "")
        for each in (of_option, of_item)
    }
    told = as_user(people.viewer).get(f"/items/{item.key}/decisions").json()
    (shown,) = told.get("results", told)
    assert {each["treatment"] for each in shown["treatments"]} == {""}


def test_it_asks_to_be_confirmed_for_a_risk_of_which_nothing_was_said(people: People) -> None:
    """Ten times the frequency: by linearity ten times the expected loss."""
    case = Case(people, treatments={})
    before = case.risk.valuation.expected_annual_loss
    revise(case.risk, frequency_low=Decimal(1), frequency_high=Decimal(10))
    (change,) = changes_since(case.decision)
    assert (change.kind, change.then) == ("moved", before)
    assert change.now == pytest.approx(10 * before, abs=Decimal("0.1"))
    client, path = browser(people.architect), f"/planning/{case.item.key}/"
    assert b"Decisions to confirm" in client.get("/").content
    page = client.get(path).content.decode()
    assert "What it was made on has changed" in page
    assert "Treatment not said" in page
    record = client.get(f"{path}decisions/{case.decision.pk}.md").content.decode()
    assert f"No treatment was said of {case.risk.key} (revision 1)" in record
    client.post(f"{path}confirm/", {"decision": case.decision.pk}, follow=True)
    confirmed = Decision.objects.get(item=case.item, ended_at=None)
    (choice,) = confirmed.treatments.all()
    assert (choice.treatment, choice.revision_id) == ("", case.risk.published_id)
    assert kinds(confirmed) == []


def test_of_a_decision_without_records_nothing_false_is_said(people: People) -> None:
    """As those are that were recorded before every risk was: what it was made on is not known."""
    case = Case(people, treatments={})
    case.decision.treatments.all().delete()
    revise(case.risk, frequency_low=Decimal(1), frequency_high=Decimal(10))
    assert kinds(case.decision) == []
    assert waiting(people) == []
    page = browser(people.viewer).get(f"/planning/{case.item.key}/").content
    assert b"has changed" not in page
    assert b"Treatment not said" not in page


def test_a_new_risk_stays_new_when_it_is_revised(people: People, case: Case) -> None:
    revise(make_statement(case.item, published=True), rationale="With a source.")
    assert kinds(case.decision) == [("new", True)]
    assert waiting(people) == [case.decision]


# --- pages and API -------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_owner_is_told_and_confirms(people: People, case: Case) -> None:
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    client, path = browser(people.architect), f"/planning/{case.item.key}/"
    assert b"Decisions to confirm" in client.get("/").content
    assert b"Decisions to confirm" not in browser(people.viewer).get("/").content
    assert b"What it was made on has changed" in client.get(path).content
    shown = browser(people.viewer).get(path).content
    assert b"What it was made on has changed" in shown
    assert b"Confirm the decision" not in shown
    stale = client.post(f"{path}confirm/", {"decision": "0"}, follow=True)
    assert b"look again" in stale.content
    read = re.search(r'name="read" value="([^"]+)"', client.get(path).content.decode())
    assert read is not None
    revise(case.risk, frequency_low=Decimal("0.3"), frequency_high=Decimal(3))
    given = {"decision": case.decision.pk, "read": read[1]}
    other = client.post(f"{path}confirm/", given, follow=True)
    assert b"have changed since you read them" in other.content
    read = re.search(r'name="read" value="([^"]+)"', other.content.decode())
    assert read is not None
    done = client.post(f"{path}confirm/", given | {"read": read[1]}, follow=True)
    assert b"Confirmed, on what the risks are worth now" in done.content
    assert b"What it was made on has changed" not in done.content
    said = {"decision": Decision.objects.latest("pk").pk}
    assert browser(people.viewer).post(f"{path}confirm/", said).status_code == 403
    assert browser(people.outsider).post(f"{path}confirm/", said).status_code == 404


def test_after_it_expired_the_review_shows_what_changed(people: People) -> None:
    case = Case(people, valid_until=timezone.localdate() + dt.timedelta(days=1))
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    decisions_expire(timezone.localdate() + dt.timedelta(days=2))
    page = browser(people.architect).get(f"/planning/{case.item.key}/").content
    assert b"Since the decision that expired" in page
    assert b"Confirm the decision" not in page


def test_on_its_last_day_it_is_recorded_anew(people: People) -> None:
    case = Case(people, valid_until=timezone.localdate() + dt.timedelta(days=1))
    Decision.objects.filter(pk=case.decision.pk).update(valid_until=timezone.localdate())
    path = f"/planning/{case.item.key}/confirm/"
    page = browser(people.architect).post(path, {"decision": case.decision.pk}, follow=True)
    assert b"This is its last day" in page.content
    case.decision.refresh_from_db()
    assert case.decision.ended_at is None


def test_the_api_says_the_same(people: People, case: Case) -> None:
    before = case.risk.valuation.expected_annual_loss
    revise(case.risk, frequency_low=Decimal("0.2"), frequency_high=Decimal(2))
    api = as_user(people.architect)
    (change,) = api.get(f"/decisions/{case.decision.pk}/changes").json()
    assert change == {
        "kind": "moved",
        "material": True,
        "statement": case.risk.key,
        "then": str(before),
        "now": str(case.risk.valuation.expected_annual_loss),
    }
    path = f"/decisions/{case.decision.pk}/confirm"
    assert as_user(people.viewer).post(path).status_code == 403
    assert as_user(people.outsider).post(path).status_code == 404
    made = api.post(path, {"reason": "Still cheap."})
    assert (made.status_code, made.json()["reason"]) == (201, "Still cheap.")
    assert api.post(path).status_code == 409
