"""What a report means for the findings of its series: the rules, as the SQL layer applies them.

The newest full report of a series says what is open. A partial or failed one may only add; one
older than the newest full one changes nothing; what people decided about a finding outlives its absence.
"""

import datetime as dt
import enum

from apps.scans.formats.types import ScanStatus

CLOCK_SKEW = dt.timedelta(hours=1)  # a tool's clock may be ahead of ours by this much


class State(enum.StrEnum):
    """Where a finding stands. Values are those of the database."""

    OPEN = "open"
    FIXED = "fixed"
    FALSE_POSITIVE = "false_positive"
    ACCEPTED = "accepted"
    NOT_AFFECTED = "not_affected"


DECIDED = frozenset({State.FALSE_POSITIVE, State.ACCEPTED, State.NOT_AFFECTED})


class Change(enum.StrEnum):
    """What a report does to one finding; the first four are counted and shown."""

    NEW = "new"  # never seen in this series: open, presence begins
    UNCHANGED = "unchanged"  # was present and still is: nothing is written
    FIXED = "fixed"  # was present and open, is gone: presence ends
    REOPENED = "reopened"  # was gone and is back: presence begins again
    GONE = "gone"  # was present and decided, is gone: presence ends, the decision stays
    BACK = "back"  # was gone and decided, is back: presence begins again, the decision stays
    NOTHING = "nothing"  # not present before, not in the report


class Effect(enum.StrEnum):
    """How much a report may do."""

    FULL = "full"  # adds, reopens and closes
    ADDITIVE = "additive"  # adds and reopens
    NEW = "new"  # adds what the series never had, and touches nothing else
    NONE = "none"  # is kept, and changes nothing


def is_outdated(
    *,
    scanned_at: dt.datetime | None,
    received_at: dt.datetime,
    newest_scanned_at: dt.datetime | None,
    newest_received_at: dt.datetime | None,
) -> bool:
    """Whether a report looked at an older state than the newest one processed in its series.

    All times aware. The tools' own times decide where both reports have one that is not in the
    future; else the order of arrival, by which the newer one is the one that came later.
    newest_received_at: None if the series has no report yet.
    """
    if newest_received_at is None:
        return False
    mine = _believable(scanned_at, received_at)
    newest = _believable(newest_scanned_at, newest_received_at)
    if mine is not None and newest is not None:
        return mine < newest
    return received_at < newest_received_at


def _believable(scanned_at: dt.datetime | None, received_at: dt.datetime) -> dt.datetime | None:
    if scanned_at is None or scanned_at > received_at + CLOCK_SKEW:
        return None
    return scanned_at


def effect(
    *, status: ScanStatus, is_full: bool, outdated: bool, outdated_by_full: bool = True
) -> Effect:
    """How much a report may do to its series.

    outdated_by_full: whether a full report is among those that looked at a newer state. If only
    partial ones are, which speak of other things, what this one saw was never contradicted: two
    workers may take the parts of one picture in any order.

    "Empty is not clean": only a full report of a scan that says nothing of failure may close
    findings.
    """
    if outdated:
        return Effect.NONE if outdated_by_full else Effect.NEW
    if is_full and status is ScanStatus.COMPLETE:
        return Effect.FULL
    return Effect.ADDITIVE


def change(state: State | None, *, present: bool, seen: bool, effect: Effect) -> Change:
    """What a report does to a finding.

    state: None if the series never had it. present: whether the newest processed report had it.
    seen:
    whether this report has it.
    """
    if effect is Effect.NONE:
        return Change.NOTHING
    if effect is Effect.NEW:
        return Change.NEW if seen and state is None else Change.NOTHING
    if seen:
        return _seen(state, present=present)
    if present and effect is Effect.FULL:
        return Change.GONE if state in DECIDED else Change.FIXED
    return Change.UNCHANGED if present else Change.NOTHING


def _seen(state: State | None, *, present: bool) -> Change:
    if state is None:
        return Change.NEW
    if present:
        return Change.UNCHANGED
    return Change.BACK if state in DECIDED else Change.REOPENED


def state_after(state: State | None, change: Change) -> State | None:
    """The finding's state once the change is applied; None if there is no such finding."""
    if change in {Change.NEW, Change.REOPENED}:
        return State.OPEN
    if change is Change.FIXED:
        return State.FIXED
    return state
