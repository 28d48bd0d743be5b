"""What risks of the same kind were valued at: opened on request only, and only of what the reader may see."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.advice.comparables import GUIDANCE, PLACE, WEAKNESS, Likeness, comparables
from apps.evidence.services.incidents import IncidentInput, incident_record
from apps.guidance.models import Guidance
from apps.risks.models import RiskStatement
from apps.risks.services.statements import statement_create, statement_publish
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_guidance,
    make_item,
    make_statement,
    statement_text,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
DAY = dt.date(2026, 5, 4)


@pytest.fixture
def guidance() -> Guidance:
    return make_guidance(published=True, title="Signed upload addresses")


def _made_from(guidance: Guidance, people: People, **fields: Any) -> RiskStatement:
    statement = statement_create(
        actor=TESTS,
        item=make_item(people.system),
        option=None,
        content=statement_text(**fields),
        origin=guidance.current,
    )
    statement_publish(actor=TESTS, statement=statement)
    return statement


def _weak(people: People, *cwes: int, **fields: Any) -> RiskStatement:
    item = make_item(people.system)
    return make_statement(item, published=True, cwes=list(cwes), **fields)


def test_the_closest_stand_first_and_a_place_alone_stands_in(
    people: People, guidance: Guidance
) -> None:
    viewer, place = actor_of(people.viewer), Likeness("plan", people.system.criticality)
    neighbour = _weak(people)
    make_statement(make_item(people.system))  # a draft is no value
    found = comparables(viewer, place).rows
    assert [(each.statement, each.closeness) for each in found] == [(neighbour, PLACE)]
    weakness, same = _weak(people, 79, 89), _made_from(guidance, people)
    kind = Likeness("plan", people.system.criticality, cwes=[79], guidance=guidance.pk)
    found = comparables(viewer, kind).rows
    assert [(each.statement, each.closeness) for each in found] == [
        (same, GUIDANCE),
        (weakness, WEAKNESS),
    ]
    itself = Likeness("plan", 1, cwes=[79], guidance=guidance.pk, without=same.pk)
    assert [each.statement for each in comparables(viewer, itself).rows] == [weakness]


def test_ranges_and_what_happened_are_told(people: People, guidance: Guidance) -> None:
    first = _made_from(guidance, people, frequency_low=Decimal("0.1"), frequency_high=Decimal(1))
    _made_from(guidance, people, frequency_low=Decimal("0.02"), frequency_high=Decimal("0.5"))
    happened = IncidentInput(
        kind="incident", began_on=DAY, ended_on=DAY, times=2, summary="Read by strangers",
        loss=Decimal(34_000), statements=[first],
    )  # fmt: skip
    incident_record(actor=TESTS, system=people.system, content=happened)
    found = comparables(actor_of(people.viewer), Likeness("build", 1, guidance=guidance.pk))
    assert found.often == ("once in 50 years", "1 per year")
    assert found.losses == (Decimal(10_000), Decimal(500_000))
    told = {each.statement: (each.times, each.loss) for each in found.rows}
    assert told[first] == (2, Decimal(34_000))
    page = text_of(
        signed_in(people.viewer),
        f"/planning/PI-{first.item_id}/comparables/?guidance={guidance.pk}",
    )
    assert "once in 10 years to 1 per year" in page
    assert "Happened 2 times" in page


def test_a_stranger_learns_of_nothing(people: People, guidance: Guidance) -> None:
    mine = _made_from(guidance, people)
    foreign = make_item(people.other_system)
    page = f"/planning/PI-{foreign.pk}/comparables/?guidance={guidance.pk}"
    shown = text_of(signed_in(people.outsider), page)
    assert "No published risk that you may see is like it" in shown
    assert mine.key not in shown
    other = f"/planning/PI-{foreign.pk}/comparables/?statement={mine.pk}"
    assert signed_in(people.outsider).get(other).status_code == 404
    for person in (people.viewer, people.nobody):
        assert signed_in(person).get(page).status_code == 404
    for odd in ("?cwes=CWE-79,%00,x", "?cwes=99999999999999999999", "?guidance=x&statement=-1"):
        assert signed_in(people.outsider).get(page.partition("?")[0] + odd).status_code == 200


def test_the_form_holds_no_number_of_others_until_it_is_asked(
    people: People, guidance: Guidance
) -> None:
    _made_from(guidance, people, frequency_high=Decimal(7), magnitude_high=Decimal(765_432))
    item = make_item(people.system)
    form = text_of(signed_in(people.security), f"/risks/new/?item=PI-{item.pk}")
    assert f'hx-get="/planning/PI-{item.pk}/comparables/' in form
    # "765,432", "765432" or "765k", but not what a made-up name counts up to.
    assert re.search(r"(?<!\w)765(\W?432|\W?k)\b", form) is None
    assert "they open only when you ask" in form


def test_over_the_api(people: People, guidance: Guidance) -> None:
    same, other = _made_from(guidance, people), _made_from(guidance, people)
    elsewhere = make_item(people.other_system)
    make_statement(elsewhere, published=True, cwes=list(same.cwes))
    told = as_user(people.viewer).get(f"/statements/{same.key}/comparables").json()
    assert [(one["statement"], one["alike_by"]) for one in told["risks"]] == [
        (other.key, "guidance")
    ]
    assert told["risks"][0]["frequency_low"] == "0.100000"
    answer = as_user(people.outsider).get(f"/statements/{same.key}/comparables")
    assert answer.status_code == 404
