"""A system as one page: its loop, the risk it carries, what is planned, and what its tools see."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.accounts.actors import Actor
from apps.accounts.models import ApiToken, Membership
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.accounts.selectors import tokens_of_system
from apps.advice.carried import statements_carried
from apps.advice.loop import StageView, loop_over
from apps.catalog.models import Component, Environment, System
from apps.catalog.selectors import components_of, environments_of, memberships_of, system_get
from apps.common.parts import Parts
from apps.coverage.picture import SystemCoverage, open_counts_of
from apps.coverage.selectors import coverage_of, series_of
from apps.planning.models import PlanningItem
from apps.planning.selectors import ItemFilter, items_list
from apps.risks.models import RiskStatement
from apps.scans.models import Series
from apps.scans.newness import COUNTED, WEEK, new_since
from apps.scans.selectors import findings_new

SHOWN = 8


@dataclass(frozen=True)
class SeriesView:
    """A series, also one that has nothing that counts: it ended, or its reports were not read."""

    series: Series
    newest_at: dt.datetime | None
    freshness: str  # fresh, ageing, stale or none

    @property
    def is_clear(self) -> bool:
        return not any(self.series.open_counts)


@dataclass(frozen=True)
class SystemView:
    system: System
    stages: list[StageView]
    statements: list[RiskStatement]  # carried now, the dearest first; at most SHOWN
    statement_count: int
    expected_annual_loss: Decimal  # of all that is carried, currency a year
    items: list[PlanningItem]  # the newest, at most SHOWN
    coverage: SystemCoverage
    series: list[SeriesView]
    new_findings: int  # open ones of this week, at most COUNTED
    components: list[Component]
    environments: list[Environment]
    members: list[Membership]
    tokens: list[ApiToken]  # empty for those who may not manage them
    may_manage: bool
    may_edit: bool
    may_manage_tokens: bool
    may_upload: bool
    may_add_items: bool
    may_import_threats: bool

    @property
    def open_stages(self) -> list[StageView]:
        """The stages in which something is open."""
        return [view for view in self.stages if view.open_count]

    @property
    def open_counts(self) -> list[int]:
        """Open findings by severity over all stages, 0 to 4."""
        return open_counts_of(self.coverage.arrived)


def system_view(viewer: Actor, key: str) -> SystemView:
    """Everything the page shows. Raises: Missing."""
    system = system_get(viewer, key)
    series = series_of(viewer, system)
    evidence = [row for row in series if row.is_evidence]  # type: ignore[attr-defined]  # annotated
    covered = coverage_of(viewer, [system], series=evidence)[0]
    stages = loop_over(viewer, [covered], system)
    carried = statements_carried(viewer, named=system).filter(system=system)
    dearest = carried.order_by("-published__valuation__expected_annual_loss", "-pk")
    # All are joined before they are sorted: only with what the page says of them.
    dearest = dearest.select_related(None).select_related("item", "published__valuation")
    parts = Parts(
        {"new_findings": findings_new(viewer, new_since(WEEK), system)[:COUNTED]},
        statements=dearest[:SHOWN],
        items=items_list(viewer, ItemFilter(system=key))[:SHOWN],
        components=components_of(system),
        environments=environments_of(system),
        members=memberships_of(system),
        tokens=tokens_of_system(viewer, system.pk),
    )
    return SystemView(
        system=system,
        stages=stages,
        statements=parts["statements"],
        statement_count=sum(view.statement_count for view in stages),
        expected_annual_loss=sum((view.expected_annual_loss for view in stages), Decimal(0)),
        items=parts["items"],
        coverage=covered,
        series=_series(series, covered),
        new_findings=parts.number("new_findings"),
        components=parts["components"],
        environments=parts["environments"],
        members=parts["members"],
        tokens=parts["tokens"],
        may_manage=may(viewer, Permission.SYSTEM_MANAGE, system),
        may_edit=may(viewer, Permission.SYSTEM_EDIT, system),
        may_manage_tokens=may(viewer, Permission.TOKEN_MANAGE, system),
        may_upload=may(viewer, Permission.REPORT_UPLOAD, system),
        may_add_items=may(viewer, Permission.ITEM_EDIT, system),
        may_import_threats=may(viewer, Permission.ITEM_EDIT, system)
        and may(viewer, Permission.STATEMENT_EDIT, system),
    )


def _series(series: Iterable[Series], covered: SystemCoverage) -> list[SeriesView]:
    arrived = {each.series.pk: each for each in covered.arrived}
    found = []
    for row in series:
        seen = arrived.get(row.pk)
        newest_at = row.newest_report.received_at if row.newest_report else None
        found.append(SeriesView(row, newest_at, seen.freshness if seen else "none"))
    return found
