"""The register of risks to look through: what is dear, what was accepted until when, what to mend first."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.evidence.services.links import link_create
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_record_with_treatments
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_item, make_option, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def keys(user: User, query: str = "") -> list[str]:
    """The keys of the rows, in their order."""
    page = signed_in(user).get(f"/risks/{query}").content.decode()
    return re.findall(r'class="row-sub">(RS-\d+) ·', page)


def risk(people: People, dearness: int, **given: Any) -> RiskStatement:
    """Once a year in the middle, a loss of `dearness` thousand."""
    ends = {"magnitude_low": Decimal(dearness * 900), "magnitude_high": Decimal(dearness * 1100)}
    item = given.pop("item", None) or make_item(people.system)
    values: dict[str, Any] = {"published": True, **ends, **given}
    return make_statement(item, **values)


def test_the_dearest_come_first_and_ended_ones_not(people: People) -> None:
    cheap, dear, middle = (risk(people, each) for each in (10, 1000, 100))
    gone = risk(people, 5000)
    RiskStatement.objects.filter(pk=gone.pk).update(state="withdrawn")
    risk(people, 9000, item=make_item(people.other_system))  # of a system that is not seen
    assert keys(people.viewer) == [dear.key, middle.key, cheap.key]
    assert keys(people.viewer, "?state=withdrawn") == [gone.key]
    assert keys(people.viewer, "?order=new") == [middle.key, dear.key, cheap.key]
    assert keys(people.viewer, "?q=nobody+wrote+this") == []


def accept(people: People, statement: RiskStatement, until: dt.date | None) -> None:
    assert statement.option is not None
    decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=statement.item,
        option=statement.option,
        reason="The season is short.",
        valid_until=until,
        treatments={statement.pk: "accept"},
    )


def test_who_accepted_what_until_when(people: People) -> None:
    today = timezone.localdate()
    late, soon, open_end = (
        make_statement(
            option=make_option(make_item(people.system, status="open")),
            published=True,
            condition=f"Case {number}",
        )
        for number in range(3)
    )
    risk(people, 1000)
    accept(people, late, today + dt.timedelta(days=90))
    accept(people, soon, today + dt.timedelta(days=3))
    accept(people, open_end, None)
    assert keys(people.viewer, "?treatment=accept&order=until") == [
        soon.key,
        late.key,
        open_end.key,
    ]
    assert len(keys(people.viewer, "?treatment=none")) == 1
    page = text_of(signed_in(people.viewer), "/risks/?treatment=accept&order=until")
    assert page.count("Ari Architect") == 3
    assert "The season is short." in page
    assert keys(people.outsider, "?treatment=accept") == []


def test_what_to_mend_first_is_what_the_dearest_risks_rest_on(people: People) -> None:
    dear, cheap, quiet = risk(people, 1000), risk(people, 10), risk(people, 5000)
    for number in range(5):
        finding = make_finding(people.system, title=f"Hole {number}", severity=number)
        link_create(actor=actor_of(people.security), statement=dear, finding=finding)
    mended = make_finding(people.system, title="Mended", state="fixed")
    for statement in (dear, quiet):
        link_create(actor=actor_of(people.security), statement=statement, finding=mended)
    finding = make_finding(people.system, title="Small crack", severity=1)
    link_create(actor=actor_of(people.security), statement=cheap, finding=finding)
    assert keys(people.viewer, "?evidence=open") == [dear.key, cheap.key]
    page = text_of(signed_in(people.viewer), "/risks/?evidence=open")
    shown = [title for title in (*(f"Hole {n}" for n in range(5)), "Mended") if title in page]
    assert shown == ["Hole 2", "Hole 3", "Hole 4"]


def test_words_of_a_draft_find_it_for_its_writers_alone(people: People) -> None:
    statement = risk(people, 10, condition="The old words")
    RiskStatement.objects.filter(pk=statement.pk).update(condition="The secret rewording")
    assert keys(people.security, "?q=secret+rewording") == [statement.key]
    assert keys(people.viewer, "?q=secret+rewording") == []
    assert "secret rewording" not in text_of(signed_in(people.viewer), "/risks/")


def test_the_portfolio_leads_to_the_risks_that_it_counts(people: People) -> None:
    item = make_item(people.system, status="open")
    carried = risk(people, 10, item=item)
    risk(people, 10, item=make_item(people.system, status="idea"))
    page = signed_in(people.viewer).get("/portfolio/").content.decode()
    assert "/risks/?carried=yes&amp;system=payments" in page
    assert keys(people.viewer, "?carried=yes") == [carried.key]


def test_a_decision_that_said_nothing_of_a_risk_leaves_it_without_a_treatment(
    people: People,
) -> None:
    """A decision keeps every risk that it was made on, whether or not it says what is done about it."""
    option = make_option(make_item(people.system, status="open"))
    accepted, unsaid = (
        make_statement(option=option, published=True, condition=f"Case {number}")
        for number in range(2)
    )
    accept(people, accepted, None)
    assert keys(people.viewer, "?treatment=none") == [unsaid.key]
    assert keys(people.viewer, "?treatment=accept") == [accepted.key]


def test_ended_risks_are_found_by_their_words(people: People) -> None:
    gone, other = risk(people, 10, condition="Paper tickets"), risk(people, 20)
    RiskStatement.objects.filter(pk__in=[gone.pk, other.pk]).update(state="withdrawn")
    assert keys(people.viewer, "?q=paper+tickets") == []
    assert keys(people.viewer, "?q=paper+tickets&state=withdrawn") == [gone.key]
