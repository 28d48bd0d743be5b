"""The raw bytes of reports go when the organisation's time for them is over; findings stay."""

import logging

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Invalid
from apps.common.holds import FILES
from apps.scans import storage
from apps.scans.models import RawRetention, Report, ReportState
from apps.scans.selectors_retention import reports_past, retention_now

logger = logging.getLogger(__name__)
LONGEST = 36_500  # days
BATCH = 200  # reports a transaction
BATCHES = 100  # a run, so that a first one takes hours and not the disk's whole attention
FINISHED = (ReportState.PROCESSED, ReportState.FAILED, ReportState.QUARANTINED)


@transaction.atomic
def retention_set(*, actor: Actor, days: int | None) -> RawRetention:
    """Say after how many days the raw copy of a finished report goes; None: it is kept.

    Findings, evidence and counts stay. Raises: NotPermitted, Invalid.
    """
    require(actor, Permission.SYSTEM_MANAGE)
    if days is not None and not 1 <= days <= LONGEST:
        raise Invalid({"days": f"Give 1 to {LONGEST} days, or nothing to keep raw copies."})
    before = retention_now()
    row = RawRetention.objects.create(days=days, created_by=actor.user)
    changes = {"days": [before.days if before else None, days]}
    record(actor=actor, action="retention.set", target=row, changes=changes)
    return row


def raw_copies_remove() -> int:
    """Take away what the rule says, in batches; return how many raw copies went.

    What is left over a run's bound comes with the next one.
    """
    rule = retention_now()
    total = 0
    for _round in range(BATCHES if rule is not None and rule.days is not None else 0):
        removed = _batch(rule)  # type: ignore[arg-type]  # no round without a rule
        total += removed
        if removed < BATCH:
            break
    return total


@transaction.atomic
def _batch(rule: RawRetention) -> int:
    """The files first: a death in between leaves rows that are due again, never a file without a row.

    Gives way while a backup copies files.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FILES])
        if not cursor.fetchone()[0]:
            return 0
    due = reports_past(rule.days or LONGEST).filter(state__in=FINISHED)
    rows = list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    if not rows:
        return 0
    archived = [storage.retire(row.storage_name) for row in rows]
    now = timezone.now()
    for row, is_archived in zip(rows, archived, strict=True):
        row.storage_name, row.raw_removed_at, row.raw_is_archived = "", now, is_archived
    Report.objects.bulk_update(rows, ["storage_name", "raw_removed_at", "raw_is_archived"])
    told = {
        "days": rule.days,
        "reports": len(rows),
        "bytes": sum(row.size for row in rows),
        "archived": sum(archived),
        "numbers": [str(row.uid) for row in rows],
    }
    record(actor=portal_actor("retention"), action="retention.remove", target=rule, changes=told)
    logger.info("the raw copies of %d reports went after %s days", len(rows), rule.days)
    return len(rows)
