"""Many risks as one: what a year may cost, against what the organisation tolerates, and what makes it so.

Percentiles do not add, so the risks are simulated together (docs/quant.md); expected losses do.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.advice.carried import statements_carried
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.kept import keep, kept, key_for
from apps.planning.models import Decision
from apps.planning.selectors import decisions_in_force
from apps.risks.models import PortfolioSnapshot, RiskStatement, Treatment
from apps.risks.quant import (
    ENGINE,
    PortfolioRisk,
    SharedCause,
    value_portfolio,
)
from apps.risks.services.estimates import estimate_of
from apps.risks.services.tolerance import Point, current_tolerance
from apps.risks.services.valuations import SEED, money

WORK = 10_000_000  # simulated risk-years: what a page may wait for, about a second
FEWEST, MOST = 5_000, 100_000  # simulated years
CONTRIBUTORS = 10
DAYS_SHOWN = 90
SOON = dt.timedelta(days=60)


@dataclass(frozen=True)
class Scope:
    """Which risks: of a system (key), a stage; empty is all. correlation: of a shared cause, 0 for none."""

    system: str = ""
    stage: str = ""
    correlation: float = 0.0


@dataclass(frozen=True)
class Contributor:
    """What a risk adds on average, and on average in the worst twentieth of the years."""

    statement: RiskStatement
    expected_annual_loss: Decimal
    in_bad_years: Decimal


@dataclass(frozen=True)
class Group:
    """Expected annual loss of a system or stage, which may be added."""

    key: str
    name: str
    expected_annual_loss: Decimal
    statements: int


@dataclass(frozen=True)
class TolerancePoint:
    point: Point
    actual: float

    @property
    def is_within(self) -> bool:
        return self.actual <= self.point.allowed


@dataclass(frozen=True)
class Portfolio:
    """Money is the organisation's currency a year; probabilities are of one year, 0 to 1."""

    scope: Scope
    statements: int
    trials: int
    expected_annual_loss: Decimal
    standard_error: Decimal  # of the simulated mean
    probability_of_loss: float
    percentiles: dict[str, Decimal]
    expected_shortfall: Decimal  # the average of the worst twentieth
    curve: list[tuple[float, float]]
    contributors: list[Contributor]
    tolerance: list[TolerancePoint]
    systems: list[Group]
    stages: list[Group]


def portfolio(viewer: Actor, scope: Scope) -> Portfolio | None:
    """All risks carried that the viewer sees and the scope asks for; None where there are none."""
    rows = _rows(viewer, scope)
    if not rows:
        return None
    line = current_tolerance()
    told = _simulated(rows, scope.correlation, line)
    by_key = {each.key: each for each in rows}
    return Portfolio(
        scope=scope,
        statements=len(rows),
        trials=told["trials"],
        expected_annual_loss=Decimal(told["expected"]),
        standard_error=Decimal(told["error"]),
        probability_of_loss=told["probability"],
        percentiles={name: Decimal(amount) for name, amount in told["percentiles"].items()},
        expected_shortfall=Decimal(told["shortfall"]),
        curve=[(loss, chance) for loss, chance in told["curve"]],
        contributors=[
            Contributor(by_key[key], Decimal(mean), Decimal(bad))
            for key, mean, bad in told["contributors"][:CONTRIBUTORS]
        ],
        tolerance=[
            TolerancePoint(point, actual)
            for point, actual in zip(line, told["tolerance"], strict=True)
        ],
        systems=_systems(viewer, scope),
        stages=_stages(viewer, scope),
    )


def _rows(viewer: Actor, scope: Scope) -> list[RiskStatement]:
    return list(_scoped(viewer, scope).order_by("pk"))


def _scoped(viewer: Actor, scope: Scope) -> Any:
    found = statements_carried(viewer)
    if scope.system:
        found = found.filter(system__key=scope.system)
    if scope.stage:
        found = found.filter(item__stage=scope.stage)
    return found


