"""What the demo's organisation tolerates, and what its systems carried before it was loaded."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.advice.carried import statements_carried
from apps.advice.demo.files import Record
from apps.risks.models import PortfolioSnapshot, RiskRevision
from apps.risks.services.tolerance import Point, tolerance_set

DAYS = 90


def tolerance_load(actor: Actor, records: Sequence[Record]) -> None:
    points = [Point(Decimal(str(each["loss"])), float(each["allowed"])) for each in records]
    tolerance_set(actor=actor, points=points)


def past_load() -> None:
    """The days before today, from when each risk that is carried today was published, and what it was worth then.

    The value at risk of a past day is today's, as much smaller as the expected loss was.
    """
    today = timezone.localdate()
    latest = {each.system_id: each for each in PortfolioSnapshot.objects.filter(day=today)}
    rows = []
    for system_id, newest in latest.items():
        carried = statements_carried(portal_actor("demo")).filter(system=system_id)
        revisions = list(
            RiskRevision.objects.filter(statement__in=carried.order_by().values("pk"))
            .select_related("valuation")
            .order_by("published_at")
        )
        for day in (today - dt.timedelta(days=back) for back in range(DAYS, 0, -1)):
            worth = _worth(revisions, day)
            if worth:
                loss = sum(worth.values(), Decimal(0))
                share = loss / newest.expected_annual_loss if newest.expected_annual_loss else 0
                rows.append(
                    PortfolioSnapshot(
                        system_id=system_id,
                        day=day,
                        expected_annual_loss=loss,
                        value_at_risk=round(newest.value_at_risk * share, 2),
                        statements=len(worth),
                    )
                )
    PortfolioSnapshot.objects.bulk_create(rows, ignore_conflicts=True)


def _worth(revisions: Sequence[RiskRevision], day: dt.date) -> dict[int, Decimal]:
    """Expected loss by statement, as the newest revision of that day had it."""
    return {
        each.statement_id: each.valuation.expected_annual_loss
        for each in revisions
        if timezone.localdate(each.published_at) <= day
    }
