"""Estimates whose time is over and of which nobody has said what came: what there is to score.

An estimate stands from its publishing until another one takes its place, at most for a year; one that
stood for less than a quarter says too little. The text of a revision may change without its estimate.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.risks.models import RiskRevision, RiskStatement

YEAR = dt.timedelta(days=365)
SHORTEST = dt.timedelta(days=90)
_DUE = """
WITH stood AS (
    SELECT r.statement_id, min(r.published_at) AS began, min(r.id) AS revision_id
      FROM risks_riskrevision r
     GROUP BY r.statement_id, r.valuation_id
), period AS (
    SELECT revision_id, statement_id, began,
           least(began + %(year)s,
                 coalesce(lead(began) OVER (PARTITION BY statement_id ORDER BY began, revision_id),
                          'infinity')) AS ended
      FROM stood
)
SELECT p.revision_id, p.began, p.ended
  FROM period p
  LEFT JOIN evidence_outcome o ON o.revision_id = p.revision_id
 WHERE o.id IS NULL AND p.ended <= %(now)s AND p.ended - p.began >= %(shortest)s
   AND p.statement_id = ANY (%(statements)s)
 ORDER BY p.ended, p.revision_id
 LIMIT %(most)s
"""


@dataclass(frozen=True)
class Forecast:
    """What was estimated, and from when until when that stood."""

    revision: RiskRevision
    began: dt.datetime
    ended: dt.datetime

    @property
    def years(self) -> float:
        return (self.ended - self.began) / YEAR


def forecasts_due(
    viewer: Actor, *, most: int = 50, statement: RiskStatement | None = None
) -> list[Forecast]:
    """The longest over first, of statements whose evidence the viewer keeps."""
    rows = RiskStatement.objects.visible_to(viewer, Permission.EVIDENCE_LINK)
    if statement is not None:
        rows = rows.filter(pk=statement.pk)
    asked: dict[str, Any] = {
        "year": YEAR,
        "shortest": SHORTEST,
        "now": timezone.now(),
        "statements": list(rows.values_list("pk", flat=True)),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, asked)
        found = cursor.fetchall()
    revisions = RiskRevision.objects.select_related("statement__system", "published_by").in_bulk(
        [pk for pk, _began, _ended in found]
    )
    return [Forecast(revisions[pk], began, ended) for pk, began, ended in found]


def forecast_get(viewer: Actor, revision: int) -> Forecast:
    """Raises: Missing, also where its time is not over, or it was said already what came."""
    row = RiskRevision.objects.select_related("statement").filter(pk=revision).first()
    if row is not None:
        for each in forecasts_due(viewer, most=1000, statement=row.statement):
            if each.revision.pk == revision:
                return each
    raise Missing("There is no estimate of that number whose time is over and which waits for you.")
