"""Optimistic locking: whoever edits names what they read."""

import threading

import pytest
from django.db import connection, transaction

from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import EditConflict, Missing
from apps.planning.models import PlanningItem
from apps.planning.services.items import item_edit
from tests.conftest import People
from tests.factories import actor_of, make_item
from tests.factories.planning import TESTS

pytestmark = pytest.mark.django_db


def test_an_edit_on_what_was_read(people: People) -> None:
    item = make_item(people.system)
    row = item_edit(actor=actor_of(people.architect), item=item, version=1, title="Another title")
    assert (row.version, row.title) == (2, "Another title")
    item.refresh_from_db()
    assert (item.version, item.title) == (2, "Another title")


@pytest.mark.parametrize("version", [0, 1, 3])
def test_an_edit_on_something_else(version: int, people: People) -> None:
    item = make_item(people.system, title="First")
    actor = actor_of(people.architect)
    item_edit(actor=actor, item=item, version=1, title="Second")
    with pytest.raises(EditConflict) as caught:
        item_edit(actor=actor, item=item, version=version, title="Third")
    assert caught.value.current_version == 2
    item.refresh_from_db()
    assert item.title == "Second"


def test_an_edit_of_one_fact_needs_no_version(people: People) -> None:
    item = make_item(people.system)
    assert (
        item_edit(actor=actor_of(people.architect), item=item, version=None, stage="code").version
        == 2
    )


def test_what_was_removed_meanwhile_is_missing(people: People) -> None:
    item = make_item(people.system)
    PlanningItem.objects.filter(pk=item.pk).delete()
    with pytest.raises(Missing), transaction.atomic():
        lock_for_edit(PlanningItem, item.pk, 1)


def test_what_changed_is_told_with_both_values(people: People) -> None:
    item = make_item(people.system, title="First", stage="plan")
    changes = changed_fields(item, {"title": "Second", "stage": "plan"})
    assert changes == {"title": ["First", "Second"]}
    assert item.title == "Second"


@pytest.mark.django_db(transaction=True)
def test_of_eight_edits_at_once_one_wins() -> None:
    item = make_item(title="Before")
    start = threading.Barrier(8)
    won: list[str] = []
    lost: list[int] = []

    def edit(number: int) -> None:
        start.wait(20)
        try:
            won.append(item_edit(actor=TESTS, item=item, version=1, title=f"By {number}").title)
        except EditConflict as error:
            lost.append(error.current_version)
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert (len(won), lost) == (1, [2] * 7)
    item.refresh_from_db()
    assert [item.title] == won
