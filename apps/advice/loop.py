"""The DevOps loop at a glance: for each stage the evidence there is, how fresh, and the risk carried."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from apps.accounts.actors import Actor
from apps.advice.carried import statements_carried
from apps.catalog.models import System
from apps.catalog.selectors import systems_in_use
from apps.catalog.stages import Stage
from apps.coverage.picture import (
    Arrived,
    StageCoverage,
    SystemCoverage,
    freshest,
    newest_of,
    open_counts_of,
)
from apps.coverage.selectors import coverage_of


@dataclass
class StageView:
    """One stage of the loop; money is currency a year."""

    stage: Stage
    of_systems: list[StageCoverage] = field(default_factory=list)  # one for each
    expected_annual_loss: Decimal = Decimal(0)
    statement_count: int = 0

    @property
    def arrived(self) -> list[Arrived]:
        return [each for stage in self.of_systems for each in stage.arrived]

    @property
    def series_count(self) -> int:
        return len(self.arrived)

    @property
    def newest_at(self) -> dt.datetime | None:
        return newest_of(self.arrived)

    @property
    def open_counts(self) -> list[int]:
        """Open findings by severity, index 0 to 4."""
        return open_counts_of(self.arrived)

    @property
    def open_count(self) -> int:
        return sum(self.open_counts)

    @property
    def expected(self) -> int:
        return sum(len(each.expected) for each in self.of_systems)

    @property
    def met(self) -> int:
        return sum(each.met for each in self.of_systems)

    @property
    def coverage(self) -> float:
        """Share of the expected evidence that is here and fresh, 0 to 1. Where nothing is expected, the
        share of the systems that have evidence all the same."""
        if self.expected:
            return self.met / self.expected
        seen = sum(1 for each in self.of_systems if each.arrived)
        return seen / len(self.of_systems) if self.of_systems else 0.0

    @property
    def freshness(self) -> str:
        """That of the freshest evidence: fresh, ageing, stale, or none where there is none."""
        return freshest(self.arrived)


def loop_view(viewer: Actor, system: System | None = None) -> list[StageView]:
    """The eight stages in order, over all systems that the viewer sees, or over one."""
    systems = [system] if system else systems_in_use(viewer)
    return loop_over(viewer, coverage_of(viewer, systems), system)


def loop_over(
    viewer: Actor, covered: Sequence[SystemCoverage], system: System | None = None
) -> list[StageView]:
    """The eight stages in order, of these systems; `system` where it is one."""
    views = {stage.value: StageView(stage) for stage in Stage}
    for each in covered:
        for stage in each.stages:
            views[stage.stage].of_systems.append(stage)
    _add_risk(views, viewer, system)
    return list(views.values())


def _add_risk(views: dict[str, StageView], viewer: Actor, system: System | None) -> None:
    carried = statements_carried(viewer, named=system)
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
    coverage: SystemCoverage
    open_counts: list[int]
    newest_at: dt.datetime | None


def system_cards(viewer: Actor) -> list[SystemCard]:
    """All systems that the viewer sees and that are in use, in a few queries whatever their number."""
    losses: dict[int, dict[str, Any]] = {
        row["system_id"]: dict(row)
        for row in statements_carried(viewer)
        .order_by()
        .values("system_id")
        .annotate(loss=Sum("published__valuation__expected_annual_loss"), number=Count("id"))
    }
    return [
        SystemCard(
            system=each.system,
            expected_annual_loss=losses.get(each.system.pk, {}).get("loss") or Decimal(0),
            statement_count=losses.get(each.system.pk, {}).get("number", 0),
            coverage=each,
            open_counts=open_counts_of(each.arrived),
            newest_at=newest_of(each.arrived),
        )
        for each in coverage_of(viewer, systems_in_use(viewer))
    ]
