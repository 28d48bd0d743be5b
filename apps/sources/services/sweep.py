"""The sweeper's part: due sources get a run, and runs that nobody started are sent again.

Why not a periodic task of beat for each source: beat runs once and has no failover, forgets what was
due while it was down, and knows neither Retry-After nor back-off; here two statements under SKIP
LOCKED do it from any number of sweepers (docs/decisions/0005-a-run-is-a-row.md).
"""

import datetime as dt

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.sources import dispatch
from apps.sources.models import UNFINISHED, Source, SourceRun, Trigger

KEPT = dt.timedelta(days=30)
_CLAIM = """
UPDATE sources_sourcerun SET next_send_at = statement_timestamp() + make_interval(secs => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM sources_sourcerun
    WHERE state IN ('queued', 'running') AND next_send_at <= statement_timestamp()
    ORDER BY next_send_at LIMIT %s
    FOR UPDATE SKIP LOCKED
))
RETURNING id
"""


def runs_send_due(limit: int = 500) -> int:
    """Plan what is due and send it. Returns how many; a dead broker ends the round, the rows come again."""
    sources_wake()
    runs_plan(limit)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [settings.SECOPS_LEASE_SECONDS, limit])
        due = sorted(row[0] for row in cursor.fetchall())
    sent = 0
    for run_id in due:
        if not dispatch.pull(run_id):
            break
        sent += 1
    return sent


@transaction.atomic
def runs_plan(limit: int = 500) -> int:
    """Give each due source a run. Returns how many.

    SKIP LOCKED keeps sweepers off each other's sources; the constraint "one run at a time" would stop
    a second run even then.
    """
    now = timezone.now()
    due = list(
        Source.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(is_paused=False, next_run_at__lte=now, system__archived_at=None)
        .order_by("next_run_at")[:limit]
    )
    made = SourceRun.objects.bulk_create(
        [
            SourceRun(source=source, trigger=Trigger.SCHEDULE, due_at=source.next_run_at)
            for source in due
        ],
        ignore_conflicts=True,
    )
    Source.objects.filter(pk__in=[source.pk for source in due]).update(next_run_at=None)
    return len(made)


def runs_forget() -> int:
    """Take away finished runs that nobody looks at any more; what they brought stays noted."""
    old = SourceRun.objects.filter(finished_at__lt=timezone.now() - KEPT)
    return old.delete()[0]


def sources_wake() -> int:
    """Scheduled sources with neither a next run nor one under way are due: nothing may fall asleep."""
    busy = SourceRun.objects.filter(state__in=UNFINISHED).values("source_id")
    return (
        Source.objects.filter(is_paused=False, next_run_at=None)
        .exclude(interval_minutes=None, crontab="")
        .exclude(pk__in=busy)
        .update(next_run_at=timezone.now())
    )
