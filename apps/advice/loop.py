"""The DevOps loop at a glance: for each stage the evidence there is, how fresh, and the risk carried."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Sum

from apps.accounts.actors import Actor
from apps.advice.carried import statements_carried
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.scans.models import ReportState, Series

FRESH = dt.timedelta(days=14)
STALE = dt.timedelta(days=45)


@dataclass
class StageView:
    """One stage. `open_counts` are open findings by severity, index 0 to 4; money is currency a year."""

    stage: Stage
    open_counts: list[int] = field(default_factory=lambda: [0] * 5)
    series_count: int = 0
    systems_with_evidence: int = 0
    systems: int = 0
    newest_at: dt.datetime | None = None
    expected_annual_loss: Decimal = Decimal(0)
    statement_count: int = 0

    @property
    def open_count(self) -> int:
        return sum(self.open_counts)

    @property
    def coverage(self) -> float:
        """Share of the systems that have evidence here, 0 to 1."""
        return self.systems_with_evidence / self.systems if self.systems else 0.0

    def freshness(self, now: dt.datetime) -> str:
        return freshness(self.newest_at, now)


def freshness(newest_at: dt.datetime | None, now: dt.datetime) -> str:
    """How old evidence is: fresh, ageing, stale, or none where there is none."""
    if newest_at is None:
        return "none"
    age = now - newest_at
    return "fresh" if age <= FRESH else "ageing" if age <= STALE else "stale"


def loop_view(viewer: Actor, system: System | None = None) -> list[StageView]:
    """The eight stages in order, over all systems that the viewer sees, or over one."""
    views = {stage.value: StageView(stage) for stage in Stage}
    systems = System.objects.visible_to(viewer)
    count = 1 if system else systems.count()
    for view in views.values():
        view.systems = count
    _add_evidence(views, viewer, system)
    _add_risk(views, viewer, system)
    return list(views.values())


def _add_evidence(views: dict[str, StageView], viewer: Actor, system: System | None) -> None:
    series = Series.objects.visible_to(viewer).filter(
        is_preview=False, newest_report__state=ReportState.PROCESSED
    )
    if system:
        series = series.filter(system=system)
    seen: dict[str, set[int]] = {}
    rows = series.values_list("stage", "system_id", "open_counts", "newest_report__received_at")
    for stage, system_id, counts, at in rows:
        view = views[stage]
        view.series_count += 1
        view.open_counts = [a + b for a, b in zip(view.open_counts, counts, strict=True)]
        view.newest_at = max(at, view.newest_at) if view.newest_at else at
        seen.setdefault(stage, set()).add(system_id)
    for stage, ids in seen.items():
        views[stage].systems_with_evidence = len(ids)


def _add_risk(views: dict[str, StageView], viewer: Actor, system: System | None) -> None:
    carried = statements_carried(viewer)
    if system:
        carried = carried.filter(system=system)
    # Expected values may be added; percentiles may not, and are not (docs/quant.md).
    rows = (
        carried.order_by()
        .values("item__stage")
        .annotate(loss=Sum("published__valuation__expected_annual_loss"), number=Count("id"))
    )
    for row in rows:
        view = views[row["item__stage"]]
        view.expected_annual_loss = row["loss"] or Decimal(0)
        view.statement_count = row["number"]


@dataclass(frozen=True)
class SystemCard:
    """A system as the list of systems shows it."""

    system: System
    expected_annual_loss: Decimal
    statement_count: int
    open_counts: list[int]
    stages_with_evidence: int
    newest_at: dt.datetime | None


def system_cards(viewer: Actor) -> list[SystemCard]:
    """All systems that the viewer sees, in four queries whatever their number."""
    losses: dict[int, dict[str, Any]] = {
        row["system_id"]: dict(row)
        for row in statements_carried(viewer)
        .order_by()
        .values("system_id")
        .annotate(loss=Sum("published__valuation__expected_annual_loss"), number=Count("id"))
    }
    counts: dict[int, list[int]] = {}
    stages: dict[int, set[str]] = {}
    series = Series.objects.visible_to(viewer).filter(is_preview=False)
    for system_id, stage, numbers in series.values_list("system_id", "stage", "open_counts"):
        before = counts.get(system_id, [0] * 5)
        counts[system_id] = [a + b for a, b in zip(before, numbers, strict=True)]
        stages.setdefault(system_id, set()).add(stage)
    newest = dict(
        series.order_by().values_list("system_id").annotate(at=Max("newest_report__received_at"))
    )
    systems = System.objects.visible_to(viewer).select_related("owner").order_by("name")
    return [
        SystemCard(
            system=system,
            expected_annual_loss=losses.get(system.pk, {}).get("loss") or Decimal(0),
            statement_count=losses.get(system.pk, {}).get("number", 0),
            open_counts=counts.get(system.pk, [0] * 5),
            stages_with_evidence=len(stages.get(system.pk, ())),
            newest_at=newest.get(system.pk),
        )
        for system in systems
    ]
