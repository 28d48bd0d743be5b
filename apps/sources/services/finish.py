"""How a run ends: what it says of the source, when the next one is, and who is told."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common import events
from apps.sources import schedule
from apps.sources.models import RunState, Source, SourceRun


@dataclass(frozen=True)
class Outcome:
    """Without a code it went well. retry_after: seconds that the other side asked us to wait."""

    code: str = ""
    message: str = ""
    permanent: bool = False
    retry_after: float | None = None
    has_more: bool = False  # it stopped at the most that one run takes


@transaction.atomic
def run_finish(run: SourceRun, outcome: Outcome) -> None:
    """Close the run and plan the next one; open or close the circuit breaker."""
    now = timezone.now()
    run.state = RunState.FAILED if outcome.code else RunState.SUCCEEDED
    run.finished_at = now
    run.error_code, run.error_message = outcome.code, outcome.message[:2000]
    run.retry_after = outcome.retry_after
    # Not save(): the source may have been taken away while it ran, and its runs with it.
    SourceRun.objects.filter(pk=run.pk).update(
        state=run.state,
        finished_at=now,
        error_code=run.error_code,
        error_message=run.error_message,
        retry_after=run.retry_after,
    )
    source = Source.objects.select_for_update(of=("self",)).filter(pk=run.source_id).first()
    if source is None:
        return
    if outcome.code:
        _failed(source, outcome, now)
    else:
        _succeeded(source, now)
        if outcome.has_more and source.is_scheduled:
            source.next_run_at = now
    source.save(
        update_fields=[
            "failures",
            "broken_since",
            "last_error",
            "last_error_code",
            "last_success_at",
            "next_run_at",
        ]
    )


def _succeeded(source: Source, now: dt.datetime) -> None:
    if source.broken_since is not None:
        _tell(source, "source.recovered", "It works again.")
    source.failures = 0
    source.broken_since = None
    source.last_error = source.last_error_code = ""
    source.last_success_at = now
    source.next_run_at = _regular(source, now)


def _failed(source: Source, outcome: Outcome, now: dt.datetime) -> None:
    source.failures += 1
    source.last_error, source.last_error_code = outcome.message[:2000], outcome.code
    if source.broken_since is None and _breaks(source, outcome):
        source.broken_since = now
        _tell(source, "source.broken", outcome.message)
    wait = (
        schedule.PROBES_EVERY
        if source.broken_since is not None
        else schedule.back_off(source.failures, schedule.draw())
    )
    wait = max(wait, outcome.retry_after or 0.0)
    source.next_run_at = now + dt.timedelta(seconds=wait) if source.is_scheduled else None


def _breaks(source: Source, outcome: Outcome) -> bool:
    """Being asked to wait is no fault; a refused password is one at the first time, since asking again
    may lock the account."""
    if outcome.retry_after is not None:
        return False
    return outcome.permanent or source.failures >= schedule.BREAKS_AFTER


def _regular(source: Source, now: dt.datetime) -> dt.datetime | None:
    return schedule.next_run(
        interval_minutes=source.interval_minutes,
        rule=source.crontab,
        after=now,
        luck=schedule.draw(),
    )


def _tell(source: Source, event: str, message: str) -> None:
    """The owner is told through the outbox; the audit keeps it."""
    payload = {
        "source_id": source.pk,
        "system_id": source.system_id,
        "owner_id": source.made_by_id,
        "name": source.name,
        "message": message[:500],
    }
    events.append(event, payload)
    record(
        actor=portal_actor("sources"),
        action=event,
        target=source,
        system_id=source.system_id,
        changes={"message": message[:500]},
    )
