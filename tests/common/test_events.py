"""The outbox: written with what it tells of, delivered at least once, each handler on its own."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from apps.accounts.models import Team
from apps.common import events
from apps.common.models import OutboxDelivery, OutboxEvent

HERE = __name__
pytestmark = pytest.mark.django_db

heard: list[tuple[str, int, dict[str, Any]]] = []
gate = threading.Event()
reached = threading.Event()


def listen(event_id: int, payload: dict[str, Any]) -> None:
    heard.append(("listen", event_id, payload))


def listen_too(event_id: int, payload: dict[str, Any]) -> None:
    heard.append(("listen_too", event_id, payload))


def write_and_fail(event_id: int, payload: dict[str, Any]) -> None:
    Team.objects.create(key=f"half-done-{event_id}", name="Half done")
    raise LookupError("nobody is there")


def break_the_query(event_id: int, payload: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM common_outboxevent")


def wait_at_the_gate(event_id: int, payload: dict[str, Any]) -> None:
    heard.append(("wait_at_the_gate", event_id, payload))
    reached.set()
    assert gate.wait(20)


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    heard.clear()
    gate.clear()
    reached.clear()
    monkeypatch.setattr("apps.common.dispatch.send", lambda *_: True)


@pytest.fixture
def handlers(settings: Any) -> Callable[..., None]:
    """Name the handlers of `tests.happened`."""

    def name_them(*names: str) -> None:
        paths = [f"{HERE}.{name}" for name in names]
        settings.SECOPS_EVENT_HANDLERS = {"tests.happened": paths}

    return name_them


def happen(**payload: Any) -> OutboxEvent:
    with transaction.atomic():
        events.append("tests.happened", payload)
    event = OutboxEvent.objects.latest("id")
    # In a test's transaction the clock of the database stands still.
    event.deliveries.update(next_attempt_at=timezone.now() - dt.timedelta(seconds=1))
    return event


def due_again() -> None:
    OutboxDelivery.objects.update(next_attempt_at=timezone.now() - dt.timedelta(seconds=1))


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"tests\.happened"):
        events.append("tests.happened", {})
    assert not OutboxEvent.objects.exists()


def test_an_event_goes_with_the_change_that_it_tells_of(handlers: Callable[..., None]) -> None:
    handlers("listen")
    with transaction.atomic():
        Team.objects.create(key="storm", name="Storm")
        events.append("tests.happened", {})
        transaction.set_rollback(True)
    assert not Team.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert events.deliver_due() == 0


def test_an_event_that_nobody_listens_to_is_kept(handlers: Callable[..., None]) -> None:
    handlers()
    event = happen(number=1)
    assert (event.name, event.payload) == ("tests.happened", {"number": 1})
    assert not OutboxDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_told_after_the_commit(
    handlers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers("listen")
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr("apps.common.dispatch.send", lambda *words: sent.append(words))
    with transaction.atomic():
        events.append("tests.happened", {})
        assert sent == []
    assert sent == [("common.deliver",)]


# --- delivering ----------------------------------------------------------------------------------


def test_every_handler_hears_it_once(handlers: Callable[..., None]) -> None:
    handlers("listen", "listen_too")
    event = happen(number=7)
    assert events.deliver_due() == 2
    assert sorted(heard) == [
        ("listen", event.pk, {"number": 7}),
        ("listen_too", event.pk, {"number": 7}),
    ]
    due_again()
    assert events.deliver_due() == 0
    assert len(heard) == 2


def test_events_come_in_their_order(handlers: Callable[..., None]) -> None:
    handlers("listen")
    numbers = [happen(number=number).pk for number in range(5)]
    assert events.deliver_due() == 5
    assert [event_id for _, event_id, _ in heard] == numbers


def test_no_more_than_asked_at_a_time(handlers: Callable[..., None]) -> None:
    handlers("listen")
    for number in range(5):
        happen(number=number)
    assert events.deliver_due(limit=3) == 3
    assert events.deliver_due(limit=3) == 2


@pytest.mark.parametrize("failing", ["write_and_fail", "break_the_query", "is_not_there"])
def test_a_handler_that_fails_stops_no_other(failing: str, handlers: Callable[..., None]) -> None:
    handlers(failing, "listen")
    event = happen()
    assert events.deliver_due() == 2
    assert [name for name, _, _ in heard] == ["listen"]
    failed = OutboxDelivery.objects.get(handler__endswith=failing)
    assert (failed.delivered_at, failed.attempts) == (None, 1)
    assert failed.last_error
    assert OutboxDelivery.objects.get(handler__endswith=".listen").delivered_at is not None
    assert event.deliveries.count() == 2


def test_what_a_failing_handler_began_is_taken_back(handlers: Callable[..., None]) -> None:
    handlers("write_and_fail")
    happen()
    assert events.deliver_due() == 1
    assert not Team.objects.exists()
    assert OutboxDelivery.objects.get().last_error == "LookupError: nobody is there"


def test_the_pauses_after_failures_grow(handlers: Callable[..., None]) -> None:
    """5 s, half a minute, 2 min, 10 min, an hour, and an hour from then on."""
    handlers("write_and_fail")
    happen()
    for pause in (5, 30, 120, 600, 3600, 3600):
        before = timezone.now()
        assert events.deliver_due() == 1
        assert events.deliver_due() == 0  # not due yet
        waits = OutboxDelivery.objects.get().next_attempt_at - before
        assert dt.timedelta(0) <= waits - dt.timedelta(seconds=pause) < dt.timedelta(seconds=5)
        due_again()
    assert OutboxDelivery.objects.get().attempts == 6


def test_a_handler_that_is_mended_hears_it_after_all(
    handlers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers("write_and_fail")
    event = happen(number=3)
    events.deliver_due()
    monkeypatch.setattr(f"{HERE}.write_and_fail", listen)
    due_again()
    assert events.deliver_due() == 1
    assert heard == [("listen", event.pk, {"number": 3})]
    delivery = OutboxDelivery.objects.get()
    assert (delivery.attempts, delivery.last_error) == (2, "")
    assert delivery.delivered_at is not None


# --- several deliverers --------------------------------------------------------------------------


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_share_the_work(handlers: Callable[..., None]) -> None:
    """While one is busy with its event, the other one takes the next and does not wait."""
    handlers("wait_at_the_gate")
    first = happen(number=1)
    busy = in_thread(lambda: events.deliver_due(limit=1))
    assert reached.wait(20)
    handlers("listen")
    second = happen(number=2)
    assert events.deliver_due() == 1
    assert [event_id for _, event_id, _ in heard] == [first.pk, second.pk]
    assert busy.is_alive()
    gate.set()
    busy.join(20)
    assert not OutboxDelivery.objects.filter(delivered_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_what_one_deliverer_has_no_other_takes(handlers: Callable[..., None]) -> None:
    handlers("wait_at_the_gate")
    event = happen()
    busy = in_thread(events.deliver_due)
    assert reached.wait(20)
    assert events.deliver_due() == 0  # and does not hang
    gate.set()
    busy.join(20)
    assert [event_id for _, event_id, _ in heard] == [event.pk]


@pytest.mark.django_db(transaction=True)
def test_many_events_through_four_deliverers_are_heard_once(handlers: Callable[..., None]) -> None:
    handlers("listen", "listen_too")
    numbers = {happen(number=number).pk for number in range(40)}
    workers = [in_thread(events.deliver_due) for _ in range(4)]
    for worker in workers:
        worker.join(60)
    told = sorted((name, event_id) for name, event_id, _ in heard)
    assert told == sorted((name, pk) for pk in numbers for name in ("listen", "listen_too"))


@pytest.mark.django_db(transaction=True)
def test_a_deliverer_that_dies_gives_its_event_back(handlers: Callable[..., None]) -> None:
    """Its database session ends before it could say "delivered": the event is heard again."""
    handlers("wait_at_the_gate")
    event = happen()

    def die() -> None:
        with contextlib.suppress(Error):
            events.deliver_due()

    busy = in_thread(die)
    assert reached.wait(20)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        assert len(cursor.fetchall()) == 1
    gate.set()
    busy.join(20)
    assert OutboxDelivery.objects.get().delivered_at is None
    assert events.deliver_due() == 1
    assert [event_id for _, event_id, _ in heard] == [event.pk, event.pk]
