"""The sweeper: what was received and never started, or whose worker died, is sent again.

The row in PostgreSQL is the queue's truth; a lost broker loses nothing.
"""

from django.conf import settings
from django.db import connection

from apps.scans import dispatch

# One statement claims the rows: two sweepers never send the same one in the same round. An array, since a
# plan may ask a subquery of IN once for each row, and it would then claim more than its limit.
_CLAIM = """
UPDATE scans_report SET next_send_at = now() + make_interval(secs => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM scans_report
    WHERE state IN ('received', 'processing') AND next_send_at <= now()
    ORDER BY next_send_at LIMIT %s
    FOR UPDATE SKIP LOCKED
))
RETURNING id
"""


def reports_send_due(limit: int = 500) -> int:
    """Send what is due. Returns how many; a dead broker ends the round, the rows come again."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [settings.SECOPS_LEASE_SECONDS, limit])
        due = sorted(row[0] for row in cursor.fetchall())
    sent = 0
    for report_id in due:
        if not dispatch.ingest(report_id):
            break
        sent += 1
    return sent
