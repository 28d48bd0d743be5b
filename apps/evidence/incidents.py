"""Reading the register of incidents: lists, one entry with its history, and what years cost."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.evidence.forecasts import Forecast
from apps.evidence.models import Incident, IncidentKind
from apps.risks.models import RiskStatement

YEARS = 10  # that totals go back


@dataclass(frozen=True)
class IncidentFilter:
    """What a reader asked for; empty fields ask for nothing. statement: its number."""

    system: str = ""
    statement: int | None = None
    kind: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


def incidents_visible(viewer: Actor) -> QuerySet[Incident]:
    """Entries of the systems that the viewer sees, also those that count no longer."""
    rows: QuerySet[Incident] = Incident.objects.visible_to(viewer)
    risks = Prefetch("statements", RiskStatement.objects.order_by("pk").select_related("published"))
    return rows.select_related("system", "recorded_by", "ended_by", "corrects").prefetch_related(
        risks
    )


def incidents_list(viewer: Actor, wanted: IncidentFilter = IncidentFilter()) -> QuerySet[Incident]:
    """Those that count, the newest first. A time counts to a period where the two touch."""
    rows = _of(incidents_visible(viewer).filter(ended_at=None), wanted)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.since:
        rows = rows.filter(ended_on__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(began_on__lte=wanted.until)
    return rows.order_by("-ended_on", "-id")


def _of(rows: QuerySet[Incident], wanted: IncidentFilter) -> QuerySet[Incident]:
    if wanted.system:
        rows = rows.filter(system__key=wanted.system)
    if wanted.statement is not None:
        rows = rows.filter(statements=wanted.statement)
    return rows


def incident_get(viewer: Actor, pk: int) -> Incident:
    """Raises: Missing, also for one of a system that the viewer may not see."""
    row = incidents_visible(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing(f"There is no entry IN-{pk} that you may see.")
    return row


def incident_history(viewer: Actor, row: Incident) -> list[Incident]:
    """The entries that this one took the place of, the newest first."""
    found, corrected = [], row.corrects_id
    while corrected is not None:
        found.append(earlier := incident_get(viewer, corrected))
        corrected = earlier.corrects_id
    return found


@dataclass(frozen=True)
class YearTotal:
    """A calendar year, UTC. Money in the organisation's currency; this year: until today."""

    year: int
    incidents: int
    near_misses: int
    unknown: int  # incidents whose cost nobody knows
    loss: Decimal
    expected: Decimal

    @property
    def is_going_on(self) -> bool:
        return self.year == timezone.now().year

    @property
    def is_above(self) -> bool:
        return self.loss > self.expected


def years_of(viewer: Actor, wanted: IncidentFilter = IncidentFilter()) -> list[YearTotal]:
    """What happened against what was expected, the newest year first; years without either left out.

    Of `wanted`, system and statement count.
    """
    this = timezone.now().year
    happened = {
        row["year"]: row
        for row in _of(Incident.objects.visible_to(viewer).filter(ended_at=None), wanted)
        .annotate(year=ExtractYear("ended_on"))
        .filter(year__gt=this - YEARS)
        .values("year")
        .annotate(
            incidents=Coalesce(Sum("times", filter=Q(kind=IncidentKind.INCIDENT)), 0),
            near_misses=Coalesce(Sum("times", filter=Q(kind=IncidentKind.NEAR_MISS)), 0),
            unknown=Count("pk", filter=Q(kind=IncidentKind.INCIDENT, loss=None)),
            lost=Coalesce(Sum("loss"), Decimal(0)),
        )
        .order_by()
    }
    expected = expected_losses(viewer, wanted, first=this - YEARS + 1, last=this)
    return list(_years(happened, expected))


def _years(happened: dict[int, Any], expected: dict[int, Decimal]) -> Iterator[YearTotal]:
    for year in sorted(happened.keys() | expected.keys(), reverse=True):
        row = happened.get(year, {})
        yield YearTotal(
            year=year,
            incidents=row.get("incidents", 0),
            near_misses=row.get("near_misses", 0),
            unknown=row.get("unknown", 0),
            loss=row.get("lost", Decimal(0)),
            expected=expected.get(year, Decimal(0)),
        )


@dataclass(frozen=True)
class Happened:
    """Incidents of a risk in a time; losses of those whose cost is known, the oldest first."""

    events: int
    losses: tuple[Decimal, ...]


