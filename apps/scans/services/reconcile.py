"""What a report changes: a few set statements under the lock of its series.

Presence is an interval (seen from report A until report B), so that an unchanged report of 100 000 findings
writes nothing but its own row.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.scans.domain.reconcile import Effect
from apps.scans.models import Report, Series
from apps.scans.progress import Phase, Teller
from apps.scans.services.counts import counts_refresh
from apps.scans.services.staging import Staged

_FINDING_COLUMNS = "severity, kind, rule_id, title, path, line, place, purl, cwes, vulnerabilities"
_DETAIL_COLUMNS = "description, remediation, facts, raw"

_INSERT_NEW = f"""
WITH fresh AS (
    INSERT INTO scans_finding (system_id, series_id, stage, is_preview, is_present, first_seen_at,
                               reopened_count, state, fingerprint, content_hash, {_FINDING_COLUMNS})
    SELECT %(system)s, %(series)s, %(stage)s, %(preview)s, true, %(seen)s, 0,
           CASE WHEN suppressed THEN 'accepted' ELSE 'open' END,
           fingerprint, content_hash, {_FINDING_COLUMNS}
    FROM incoming
    WHERE NOT EXISTS (SELECT FROM scans_finding known
                      WHERE known.series_id = %(series)s AND known.fingerprint = incoming.fingerprint)
      AND NOT resolved
      -- An alert behind newer ones may be over by now, and nobody would say so again.
      AND NOT (%(behind)s AND kind = 'alert')
    RETURNING id, fingerprint
), detail AS (
    INSERT INTO scans_findingdetail (finding_id, {_DETAIL_COLUMNS})
    SELECT fresh.id, {_DETAIL_COLUMNS} FROM fresh JOIN incoming USING (fingerprint)
)
INSERT INTO scans_presence (finding_id, series_id, since_id, is_current)
SELECT id, %(series)s, %(report)s, true FROM fresh
"""  # noqa: S608  # column names from this module, values as parameters

_UPDATE_CHANGED = """
WITH changed AS (
    UPDATE scans_finding known
    SET content_hash = incoming.content_hash, severity = incoming.severity, title = incoming.title,
        rule_id = incoming.rule_id, path = incoming.path, line = incoming.line, place = incoming.place,
        purl = incoming.purl, cwes = incoming.cwes, vulnerabilities = incoming.vulnerabilities
    FROM incoming
    WHERE known.series_id = %(series)s AND known.fingerprint = incoming.fingerprint
      AND known.content_hash <> incoming.content_hash
    RETURNING known.id, known.fingerprint
), detailed AS (
    UPDATE scans_findingdetail detail
    SET description = incoming.description, remediation = incoming.remediation,
        facts = incoming.facts, raw = incoming.raw
    FROM changed JOIN incoming USING (fingerprint)
    WHERE detail.finding_id = changed.id
), moved AS (
    -- Of one statement all parts see the rows as they were before it: this is the severity of before.
    INSERT INTO scans_severitychange (report_id, finding_id, before, after)
    SELECT %(report)s, known.id, known.severity, incoming.severity
    FROM changed JOIN incoming USING (fingerprint)
    JOIN scans_finding known
      ON known.series_id = %(series)s AND known.fingerprint = incoming.fingerprint
    WHERE known.severity <> incoming.severity AND known.is_present  -- else it is back
    RETURNING 1
)
SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM moved)
"""

_BRING_BACK = """
WITH back AS (
    -- What a person decided stays decided; only what was fixed is open again.
    UPDATE scans_finding known
    SET is_present = true,
        fixed_at = CASE WHEN state = 'fixed' THEN NULL ELSE fixed_at END,
        reopened_count = reopened_count + (state = 'fixed')::integer,
        state = CASE WHEN state = 'fixed' THEN 'open' ELSE state END
    FROM incoming
    WHERE known.series_id = %(series)s AND NOT known.is_present
      AND known.fingerprint = incoming.fingerprint AND NOT incoming.resolved
    RETURNING known.id, known.state
), seen AS (
    INSERT INTO scans_presence (finding_id, series_id, since_id, is_current)
    SELECT id, %(series)s, %(report)s, true FROM back
)
SELECT count(*), count(*) FILTER (WHERE state = 'open') FROM back
"""

_CLOSE = """
WITH gone AS (
    UPDATE scans_finding known
    SET is_present = false,
        fixed_at = CASE WHEN state = 'open' THEN %(seen)s ELSE fixed_at END,
        state = CASE WHEN state = 'open' THEN 'fixed' ELSE state END
    WHERE known.series_id = %(series)s AND known.is_present AND {condition}
    RETURNING known.id, known.state
), ended AS (
    UPDATE scans_presence seen SET is_current = false, until_id = %(report)s
    FROM gone WHERE seen.finding_id = gone.id AND seen.is_current
)
SELECT count(*), count(*) FILTER (WHERE state = 'fixed') FROM gone
"""
_SAME = "FROM incoming WHERE incoming.fingerprint = known.fingerprint"
_CLOSE_GONE = _CLOSE.format(condition=f"NOT EXISTS (SELECT {_SAME} AND NOT resolved)")
# An alert that says that it is over is over, whatever else the report may do.
_CLOSE_RESOLVED = _CLOSE.format(condition=f"EXISTS (SELECT {_SAME} AND resolved)")


@dataclass(frozen=True)
class Changes:
    """How many findings a report brought, left, fixed and brought back.

    What a person decided and that is gone is not fixed; back again, it is unchanged.
    """

    new: int = 0
    unchanged: int = 0
    fixed: int = 0
    reopened: int = 0
    back: int = 0  # all that came back, also what a person had decided
    gone: int = 0  # all that is gone, likewise
    severity_changed: int = 0


def reconcile(
    *, report: Report, series: Series, staged: Staged, allowed: Effect, teller: Teller
) -> Changes:
    """Apply the staged findings to a series that the caller has locked, as far as it is allowed."""
    may_close = allowed is Effect.FULL
    values: dict[str, Any] = {
        "system": series.system_id,
        "series": series.pk,
        "stage": series.stage,
        "preview": series.is_preview,
        "report": report.pk,
        "seen": report.received_at,
        "behind": allowed is Effect.NEW,
    }
    with connection.cursor() as cursor:
        # The tables grow faster than their statistics; a nested loop over a wrong guess takes minutes.
        cursor.execute("SET LOCAL enable_nestloop = off")
        changed = back = reopened = gone = fixed = moved = 0
        # Of a series without findings nothing is compared, and no statistics are needed for it: only not to
        # sort 200 000 wide rows, which PostgreSQL takes for cheaper where it has to guess.
        has_findings = _has_findings(cursor, values)
        if has_findings:
            cursor.execute("ANALYZE incoming (fingerprint)")  # what the joins go by, and no more
        else:
            cursor.execute("SET LOCAL enable_mergejoin = off")
        if has_findings and allowed is not Effect.NEW:
            changed, moved = _numbers(cursor, _UPDATE_CHANGED, values)
            back, reopened = _numbers(cursor, _BRING_BACK, values)
        if has_findings and (may_close or (staged.resolved and allowed is not Effect.NEW)):
            close = _CLOSE_GONE if may_close else _CLOSE_RESOLVED
            gone, fixed = _numbers(cursor, close, values)
        new = _rows(cursor, _INSERT_NEW, values)
        cursor.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on")
        if changed or back or gone or new:
            teller.phase(Phase.COUNTING)
            counts_refresh(series.pk)
        if changed or new:
            Series.objects.filter(pk=series.pk).update(has_texts=False)
    return Changes(
        new=new,
        unchanged=staged.count - new - reopened,
        fixed=fixed,
        reopened=reopened,
        back=back,
        gone=gone,
        severity_changed=moved,
    )


def _has_findings(cursor: Any, values: dict[str, Any]) -> bool:
    cursor.execute("SELECT EXISTS (SELECT FROM scans_finding WHERE series_id = %(series)s)", values)
    return bool(cursor.fetchone()[0])


def _rows(cursor: Any, statement: str, values: dict[str, Any]) -> int:
    """Run a statement; return how many rows its last part wrote."""
    cursor.execute(statement, values)
    return int(cursor.rowcount)


def _numbers(cursor: Any, statement: str, values: dict[str, Any]) -> tuple[int, int]:
    """Run a statement; return the two numbers that it answers."""
    cursor.execute(statement, values)
    first, second = cursor.fetchone()
    return int(first), int(second)
