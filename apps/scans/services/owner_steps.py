"""One step of saying whose findings are: some findings of one series, under the series' lock.

What a person said is a row like those of rules and of the list, with the last word. Where it no longer
counts, these say it again.
"""

from typing import Any

from django.db import connection

from apps.scans.models import Triage, TriageAbout
from apps.scans.services.owners import owners_fall_back

_OWN = """
WITH target AS (
    SELECT finding.id, owner.team_id, owner.source FROM scans_finding finding
    LEFT JOIN scans_findingowner owner ON owner.finding_id = finding.id
    WHERE finding.id = ANY(%(findings)s)
), owned AS (
    INSERT INTO scans_findingowner AS known (finding_id, team_id, source, rule_id)
    SELECT id, %(team)s, 0, NULL FROM target
    ON CONFLICT (finding_id) DO UPDATE SET team_id = excluded.team_id, source = 0, rule_id = NULL
    WHERE known.source > 0 OR known.team_id <> excluded.team_id
    RETURNING finding_id
)
INSERT INTO scans_ownerchange
    (triage_id, finding_id, before_id, was_by_hand, after_id, is_undone)
SELECT %(triage)s, target.id, target.team_id, coalesce(target.source = 0, false), %(team)s, false
FROM owned JOIN target ON target.id = owned.finding_id
"""
_CLEAR = """
WITH gone AS (
    DELETE FROM scans_findingowner WHERE finding_id = ANY(%(findings)s) AND source = 0
    RETURNING finding_id, team_id
)
INSERT INTO scans_ownerchange
    (triage_id, finding_id, before_id, was_by_hand, after_id, is_undone)
SELECT %(triage)s, finding_id, team_id, true, NULL, false FROM gone
"""
# Where the owner still is as the act left it.
_TAKE_BACK = """
WITH target AS (
    SELECT change.id FROM scans_ownerchange change
    LEFT JOIN scans_findingowner owner ON owner.finding_id = change.finding_id
    WHERE change.triage_id = %(triage)s AND change.finding_id = ANY(%(findings)s)
      AND NOT change.is_undone
      AND CASE WHEN %(cleared)s THEN owner.source IS DISTINCT FROM 0
               ELSE owner.source = 0 AND owner.team_id = change.after_id END
)
UPDATE scans_ownerchange done SET is_undone = true FROM target WHERE done.id = target.id
RETURNING done.finding_id, CASE WHEN done.was_by_hand THEN done.before_id END
"""
_OWN_AGAIN = """
INSERT INTO scans_findingowner AS known (finding_id, team_id, source, rule_id)
SELECT finding_id, team_id, 0, NULL
FROM unnest(%(findings)s::bigint[], %(teams)s::bigint[]) AS told (finding_id, team_id)
ON CONFLICT (finding_id) DO UPDATE SET team_id = excluded.team_id, source = 0, rule_id = NULL
"""
_FORGET = "DELETE FROM scans_findingowner WHERE finding_id = ANY(%(findings)s) AND source = 0"


def owners_say(*, triage: Triage, findings: list[int], system_id: int) -> int:
    """Set or clear the owner of findings of a system by hand. Returns how many it changed."""
    clears = _clears(triage)
    values: dict[str, Any] = {"triage": triage.pk, "findings": findings, "team": triage.team_id}
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR if clears else _OWN, values)
        done = int(cursor.rowcount)
    if clears:
        owners_fall_back(system_id=system_id, findings=findings)
    return done


def owners_take_back(*, triage: Triage, findings: list[int], system_id: int) -> int:
    """Undo it for findings whose owner nobody set since. Returns of how many."""
    values: dict[str, Any] = {
        "triage": triage.pk,
        "findings": findings,
        "cleared": _clears(triage),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, values)
        told: list[tuple[int, int | None]] = cursor.fetchall()
        by_hand = {finding: team for finding, team in told if team is not None}
        rest = [finding for finding, team in told if team is None]
        cursor.execute(_OWN_AGAIN, {"findings": list(by_hand), "teams": list(by_hand.values())})
        cursor.execute(_FORGET, {"findings": rest})
    owners_fall_back(system_id=system_id, findings=rest)
    return len(told)


def _clears(triage: Triage) -> bool:
    return triage.about == TriageAbout.NO_OWNER
