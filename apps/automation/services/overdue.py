"""Tells of what was to run and did not: once for each day that it was due."""

from django.db import connection, transaction
from django.utils import timezone

from apps.common import events

_AT_ONCE = 500
# One statement claims and marks: two sweeps at the same time tell of nothing twice.
_CLAIM = """
UPDATE automation_automation SET told_due_on = due_on
WHERE id = ANY(ARRAY(
    SELECT id FROM automation_automation
    WHERE NOT is_retired AND due_on < %s AND told_due_on IS DISTINCT FROM due_on
        AND system_id NOT IN (SELECT id FROM catalog_system WHERE archived_at IS NOT NULL)
    ORDER BY due_on, id LIMIT %s
    FOR UPDATE SKIP LOCKED
))
RETURNING id, system_id, due_on
"""


@transaction.atomic
def overdue_tell() -> int:
    """Append an event for each entry of the register that has become overdue. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [timezone.localdate(), _AT_ONCE])
        rows = cursor.fetchall()
    for pk, system_id, due_on in rows:
        payload = {"automation_id": pk, "system_id": system_id, "due_on": due_on.isoformat()}
        events.append("automation.overdue", payload)
    return len(rows)
