"""Keeps how many findings each series has, in the transaction that changes them.

A series is counted anew, whatever changed: its own rows only, by an index, as ingestion reads them anyhow.
"""

from django.db import connection, transaction

from apps.scans.models import Series

_COUNT = """
WITH counted AS MATERIALIZED (
    SELECT state, severity, count(*)::integer AS number FROM scans_finding
    WHERE series_id = %(series)s GROUP BY state, severity
), gone AS (
    DELETE FROM scans_findingcount known
    WHERE known.series_id = %(series)s AND NOT EXISTS (
        SELECT FROM counted
        WHERE (counted.state, counted.severity) = (known.state, known.severity))
), kept AS (
    INSERT INTO scans_findingcount AS known (series_id, state, severity, number)
    SELECT %(series)s, state, severity, number FROM counted
    ON CONFLICT (series_id, state, severity) DO UPDATE SET number = excluded.number
    WHERE known.number <> excluded.number
)
UPDATE scans_series SET is_grouped = false, open_counts = (
    SELECT array_agg(coalesce(number, 0) ORDER BY level)
    FROM generate_series(0, 4) level
    LEFT JOIN counted ON counted.severity = level AND counted.state = 'open'
)
WHERE id = %(series)s
"""

# The release before this table kept `open_counts` alone; while both run, its changes show there.
_DIFFERENT = """
SELECT series.id FROM scans_series series
LEFT JOIN (SELECT series_id, sum(number) AS number FROM scans_findingcount
           WHERE state = 'open' GROUP BY series_id) kept ON kept.series_id = series.id
WHERE coalesce(kept.number, 0) <> (SELECT coalesce(sum(one), 0) FROM unnest(series.open_counts) one)
LIMIT %s
"""


def counts_refresh(series_id: int) -> None:
    """Count the findings of a series that the caller has locked."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"series": series_id})


def counts_mend(most: int = 100) -> int:
    """Count series again whose kept numbers contradict each other. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, [most])
        different = [row[0] for row in cursor.fetchall()]
    for series_id in different:
        count_locked(series_id)
    return len(different)


@transaction.atomic
def count_locked(series_id: int) -> bool:
    """Count one series, whoever else would change it. Returns whether its numbers were others before."""
    series = Series.objects.select_for_update().filter(pk=series_id).first()
    if series is None:
        return False
    before = _kept(series)
    counts_refresh(series_id)
    series.refresh_from_db(fields=["open_counts"])
    return _kept(series) != before


def _kept(series: Series) -> tuple[list[int], set[tuple[str, int, int]]]:
    rows = series.counts.values_list("state", "severity", "number")
    return list(series.open_counts), set(rows)
