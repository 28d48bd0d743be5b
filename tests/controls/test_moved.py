"""What a control moved, as its page says: from what was published, its own part told apart."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from apps.automation.services.runs import RunInput, run_tell
from apps.controls.models import Control, ControlStatus
from apps.controls.moved import Moved, moved_by
from apps.risks.models import RiskStatement
from apps.risks.services.statements import statement_edit, statement_publish
from tests.advice.test_pages_item import words_of
from tests.api.conftest import as_user
from tests.conftest import People
from tests.controls.test_controls import KNOWN, MOSTLY, TESTS, control, item, stands, statement
from tests.factories import (
    make_automation,
    make_control,
    make_effect,
    make_guidance,
    make_statement,
    statement_text,
)
from tests.pages import signed_in, text_of
from tests.risks.test_estimate_kinds import NO_RANGES

__all__ = ["control", "item", "statement"]  # fixtures

pytestmark = pytest.mark.django_db
TWICE = KNOWN | {"magnitude": {"kind": "point", "value": "20000"}}
COST = Decimal(3000)


def sums(told: Moved) -> list[Decimal | None]:
    """Before, today, and what it took away."""
    return [told.before, told.today, told.taken]


def move(told: Moved, statement: RiskStatement) -> list[Decimal | None]:
    one = told.moves[statement.pk]
    return [one.before, one.today, one.taken]


def moved(control: Control, *statements: RiskStatement) -> Moved:
    found = moved_by(control, COST, [each.pk for each in statements])
    assert found is not None
    return found


def rewritten(statement: RiskStatement, *, publish: bool = True) -> None:
    """Each event costs twice as much as it did."""
    statement.refresh_from_db()
    content = statement_text(estimate=TWICE, **NO_RANGES)
    edited = statement_edit(
        actor=TESTS, statement=statement, version=statement.version, content=content
    )
    if publish:
        statement_publish(actor=TESTS, statement=edited, note="")


def test_before_today_and_what_it_took_away(
    people: People, statement: RiskStatement, control: Control
) -> None:
    assert moved_by(control, COST, [statement.pk]) is None  # planned: it moved nothing
    stands(people, control, ControlStatus.IN_PLACE)
    told = moved(control, statement)
    assert sums(told) == [20_000, 4_500, 15_500]
    assert told.rosi == pytest.approx((15_500 - 3_000) / 3_000)
    assert told.since == statement.revisions.get(number=2).published_at
    # Judged anew: it takes half of the events away, as it turns out.
    make_effect(control, statement, frequency="0.5")
    told = moved(control, statement)
    assert sums(told) == [20_000, 10_000, 10_000]
    stands(people, control, ControlStatus.RETIRED)
    assert moved_by(control, COST, [statement.pk]) is None


def test_what_others_moved_is_not_its_own(
    people: People, statement: RiskStatement, control: Control
) -> None:
    stands(people, control, ControlStatus.IN_PLACE)
    since = moved(control, statement).since
    rewritten(statement)  # 9,000 are left
    another = make_control(people.system)
    make_effect(another, statement, loss="0.5")
    stands(people, another, ControlStatus.IN_PLACE)  # 4,500
    told = moved(control, statement)
    assert sums(told) == [20_000, 4_500, 15_500]
    assert told.since == since
    assert moved(another, statement).taken == 4_500


def test_what_began_together_is_told_and_not_added_up(
    people: People, statement: RiskStatement, control: Control
) -> None:
    rewritten(statement, publish=False)
    stands(people, control, ControlStatus.IN_PLACE)
    statement.refresh_from_db()
    statement_publish(actor=TESTS, statement=statement, note="")
    alone = make_statement(statement.item, published=True, estimate=KNOWN, **NO_RANGES)
    make_effect(control, alone, frequency="0.5")
    told = moved(control, statement, alone)
    assert (told.known, told.unknown) == (1, 1)
    assert move(told, statement) == [20_000, 9_000, None]
    assert sums(told) == [20_000, 10_000, 10_000]


def test_what_counted_from_the_first_publication_on(people: People, control: Control) -> None:
    stands(people, control, ControlStatus.IN_PLACE)
    [covered] = RiskStatement.objects.all()
    draft = make_statement(covered.item, estimate=KNOWN, **NO_RANGES)
    make_effect(control, draft, frequency=MOSTLY)
    draft.refresh_from_db()
    assert moved_by(control, COST, [draft.pk]) is None
    statement_publish(actor=TESTS, statement=draft, note="")
    told = moved(control, draft)
    assert move(told, draft) == [None, 4_500, None]
    assert (told.known, told.unknown) == (0, 1)
    assert "nothing was published without it" not in (
        text_of(signed_in(people.viewer), f"/controls/{control.key}/")
    )  # of the other risk that is known


def test_the_page_says_it(
    people: People, statement: RiskStatement, control: Control, django_assert_max_num_queries: Any
) -> None:
    client, path = signed_in(people.viewer), f"/controls/{control.key}/"
    page = text_of(client, path)
    assert "Nothing: it is not in place" in page
    assert "No script, test or signal is declared" in page
    stands(people, control, ControlStatus.IN_PLACE)
    article = make_guidance(published=True)
    Control.objects.filter(pk=control.pk).update(guidance=article)
    guard = make_automation(people.system, statements=[statement], name="Sign-in tests")
    make_automation(people.system, guidance=[article], name="Policy of sign-in")
    make_automation(people.system, name="Something else")
    now = moved(control, statement).since
    for number, (outcome, ran_at) in enumerate(
        [
            ("passed", now - dt.timedelta(days=9)),  # before it counted
            ("passed", now),
            ("failed", now + dt.timedelta(seconds=1)),
        ]
    ):
        run = RunInput(outcome=outcome, ran_at=ran_at, key=f"run {number}")
        run_tell(actor=TESTS, automation=guard, content=run)
    with django_assert_max_num_queries(20):
        page = words_of(client.get(path))
    for words in (
        "A year before it EUR 20k",
        "A year today EUR 4.5k",
        "Moved by it alone EUR 16k",
        "Return on that 420 %",
        "Sign-in tests",
        f"Guards {statement.key} · since the control counts: 1 run passed, 1 did not",
        "Policy of sign-in",
        "Carries out the guidance that recommends the control",
    ):
        assert words in page, words
    assert "Something else" not in page


def test_over_the_api(people: People, statement: RiskStatement, control: Control) -> None:
    api, path = as_user(people.viewer), f"/controls/{control.key}/moved"
    empty = api.get(path).json()
    assert (empty["risks"], empty["taken"], empty["since"]) == ([], "0.00", None)
    stands(people, control, ControlStatus.IN_PLACE)
    told = api.get(path).json()
    assert [told[name] for name in ("before", "today", "taken")] == [
        "20000.00",
        "4500.00",
        "15500.00",
    ]
    assert [(one["statement"], one["taken"]) for one in told["risks"]] == [
        (statement.key, "15500.00")
    ]
    assert as_user(people.outsider).get(path).status_code == 404
