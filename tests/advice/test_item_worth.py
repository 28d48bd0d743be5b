"""What a card of the planning board says of value: the sums of what the pages of the risks say."""

from decimal import Decimal

import pytest

from apps.accounts.actors import portal_actor
from apps.planning.services.decisions import decision_record
from apps.planning.worth import ItemWorth, items_worth
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_record_with_treatments
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def loss(*statements: RiskStatement) -> Decimal:
    total = Decimal(0)
    for each in statements:
        each.refresh_from_db()
        assert each.published is not None
        total += each.published.valuation.expected_annual_loss
    return total


def test_what_goes_on_what_could_be_and_what_was_decided(people: People) -> None:
    item = make_item(people.system)
    as_it_is = make_option(item, title="As it is")
    dear, cheap = (make_option(item, title=title) for title in ("Dear", "Cheap"))
    shared = make_statement(item, published=True)
    own = make_statement(option=as_it_is, published=True)
    large = make_statement(option=dear, published=True, magnitude_high=Decimal(9_000_000))
    make_statement(option=cheap)  # a draft counts nowhere
    viewer = actor_of(people.viewer)
    assert items_worth(viewer, [item.pk]) == {
        item.pk: ItemWorth(loss(shared, own), loss(shared), loss(shared, large))
    }
    assert items_worth(actor_of(people.outsider), [item.pk]) == {}
    decision_record(actor=TESTS, item=item, option=dear, reason="It is quick.")
    assert items_worth(viewer, [item.pk])[item.pk] == ItemWorth(loss(shared, large))
    decision_record_with_treatments(
        actor=TESTS, item=item, option=dear, reason="As said.", treatments={large.pk: "avoid"}
    )
    assert items_worth(viewer, [item.pk])[item.pk].expected == loss(shared)


def test_unknown_is_not_zero(people: People) -> None:
    bare, item = make_item(people.system), make_item(people.system)
    make_option(item, title="As it is")
    known = make_option(item, title="Known")
    said = make_statement(option=known, published=True)
    chosen = make_item(people.system)
    make_statement(option=make_option(chosen, title="As it is"), published=True)
    unknown = make_option(chosen, title="Unknown")
    decision_record(actor=TESTS, item=chosen, option=unknown, reason="It is quick.")
    alone = make_item(people.system)
    shared = make_statement(alone, published=True)
    worth = items_worth(actor_of(people.viewer), [bare.pk, item.pk, chosen.pk, alone.pk])
    assert worth == {
        item.pk: ItemWorth(None),  # of the baseline nothing is known, and one option is no range
        chosen.pk: ItemWorth(None),  # nobody said what it risks
        alone.pk: ItemWorth(loss(shared)),
    }
    assert loss(said) > 0


def test_the_card_says_it(people: People) -> None:
    item = make_item(people.system)
    make_option(item)
    make_statement(item, published=True)
    page = text_of(signed_in(people.viewer), "/planning/?view=board")
    assert "a year expected, as it is" in page