def happened_during(viewer: Actor, forecasts: Sequence[Forecast]) -> dict[int, Happened]:
    """{revision: what the register knows of the time that its estimate stood}; nothing is left out.

    An entry belongs to the time in which its last day lies. What several events of one entry cost
    altogether says nothing of any single one, and is no loss here.
    """
    numbers = {each.revision.statement_id for each in forecasts}
    rows: QuerySet[Incident] = Incident.objects.visible_to(viewer)
    known = list(
        rows.filter(ended_at=None, kind=IncidentKind.INCIDENT, statements__in=numbers)
        .order_by("ended_on", "pk")
        .values_list("statements", "ended_on", "times", "loss")
    )
    found: dict[int, Happened] = {}
    for each in forecasts:
        first, last = each.began.date(), each.ended.date()
        of_it = [
            (times, loss)
            for statement, day, times, loss in known
            if statement == each.revision.statement_id and first <= day < last
        ]
        if of_it:
            losses = tuple(loss for times, loss in of_it if loss and times == 1)
            found[each.revision.pk] = Happened(sum(times for times, _loss in of_it), losses)
    return found


# A published estimate counts while it stood and its risk was carried (apps/advice/carried.py says the
# same of today): not ended, not avoided, on the item as a whole or on the option that a decision in
# force chose or, while none was in force, on the baseline.
_EXPECTED = """
WITH asked AS (
    SELECT s.id, s.item_id, s.option_id, coalesce(o.is_baseline, false) AS is_baseline
      FROM risks_riskstatement s
      JOIN planning_planningitem i ON i.id = s.item_id AND i.status <> 'idea'
      LEFT JOIN planning_option o ON o.id = s.option_id
     WHERE s.id = ANY (%(statements)s)
), stood AS (
    SELECT r.statement_id, r.valuation_id, r.currency,
           tstzmultirange(tstzrange(r.published_at, lead(r.published_at) OVER (
               PARTITION BY r.statement_id ORDER BY r.published_at, r.number))) AS during
      FROM risks_riskrevision r
      JOIN asked ON asked.id = r.statement_id
), ended AS (
    SELECT e.statement_id, range_agg(tstzrange(e.made_at, u.made_at)) AS during
      FROM risks_statementend e
      JOIN asked ON asked.id = e.statement_id
      LEFT JOIN risks_statementend u ON u.undoes_id = e.id
     WHERE e.undoes_id IS NULL
     GROUP BY e.statement_id
), decided AS (
    SELECT d.id, d.item_id, d.option_id,
           tstzrange(d.decided_at, CASE WHEN d.ended_at IS NOT NULL
                                        THEN greatest(d.decided_at, d.ended_at) END) AS during
      FROM planning_decision d
     WHERE d.item_id IN (SELECT item_id FROM asked)
), carried AS (
    SELECT stood.valuation_id, stood.during
           - coalesce(ended.during, '{}')
           - coalesce((SELECT range_agg(d.during) FROM decided d
                         JOIN risks_treatmentchoice t ON t.decision_id = d.id
                        WHERE t.statement_id = asked.id AND t.treatment = 'avoid'), '{}')
           - CASE WHEN asked.option_id IS NULL THEN '{}'::tstzmultirange
                  ELSE CASE WHEN asked.is_baseline
                            THEN coalesce((SELECT range_agg(d.during) FROM decided d
                                            WHERE d.item_id = asked.item_id), '{}')
                            ELSE '{(,)}'::tstzmultirange END
                       - coalesce((SELECT range_agg(d.during) FROM decided d
                                    WHERE d.option_id = asked.option_id), '{}') END AS during
      FROM stood
      JOIN asked ON asked.id = stood.statement_id
      LEFT JOIN ended ON ended.statement_id = stood.statement_id
     WHERE stood.currency = %(currency)s
), years AS (
    SELECT year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC') AS began,
           make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC') AS over
      FROM generate_series(%(first)s, %(last)s) AS year
)
SELECT y.year,
       sum(v.expected_annual_loss * extract(epoch FROM upper(part) - lower(part))
           / extract(epoch FROM y.over - y.began))
  FROM years y
  JOIN carried c ON true
  JOIN risks_valuation v ON v.id = c.valuation_id
 CROSS JOIN LATERAL unnest(
       c.during * tstzmultirange(tstzrange(y.began, greatest(y.began, least(y.over, %(now)s))))
       ) AS part
 GROUP BY y.year
"""


def expected_losses(
    viewer: Actor, wanted: IncidentFilter, *, first: int, last: int
) -> dict[int, Decimal]:
    """{calendar year: what published estimates expected it to cost while they stood}; until now.

    Money in the organisation's currency. An expected annual loss counts for the share of the year that
    its estimate stood and its risk was carried.
    """
    rows = RiskStatement.objects.visible_to(viewer)
    if wanted.system:
        rows = rows.filter(system__key=wanted.system)
    if wanted.statement is not None:
        rows = rows.filter(pk=wanted.statement)
    asked: dict[str, Any] = {
        "statements": list(rows.values_list("pk", flat=True)),
        "currency": settings.SECOPS_CURRENCY,
        "first": first,
        "last": last,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_EXPECTED, asked)
        return {year: amount.quantize(Decimal("0.01")) for year, amount in cursor.fetchall()}
