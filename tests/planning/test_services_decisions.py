"""Security recommends, the owner decides, and a decision ends in one of three ways."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.common.models import OutboxEvent
from apps.planning.models import Decision, Option, PlanningItem, Recommendation
from apps.planning.services.decisions import (
    decision_record,
    decision_revisit,
    decisions_expire,
    recommendation_make,
)
from apps.planning.tasks import expire_decisions
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option
from tests.factories.planning import TESTS

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 5, 4)


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system)


@pytest.fixture
def options(item: PlanningItem) -> list[Option]:
    return [make_option(item, title=title) for title in ("Open bucket", "Signed addresses")]


def decide(item: PlanningItem, option: Option, actor: Actor = TESTS, **fields: Any) -> Decision:
    return decision_record(actor=actor, item=item, option=option, reason="It is cheap.", **fields)


def in_force(item: PlanningItem) -> list[Decision]:
    return list(Decision.objects.filter(item=item, ended_at=None))


# --- two things, never one -----------------------------------------------------------------------


def test_a_decision_against_advice_is_a_decision(
    people: People, item: PlanningItem, options: list[Option]
) -> None:
    """The portal advises and does not gate: nothing refuses, warns away or changes the advice."""
    advice = recommendation_make(
        actor=actor_of(people.security), item=item, option=options[1], reason="Anyone may read it."
    )
    decision = decide(item, options[0], actor_of(people.architect))
    assert in_force(item) == [decision]
    assert (decision.option, decision.decided_by) == (options[0], people.architect)
    assert list(Recommendation.objects.filter(item=item)) == [advice]
    assert (advice.option, advice.made_by) == (options[1], people.security)
    item.refresh_from_db()
    assert item.status == "decided"


def test_a_recommendation_decides_nothing(
    people: People, item: PlanningItem, options: list[Option]
) -> None:
    recommendation_make(
        actor=actor_of(people.security), item=item, option=options[1], reason="It is safer."
    )
    item.refresh_from_db()
    assert (in_force(item), item.status) == ([], "open")


def test_who_recommends_and_who_decides(
    people: People, item: PlanningItem, options: list[Option]
) -> None:
    for person, error in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(error):
            recommendation_make(
                actor=actor_of(person), item=item, option=options[0], reason="Because."
            )
    for person, error in ((people.viewer, NotPermitted), (people.outsider, Missing)):
        with pytest.raises(error):
            decide(item, options[0], actor_of(person))
        with pytest.raises(error):
            decision_revisit(actor=actor_of(person), item=item)
    assert not Recommendation.objects.exists()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_both_say_why(reason: str, item: PlanningItem, options: list[Option]) -> None:
    with pytest.raises(Invalid) as caught:
        decision_record(actor=TESTS, item=item, option=options[0], reason=reason)
    assert list(caught.value.fields) == ["reason"]
    with pytest.raises(Invalid):
        recommendation_make(actor=TESTS, item=item, option=None, reason=reason)


def test_an_option_of_another_item_cannot_be_chosen(item: PlanningItem, people: People) -> None:
    foreign = make_option(make_item(people.system))
    with pytest.raises(Invalid) as caught:
        decide(item, foreign)
    assert list(caught.value.fields) == ["option"]
    with pytest.raises(Invalid):
        recommendation_make(actor=TESTS, item=item, option=foreign, reason="Because.")


# --- the end of a decision -----------------------------------------------------------------------


def test_a_new_decision_takes_the_place_of_the_old_one(
    item: PlanningItem, options: list[Option]
) -> None:
    first, second = decide(item, options[0]), decide(item, options[1])
    assert in_force(item) == [second]
    first.refresh_from_db()
    assert (first.end, first.option) == ("replaced", options[0])
    assert first.ended_at is not None


def test_the_database_holds_one_decision_in_force(
    item: PlanningItem, options: list[Option]
) -> None:
    decide(item, options[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(item=item, option=options[1], reason="Behind the service's back.")


def test_an_item_is_taken_up_again(item: PlanningItem, options: list[Option]) -> None:
    decision = decide(item, options[0])
    decision_revisit(actor=TESTS, item=item, reason=" The price changed. ")
    decision.refresh_from_db()
    item.refresh_from_db()
    assert decision.end_reason == "The price changed."
    entry = AuditEntry.objects.get(action="decision.revisit")
    assert entry.changes == {"reason": "The price changed."}
    assert (decision.end, item.status, in_force(item)) == ("revisited", "open", [])
    with pytest.raises(Conflict):
        decision_revisit(actor=TESTS, item=item)


@pytest.mark.parametrize("days", [0, -1, -400])
def test_a_decision_ends_in_the_future(
    days: int, item: PlanningItem, options: list[Option]
) -> None:
    with pytest.raises(Invalid) as caught:
        decide(item, options[0], valid_until=timezone.localdate() + dt.timedelta(days=days))
    assert list(caught.value.fields) == ["valid_until"]
    assert in_force(item) == []


def test_a_decision_holds_through_its_last_day(item: PlanningItem, options: list[Option]) -> None:
    until = timezone.localdate() + dt.timedelta(days=30)
    decision = decide(item, options[0], valid_until=until)
    assert decisions_expire(until) == 0
    assert in_force(item) == [decision]
    assert decisions_expire(until + dt.timedelta(days=1)) == 1
    decision.refresh_from_db()
    item.refresh_from_db()
    assert (decision.end, item.status, in_force(item)) == ("expired", "open", [])
    event = OutboxEvent.objects.get(name="decision.expired")
    assert event.payload == {"decision_id": decision.pk, "item_id": item.pk}
    assert AuditEntry.objects.get(action="decision.expire").actor_kind == "portal"


def test_an_expiry_happens_once(item: PlanningItem, options: list[Option]) -> None:
    decision = decide(item, options[0])
    Decision.objects.filter(pk=decision.pk).update(valid_until=TODAY)
    assert decisions_expire(TODAY + dt.timedelta(days=400)) == 1
    assert decisions_expire(TODAY + dt.timedelta(days=400)) == 0
    assert OutboxEvent.objects.filter(name="decision.expired").count() == 1


def test_a_decision_without_an_end_does_not_expire(
    item: PlanningItem, options: list[Option]
) -> None:
    decide(item, options[0])
    assert decisions_expire(dt.date(9999, 1, 1)) == 0


def test_what_ended_otherwise_does_not_expire_later(
    item: PlanningItem, options: list[Option]
) -> None:
    first = decide(item, options[0], valid_until=timezone.localdate() + dt.timedelta(days=1))
    decide(item, options[1])
    assert decisions_expire(dt.date(9999, 1, 1)) == 0
    first.refresh_from_db()
    assert first.end == "replaced"


def test_the_hourly_task_expires_what_is_over(item: PlanningItem, options: list[Option]) -> None:
    over = decide(item, options[0])
    Decision.objects.filter(pk=over.pk).update(
        valid_until=timezone.localdate() - dt.timedelta(days=1)
    )
    expire_decisions()
    over.refresh_from_db()
    assert over.end == "expired"


@pytest.mark.django_db(transaction=True)
def test_a_new_decision_in_the_moment_in_which_the_old_one_expires() -> None:
    """Both want the item and the decision; neither may wait for the other for ever."""
    item = make_item()
    option = make_option(item)
    old = decide(item, option, valid_until=timezone.localdate() + dt.timedelta(days=1))
    found: list[object] = []

    def expire() -> None:
        try:
            found.append(decisions_expire(dt.date(9999, 1, 1)))
        except Exception as error:  # noqa: BLE001  # looked at below
            found.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=expire)
    with transaction.atomic():
        PlanningItem.objects.select_for_update().get(pk=item.pk)
        other.start()
        _until_somebody_waits()
        new = decide(item, option)
    other.join(30)
    assert found == [0]
    old.refresh_from_db()
    assert (old.end, in_force(item)) == ("replaced", [new])


def _until_somebody_waits() -> None:
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_sleep(0.01), pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for the item")
