"""What people are told of advice and of values on their items: many within an hour are one."""

import datetime as dt

import pytest
from django.utils import timezone, translation

from apps.common import events
from apps.common.markdown import glance
from apps.common.models import OutboxDelivery, OutboxEvent
from apps.notices import receivers
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice
from apps.notices.services.tell import tell_together
from apps.notices.words import words_of
from apps.outbound.facts import facts_of
from apps.planning.models import PlanningItem
from apps.planning.services.decisions import recommendation_make
from apps.planning.services.questions import question_ask
from apps.risks.models import RiskStatement, Valuation
from apps.risks.services.statements import statement_publish
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def delivered() -> list[Notice]:
    events.deliver_due()
    assert not OutboxDelivery.objects.exclude(last_error="").exists()
    return list(Notice.objects.select_related("user"))


def the_item(people: People) -> PlanningItem:
    item = make_item(people.system, title="Ticket PDFs on a CDN")
    PlanningItem.objects.filter(pk=item.pk).update(created_by=people.architect)
    item.refresh_from_db()
    return item


def worth(statement: RiskStatement, amount: int) -> RiskStatement:
    """The working text with another value, as if it had been estimated so."""
    Valuation.objects.filter(pk=statement.valuation_id).update(expected_annual_loss=amount)
    return statement


def test_a_recommendation_is_told_to_whose_item_it_is(people: People) -> None:
    item = the_item(people)
    recommendation_make(
        actor=actor_of(people.security),
        item=item,
        option=make_option(item, title="Signed addresses"),
        reason="They **end**.\n\n* `no-store`",
    )
    (notice,) = delivered()
    assert notice.user == people.architect
    told = words_of(notice)
    assert told.title == f"Sec Urity recommends on {item.key}, Ticket PDFs on a CDN"
    assert told.text == "Signed addresses: They end. no-store"
    assert notice.path == f"/planning/{item.key}/#options"


def test_nobody_is_told_of_their_own_advice_and_a_second_one_joins(people: People) -> None:
    item = the_item(people)
    for actor, reason in ((people.security, "First."), (people.chief, "Second.")):
        recommendation_make(actor=actor_of(actor), item=item, option=None, reason=reason)
        delivered()
    told = {each.user: words_of(each) for each in delivered()}
    # Security advised before the chief did: of the chief's advice she is told, of hers he is not.
    assert set(told) == {people.architect, people.security}
    assert told[people.security].title.startswith("Chief Security recommends on")
    assert told[people.architect].title.startswith("Sec Urity, Chief Security recommends on")
    assert told[people.architect].text == "Second."


def test_values_published_together_are_one_notice(people: People) -> None:
    item = the_item(people)
    first, second = make_statement(item), make_statement(item)
    for statement, amount in ((first, 12_000), (second, 3_400)):
        statement_publish(actor=actor_of(people.security), statement=worth(statement, amount))
    (notice,) = delivered()
    assert notice.user == people.architect
    told = words_of(notice)
    assert told.title == f"Sec Urity valued risks of {item.key}, Ticket PDFs on a CDN"
    expected = f"{first.key} EUR 12k a year · {second.key} EUR 3.4k a year"
    assert told.text.replace("\N{NO-BREAK SPACE}", " ") == expected
    # What the outbox tells once more is told no second time.
    for event in OutboxEvent.objects.filter(name="statement.published"):
        receivers.on_statement_published(event.pk, event.payload)
    assert [words_of(each) for each in Notice.objects.all()] == [told]
    with translation.override("de"):
        assert "3,4" in words_of(notice).text


def tell_value(people: People, item: PlanningItem, number: int, before: str, now: str) -> None:
    tell_together(
        event_id=number,
        kind=NoticeKind.VALUE,
        people=[people.architect],
        path="/planning/PI-1/#risks",
        system=people.system,
        facts={"who": "", "on": f"{item.key}, {item.title}"},
        values={"RS-1": {"before": before, "now": now, "currency": "EUR"}},
        item_id=item.pk,
        at=timezone.now(),
    )


def test_what_moved_twice_is_told_from_where_it_was(people: People) -> None:
    item = the_item(people)
    tell_value(people, item, 1, "5000", "7000")
    tell_value(people, item, 2, "7000", "9000")
    tell_value(people, item, 2, "7000", "9000")
    told = words_of(Notice.objects.get())
    assert told.title == f"Risks of {item.key}, Ticket PDFs on a CDN have new values"
    assert told.text.replace("\N{NO-BREAK SPACE}", " ") == "RS-1 EUR 5k → EUR 9k a year"


