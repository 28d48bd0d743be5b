"""Keeps what findings are searched by (FindingText), after reports brought other texts."""

from django.db import connection, transaction

from apps.scans.models import Series

BATCH = 10_000  # findings a statement

_KEEP = """
INSERT INTO scans_findingtext AS known (finding_id, text)
SELECT found.id, found.said FROM (
    SELECT id, upper(concat_ws(E'\\n', title, rule_id, place, path, purl,
                               array_to_string(vulnerabilities, E'\\n'))) AS said
    FROM scans_finding WHERE series_id = %s
) found
LEFT JOIN scans_findingtext kept ON kept.finding_id = found.id
WHERE kept.text IS DISTINCT FROM found.said
LIMIT %s
ON CONFLICT (finding_id) DO UPDATE SET text = excluded.text
"""


def texts_keep_due(most: int = 100) -> int:
    """Keep the texts of series that have others since. Returns of how many."""
    changed = Series.objects.filter(has_texts=False).order_by("pk").values_list("pk", flat=True)
    return sum(texts_keep(series_id) for series_id in list(changed[:most]))


def texts_keep(series_id: int) -> bool:
    """Keep the texts of one series. False: a report is just being read into it; it is kept after that.

    A batch at a time, so that no report waits for it; what came meanwhile is written under the lock.
    """
    while _keep(series_id, BATCH) == BATCH:
        pass
    with transaction.atomic():
        series = Series.objects.select_for_update(skip_locked=True).filter(pk=series_id).first()
        if series is None:
            return False
        while _keep(series_id, BATCH) == BATCH:
            pass
        Series.objects.filter(pk=series_id).update(has_texts=True)
    return True


def _keep(series_id: int, most: int) -> int:
    """Write texts that are missing or others, at most so many. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [series_id, most])
        return int(cursor.rowcount)