def _simulated(rows: list[RiskStatement], correlation: float, line: list[Point]) -> dict[str, Any]:
    """Plain values, kept for a day under what they were made from."""
    trials = min(max(WORK // len(rows), FEWEST), MOST)
    inputs = [[each.pk, each.published.valuation.inputs] for each in rows if each.published]
    points = [[str(each.loss), each.allowed] for each in line]
    key = key_for("portfolio", ENGINE, trials, correlation, inputs, points)
    found: dict[str, Any] | None = kept(key)
    if found is None:
        found = _simulate(rows, trials, correlation, line)
        keep(key, found)
    return found


def _simulate(
    rows: list[RiskStatement], trials: int, correlation: float, line: list[Point]
) -> dict[str, Any]:
    cause = SharedCause("all", correlation) if correlation else None
    valued = value_portfolio(
        [
            PortfolioRisk(each.key, estimate_of(each.published), cause)
            for each in rows
            if each.published
        ],
        seed=SEED,
        trials=trials,
        tolerance={float(point.loss): point.allowed for point in line},
    )
    loss = valued.loss
    return {
        "trials": loss.trials,
        "expected": str(money(loss.expected_annual_loss)),
        "error": str(money(loss.standard_error)),
        "probability": loss.probability_of_loss,
        "percentiles": {
            name.removeprefix("p"): str(money(amount)) for name, amount in loss.percentiles.items()
        },
        "shortfall": str(money(loss.expected_shortfall["p95"])),
        "curve": [
            [round(at, 2), chance]
            for at, chance in zip(loss.curve_thresholds, loss.curve_probabilities, strict=True)
        ],
        "contributors": [
            [each.name, str(money(each.expected_annual_loss)), str(money(each.in_bad_years))]
            for each in valued.contributions
        ],
        "tolerance": [each.actual for each in valued.tolerance],
    }


_LOSS = "published__valuation__expected_annual_loss"


def _systems(viewer: Actor, scope: Scope) -> list[Group]:
    rows = (
        _scoped(viewer, scope)
        .order_by()
        .values("system__key", "system__name")
        .annotate(loss=Sum(_LOSS), number=Count("id"))
        .order_by("-loss")
    )
    return [
        Group(row["system__key"], row["system__name"], row["loss"], row["number"]) for row in rows
    ]


def _stages(viewer: Actor, scope: Scope) -> list[Group]:
    rows = {
        row["item__stage"]: row
        for row in _scoped(viewer, scope)
        .order_by()
        .values("item__stage")
        .annotate(loss=Sum(_LOSS), number=Count("id"))
    }
    return [
        Group(stage.value, str(stage.label), rows[stage.value]["loss"], rows[stage.value]["number"])
        for stage in Stage
        if stage.value in rows
    ]


@dataclass(frozen=True)
class Day:
    day: dt.date
    expected_annual_loss: Decimal
    statements: int


def over_time(viewer: Actor, scope: Scope, days: int = DAYS_SHOWN) -> list[Day]:
    """Expected annual loss by day, of the systems that the viewer sees; the newest first."""
    rows = PortfolioSnapshot.objects.visible_to(viewer).filter(
        day__gte=timezone.localdate() - dt.timedelta(days=days)
    )
    if scope.system:
        rows = rows.filter(system__key=scope.system)
    added = (
        rows.order_by()
        .values("day")
        .annotate(loss=Sum("expected_annual_loss"), number=Sum("statements"))
        .order_by("-day")
    )
    return [Day(row["day"], row["loss"], row["number"]) for row in added]


def acceptances_due(viewer: Actor) -> list[Decision]:
    """Decisions in force that accept a risk and end soon, soonest first."""
    return list(
        decisions_in_force(viewer)
        .filter(
            valid_until__lte=timezone.localdate() + SOON, treatments__treatment=Treatment.ACCEPT
        )
        .distinct()[:CONTRIBUTORS]
    )


def snapshot(day: dt.date | None = None) -> int:
    """Write down what each system carries today; a second time on a day writes it anew."""
    today = day or timezone.localdate()
    viewer = portal_actor("snapshot")
    by_system: dict[int, list[RiskStatement]] = defaultdict(list)
    for statement in statements_carried(viewer).order_by("pk"):
        by_system[statement.system_id].append(statement)
    for system_id in System.objects.values_list("pk", flat=True):
        rows = by_system.get(system_id, [])
        nothing: dict[str, Any] = {"expected": "0", "percentiles": {"95": "0"}}
        told = _simulated(rows, 0.0, []) if rows else nothing
        PortfolioSnapshot.objects.update_or_create(
            system_id=system_id,
            day=today,
            defaults={
                "expected_annual_loss": Decimal(told["expected"]),
                "value_at_risk": Decimal(told["percentiles"]["95"]),
                "statements": len(rows),
            },
        )
    return len(by_system)