@pytest.mark.parametrize("field", ["read_at", "mailed_at", "created_at"])
def test_what_was_read_mailed_or_is_old_is_not_joined(people: People, field: str) -> None:
    item = the_item(people)
    tell_value(people, item, 1, "", "7000")
    moment = timezone.now() - dt.timedelta(minutes=61)
    Notice.objects.update(**{field: moment})
    tell_value(people, item, 2, "7000", "9000")
    assert Notice.objects.count() == 2
    tell_value(people, item, 2, "7000", "9000")
    assert Notice.objects.count() == 2


def test_new_words_of_the_same_value_are_told_to_nobody(people: People) -> None:
    item = the_item(people)
    statement = make_statement(item, published=True)
    assert len(delivered()) == 1
    Notice.objects.all().delete()
    RiskStatement.objects.filter(pk=statement.pk).update(
        condition="you say it otherwise", version=9
    )
    statement.refresh_from_db()
    statement_publish(actor=actor_of(people.security), statement=statement)
    assert delivered() == []


def test_an_item_of_nobody_is_told_to_those_who_may_decide(people: People) -> None:
    item = make_item(people.system)
    PlanningItem.objects.filter(pk=item.pk).update(created_by=None)
    recommendation_make(actor=actor_of(people.chief), item=item, option=None, reason="Wait.")
    told = {each.user for each in delivered()}
    assert people.architect in told
    assert people.viewer not in told


def test_webhooks_know_of_a_recommendation(people: People) -> None:
    item = the_item(people)
    made = recommendation_make(actor=actor_of(people.chief), item=item, option=None, reason="Wait.")
    facts = facts_of("recommendation.made", {"recommendation_id": made.pk, "item_id": item.pk})
    assert facts is not None
    told = facts.told()
    assert (
        told["summary"] == f"Security made a recommendation on {item.key} of {people.system.name}."
    )
    assert (told["item"], told["option"]) == (item.key, None)
    assert "Wait" not in str(told)
    assert facts_of("recommendation.made", {"recommendation_id": 0, "item_id": 0}) is None


def test_the_newest_that_happened_stands_first_on_every_page(people: People) -> None:
    """Told last and long past: it stands where it happened, in lists that are cut into pages, too."""
    now, rows = timezone.now(), []
    for number, days in enumerate((2, 1, 400)):
        rows.append(
            Notice.objects.create(
                user=people.architect,
                kind=NoticeKind.ANSWER,
                event_id=number,
                path="/",
                facts={"who": f"Number {days}", "on": "PI-1"},
                created_at=now - dt.timedelta(days=days),
            )
        )
    client = signed_in(people.architect)
    text = text_of(client, "/notices/")
    assert text.index("Number 1 ") < text.index("Number 2 ") < text.index("Number 400 ")
    behind = text_of(client, f"/notices/?before={rows[0].pk}")
    assert "Number 400 " in behind
    assert "Number 1 " not in behind
    pages, path = [], "/api/v1/notices?limit=1"
    reader = as_user(people.architect)
    while path:
        answer = reader.get(path).json()
        pages += [each["title"].split()[1] for each in answer["results"]]
        path = answer["next"]
    assert pages == ["1", "2", "400"]
    client.post("/notices/read/", {"through": rows[-1].pk})
    assert not Notice.objects.filter(read_at=None).exists()


def test_a_glance_has_no_marks() -> None:
    """CommonMark's own marks: emphasis, code, links, lists, quotes, headings, escapes."""
    text = "# Why\n\n> **Bold** and *slanted*, [a link](https://example.org/) \\* `x = 1`\n\n1. one\n2. two"
    assert glance(text) == "Why Bold and slanted, a link * x = 1 one two"
    assert glance("@kim.lee, see @else", {"kim.lee": "Kim Lee"}) == "Kim Lee, see @else"


def test_home_and_notices_call_people_by_their_names(people: People) -> None:
    local = people.security.email.partition("@")[0]
    question_ask(
        actor=actor_of(people.viewer), item=the_item(people), body=f"@{local}, is it **safe**?"
    )
    (notice, *_others) = [each for each in delivered() if each.user == people.security]
    assert words_of(notice).text == "Sec Urity, is it safe?"
    assert "Sec Urity, is it safe?" in text_of(signed_in(people.security), "/")
