"""The rules of reconciliation as a table, and the stories they are made for."""

import datetime as dt

import pytest

from apps.scans.domain.reconcile import (
    Change,
    Effect,
    State,
    change,
    effect,
    is_outdated,
    state_after,
)
from apps.scans.formats.types import ScanStatus

NOON = dt.datetime(2026, 5, 6, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "is_full", "outdated", "expected"),
    [
        (ScanStatus.COMPLETE, True, False, Effect.FULL),
        (ScanStatus.COMPLETE, False, False, Effect.ADDITIVE),
        (ScanStatus.FAILED, True, False, Effect.ADDITIVE),
        (ScanStatus.UNKNOWN, True, False, Effect.ADDITIVE),
        (ScanStatus.FAILED, False, False, Effect.ADDITIVE),
        (ScanStatus.COMPLETE, True, True, Effect.NONE),
        (ScanStatus.FAILED, False, True, Effect.NONE),
    ],
)
def test_effect(status: ScanStatus, is_full: bool, outdated: bool, expected: Effect) -> None:
    assert effect(status=status, is_full=is_full, outdated=outdated) is expected


# state, present before, seen now, effect -> change, state after
TABLE = [
    (None, False, True, Effect.FULL, Change.NEW, State.OPEN),
    (None, False, True, Effect.ADDITIVE, Change.NEW, State.OPEN),
    (None, False, True, Effect.NONE, Change.NOTHING, None),
    (None, False, False, Effect.FULL, Change.NOTHING, None),
    (State.OPEN, True, True, Effect.FULL, Change.UNCHANGED, State.OPEN),
    (State.OPEN, True, False, Effect.FULL, Change.FIXED, State.FIXED),
    (State.OPEN, True, False, Effect.ADDITIVE, Change.UNCHANGED, State.OPEN),
    (State.OPEN, True, False, Effect.NONE, Change.NOTHING, State.OPEN),
    (State.FIXED, False, False, Effect.FULL, Change.NOTHING, State.FIXED),
    (State.FIXED, False, True, Effect.FULL, Change.REOPENED, State.OPEN),
    (State.FIXED, False, True, Effect.ADDITIVE, Change.REOPENED, State.OPEN),
    (State.FIXED, False, True, Effect.NONE, Change.NOTHING, State.FIXED),
    (State.ACCEPTED, True, True, Effect.FULL, Change.UNCHANGED, State.ACCEPTED),
    (State.ACCEPTED, True, False, Effect.FULL, Change.GONE, State.ACCEPTED),
    (State.ACCEPTED, False, True, Effect.FULL, Change.BACK, State.ACCEPTED),
    (State.FALSE_POSITIVE, False, True, Effect.ADDITIVE, Change.BACK, State.FALSE_POSITIVE),
    (State.NOT_AFFECTED, True, False, Effect.FULL, Change.GONE, State.NOT_AFFECTED),
    (State.NOT_AFFECTED, True, False, Effect.ADDITIVE, Change.UNCHANGED, State.NOT_AFFECTED),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join(map(str, row)))
def test_change(row: tuple[State | None, bool, bool, Effect, Change, State | None]) -> None:
    state, present, seen, effect, expected, after = row
    found = change(state, present=present, seen=seen, effect=effect)
    assert found is expected
    assert state_after(state, found) is after


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("seen", [True, False])
def test_an_outdated_report_changes_nothing(state: State, present: bool, seen: bool) -> None:
    found = change(state, present=present, seen=seen, effect=Effect.NONE)
    assert found is Change.NOTHING
    assert state_after(state, found) is state


@pytest.mark.parametrize("is_full", [True, False])
def test_behind_partial_reports_alone_what_is_new_counts(is_full: bool) -> None:
    found = effect(
        status=ScanStatus.COMPLETE, is_full=is_full, outdated=True, outdated_by_full=False
    )
    assert found is Effect.NEW
    assert change(None, present=False, seen=True, effect=found) is Change.NEW
    for state in State:
        for present in (True, False):
            for seen in (True, False):
                told = change(state, present=present, seen=seen, effect=found)
                assert told is Change.NOTHING


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("seen", [True, False])
def test_only_a_full_report_closes(state: State, seen: bool) -> None:
    found = change(state, present=True, seen=seen, effect=Effect.ADDITIVE)
    assert found is Change.UNCHANGED


@pytest.mark.parametrize(
    ("scanned", "received", "newest_scanned", "newest_received", "expected"),
    [
        (None, NOON, None, None, False),  # the first of its series
        (NOON - 3 * HOUR, NOON, None, None, False),
        (None, NOON, None, NOON - HOUR, False),  # order of arrival
        (None, NOON - HOUR, None, NOON, True),
        (NOON - 3 * HOUR, NOON, NOON - 2 * HOUR, NOON - HOUR, True),  # arrived late
        (NOON - 2 * HOUR, NOON, NOON - 2 * HOUR, NOON - HOUR, False),  # the same file again
        (NOON - HOUR, NOON, NOON - 2 * HOUR, NOON - HOUR, False),
        (NOON - 3 * HOUR, NOON, None, NOON - HOUR, False),  # only one of them says when
        (NOON + 24 * HOUR, NOON, NOON - 2 * HOUR, NOON - HOUR, False),  # a clock that is wrong
        (NOON - 2 * HOUR, NOON, NOON + 24 * HOUR, NOON - HOUR, False),
    ],
)
def test_outdated(
    scanned: dt.datetime | None,
    received: dt.datetime,
    newest_scanned: dt.datetime | None,
    newest_received: dt.datetime | None,
    expected: bool,
) -> None:
    assert (
        is_outdated(
            scanned_at=scanned,
            received_at=received,
            newest_scanned_at=newest_scanned,
            newest_received_at=newest_received,
        )
        is expected
    )
