"""Keeps the groups of several tools as findings change, a system at a time."""

from django.db import connection, transaction

from apps.common.holds import GROUPS
from apps.scans.models import Finding, FindingState, Series
from apps.scans.selectors_groups import GROUPED, grouped

# What is the same as before is not written again.
_MAKE = """
WITH fresh AS MATERIALIZED (
    SELECT md5(weakness || ' ' || spot)::uuid AS digest, made.*
    FROM ({groups}) made (system_id, weakness, spot, worst, tools, sightings, first)
), gone AS (
    DELETE FROM scans_weaknessgroup known
    WHERE known.system_id = %s AND NOT EXISTS (SELECT FROM fresh WHERE fresh.digest = known.digest)
)
INSERT INTO scans_weaknessgroup AS known
    (system_id, digest, weakness, place, severity, tools, sightings, finding_id)
SELECT system_id, digest, weakness, spot, worst, tools, sightings, first FROM fresh
ON CONFLICT (system_id, digest) DO UPDATE
SET severity = excluded.severity, tools = excluded.tools, sightings = excluded.sightings,
    finding_id = excluded.finding_id
WHERE (known.severity, known.tools, known.sightings, known.finding_id)
    IS DISTINCT FROM (excluded.severity, excluded.tools, excluded.sightings, excluded.finding_id)
"""


def groups_make_due(most: int = 100) -> int:
    """Make the groups of systems whose open findings have changed. Returns of how many."""
    changed = Series.objects.filter(is_grouped=False, is_preview=False).order_by()
    systems = changed.values_list("system_id", flat=True).distinct()[:most]
    return sum(groups_make(system_id) for system_id in list(systems))


@transaction.atomic
def groups_make(system_id: int) -> bool:
    """Group what is open of a system. False: another one does it, or all that changed is being imported.

    A series that an import holds is left as it is, to be grouped after it; pages group such a system
    themselves until then.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [GROUPS + system_id])
        if not cursor.fetchone()[0]:
            return False
        due = Series.objects.filter(system_id=system_id, is_grouped=False, is_preview=False)
        free = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True))
        if not free:
            return False
        Series.objects.filter(pk__in=free).update(is_grouped=True)
        # Begun after the locks: it sees all that was committed before them.
        is_open = Finding.objects.filter(
            system_id=system_id, is_preview=False, state=FindingState.OPEN
        )
        rows = grouped(is_open).filter(tool_count__gt=1)
        groups, values = rows.values_list(*GROUPED).query.sql_with_params()
        cursor.execute(_MAKE.format(groups=groups), [*values, system_id])
    return True
