"""A connection in use: its secret opened, and how the last request went noted in one place."""

import datetime as dt
import random

from django.urls import reverse
from django.utils import timezone

from apps.common import events, sealing
from apps.common.outgoing import OutgoingFailed, errors
from apps.trackers.clients.line import Line
from apps.trackers.models import Tracker

# Seconds for which nothing is asked after the 1st, 2nd ... failure in a row.
LONG = dt.timedelta(hours=24)  # after which admins are told
BACK_OFF = (30, 120, 600, 1800, 3600)


def line_of(tracker: Tracker) -> Line:
    """Raises: Conflict when no key opens the token."""
    return Line(
        url=tracker.url,
        project=tracker.project,
        labels=tuple(tracker.labels),
        issue_type=tracker.issue_type,
        username=tracker.username,
        token=sealing.unseal(tracker.uid, bytes(tracker.sealed)),
    )


def is_refused(error: Exception) -> bool:
    """Whether the tracker said no to this one thing, which asking again does not change."""
    return isinstance(error, OutgoingFailed) and error.code == errors.STATUS and error.permanent


def went_well(pk: int) -> None:
    now = timezone.now()
    Tracker.objects.filter(pk=pk).update(
        last_success_at=now,
        failing_since=None,
        failures=0,
        next_attempt_at=now,
        last_error="",
        told_at=None,
    )


def went_wrong(pk: int, error: Exception) -> None:
    """Called in a transaction. The tracker is left alone for a while: longer each time, or as it asked."""
    tracker = Tracker.objects.select_for_update().filter(pk=pk).first()
    if tracker is None:  # taken away meanwhile
        return
    now = timezone.now()
    pause = BACK_OFF[min(tracker.failures, len(BACK_OFF) - 1)] * (1 + random.random() / 4)  # noqa: S311  # spreads load
    asked = (error.retry_after if isinstance(error, OutgoingFailed) else None) or 0.0
    tracker.failures += 1
    tracker.failing_since = tracker.failing_since or now
    tracker.next_attempt_at = now + dt.timedelta(seconds=max(pause, asked))
    tracker.last_error = str(getattr(error, "message", error))
    if now - tracker.failing_since >= LONG and tracker.told_at is None:
        tracker.told_at = now
        events.append("tracker.failing", _told(tracker))
    tracker.save(
        update_fields=["failures", "failing_since", "next_attempt_at", "last_error", "told_at"]
    )


def _told(tracker: Tracker) -> dict[str, object]:
    """Plain facts, since whoever hears it need not know this app."""
    return {
        "name": tracker.name,
        "path": reverse("tracker-detail", args=[tracker.pk]),
        "message": tracker.last_error,
        "owner_id": tracker.made_by_id,
    }
