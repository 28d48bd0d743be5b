"""Idempotency keys: a request that is sent again has no second effect."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.common import idempotency
from apps.common.errors import Conflict, Invalid
from apps.common.models import IdempotencyRecord

pytestmark = pytest.mark.django_db
POST = "POST /api/v1/items"


def begin(key: str = "k1", body: bytes = b"{}", actor: str = "user:1", path: str = POST) -> Any:
    return idempotency.begin(actor, key, path, body)


def finish(status: int = 201, key: str = "k1", actor: str = "user:1") -> None:
    idempotency.finish(actor, key, status, {"id": 7}, {"Location": "/items/7"})


def test_a_repeat_gets_the_first_answer() -> None:
    assert begin() is None
    finish()
    kept = begin()
    assert (kept.status, kept.body, kept.headers) == (201, {"id": 7}, {"Location": "/items/7"})


def test_a_repeat_while_the_first_one_runs() -> None:
    assert begin() is None
    with pytest.raises(Conflict):
        begin()


@pytest.mark.parametrize("other", [{"body": b'{"a": 1}'}, {"path": "POST /api/v1/reports"}])
@pytest.mark.parametrize("answered", [True, False])
def test_the_key_of_another_request(other: dict[str, Any], answered: bool) -> None:
    begin()
    if answered:
        finish()
    with pytest.raises(Invalid) as caught:
        begin(**other)
    assert list(caught.value.fields) == ["Idempotency-Key"]


def test_keys_of_two_people_are_two_keys() -> None:
    begin()
    finish()
    assert begin(actor="user:2") is None


def test_a_request_that_failed_may_be_tried_again() -> None:
    begin()
    idempotency.release("user:1", "k1")
    assert begin() is None


def test_an_answer_is_not_released() -> None:
    begin()
    finish()
    idempotency.release("user:1", "k1")
    assert begin().status == 201


def test_a_request_that_died_frees_its_key_after_five_minutes() -> None:
    begin()
    IdempotencyRecord.objects.update(
        created_at=timezone.now() - dt.timedelta(minutes=4, seconds=50)
    )
    with pytest.raises(Conflict):
        begin()
    IdempotencyRecord.objects.update(
        created_at=timezone.now() - dt.timedelta(minutes=5, seconds=10)
    )
    assert begin() is None
    with pytest.raises(Conflict):  # it is claimed anew
        begin()


@pytest.mark.parametrize("key", ["k" * 201, "a\nb", "\0", "\x7f"])
def test_keys_that_cannot_be(key: str) -> None:
    with pytest.raises(Invalid):
        begin(key)
    assert not IdempotencyRecord.objects.exists()


def test_answers_are_forgotten_after_two_days() -> None:
    begin("old")
    finish(key="old")
    begin("new")
    old = IdempotencyRecord.objects.filter(key="old")
    old.update(created_at=timezone.now() - dt.timedelta(hours=47))
    assert idempotency.forget_old() == 0
    old.update(created_at=timezone.now() - dt.timedelta(hours=49))
    assert idempotency.forget_old() == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]


# --- at once -------------------------------------------------------------------------------------


def outcomes(count: int, work: Any) -> list[object]:
    start = threading.Barrier(count)
    found: list[object] = []

    def run() -> None:
        try:
            start.wait(20)
            found.append(work())
        except Exception as error:  # noqa: BLE001  # looked at by the test
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return found


@pytest.mark.django_db(transaction=True)
def test_of_twelve_requests_at_once_one_does_it() -> None:
    found = outcomes(12, begin)
    assert found.count(None) == 1
    assert sum(isinstance(each, Conflict) for each in found) == 11


@pytest.mark.django_db(transaction=True)
def test_one_takes_over_from_a_request_that_died() -> None:
    begin()
    IdempotencyRecord.objects.update(created_at=timezone.now() - dt.timedelta(minutes=6))
    found = outcomes(8, begin)
    assert found.count(None) == 1
    assert sum(isinstance(each, Conflict) for each in found) == 7


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_freed_at_the_very_moment() -> None:
    """Between "somebody has it" and "what did they get" the first request may fail and let go."""

    def try_and_fail() -> set[object]:
        seen: set[object] = set()
        for _ in range(60):
            try:
                begin()
                idempotency.release("user:1", "k1")
            except Exception as error:  # noqa: BLE001  # looked at below
                seen.add(type(error))
        return seen

    seen = outcomes(4, try_and_fail)
    assert all(isinstance(each, set) and each <= {Conflict} for each in seen), seen
