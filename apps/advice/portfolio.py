"""Many risks as one: what a year may cost, against what the organisation tolerates, and what makes it so.

Expected losses add up, so they are sums of what each risk is worth, there at once. Percentiles do not add:
the risks are simulated together (docs/quant.md), by a worker where they are many.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    Func,
    OuterRef,
    QuerySet,
    Sum,
    Value,
)
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import in_use
from apps.advice.carried import statements_carried
from apps.advice.simulation import CONTRIBUTORS, Wanted, simulated, simulated_here
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.planning.models import Decision
from apps.planning.selectors import decisions_in_force
from apps.risks.models import (
    PortfolioSnapshot,
    RiskRevision,
    RiskStatement,
    Treatment,
    TreatmentChoice,
)
from apps.risks.services.tolerance import Point, current_tolerance

DAYS_SHOWN = 90
SOON = dt.timedelta(days=60)
_ACCEPTANCES = TreatmentChoice.objects.filter(decision=OuterRef("pk"), treatment=Treatment.ACCEPT)


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
class Outcome:
    """What the simulation of all risks together says of a year."""

    trials: int
    standard_error: Decimal  # of the simulated mean
    probability_of_loss: float
    percentiles: dict[str, Decimal]
    expected_shortfall: Decimal  # the average of the worst twentieth
    curve: list[tuple[float, float]]
    contributors: list[Contributor]
    tolerance: list[TolerancePoint]


@dataclass(frozen=True)
class Portfolio:
    """Money is the organisation's currency a year; probabilities are of one year, 0 to 1."""

    scope: Scope
    statements: int
    trials: int  # that are, or will be, simulated
    expected_annual_loss: Decimal
    systems: list[Group]
    stages: list[Group]
    outcome: Outcome | None  # None while a worker simulates


def portfolio(
    viewer: Actor, scope: Scope, drawn: Sequence[Point] | None = None
) -> Portfolio | None:
    """All risks carried that the viewer sees and the scope asks for; None where there are none.

    drawn: current_tolerance(), where it has been read.
    """
    rows = _scoped(viewer, scope)
    shares = _shares(rows)
    if not shares:
        return None
    line = tuple(current_tolerance() if drawn is None else drawn)
    points = tuple((str(each.loss), each.allowed) for each in line)
    wanted = Wanted(*_which(shares), scope.correlation, points)
    found = simulated(wanted, _revisions(rows))
    return Portfolio(
        scope=scope,
        statements=wanted.risks,
        trials=found["trials"] if found else wanted.trials,
        expected_annual_loss=_loss(shares),
        systems=_systems(shares),
        stages=_stages(shares),
        outcome=_outcome(found, rows, line) if found else None,
    )


def _outcome(
    found: dict[str, Any], rows: QuerySet[RiskStatement], line: tuple[Point, ...]
) -> Outcome:
    told = rows.select_related(None).select_related("system", "item", "published")
    largest = told.in_bulk([number for number, *_ in found["contributors"]])
    return Outcome(
        trials=found["trials"],
        standard_error=Decimal(found["error"]),
        probability_of_loss=found["probability"],
        percentiles={name: Decimal(amount) for name, amount in found["percentiles"].items()},
        expected_shortfall=Decimal(found["shortfall"]),
        curve=[(loss, chance) for loss, chance in found["curve"]],
        contributors=[
            Contributor(largest[number], Decimal(mean), Decimal(bad))
            for number, mean, bad in found["contributors"]
            if number in largest  # published anew meanwhile, or gone
        ],
        tolerance=[
            TolerancePoint(point, actual)
            for point, actual in zip(line, found["tolerance"], strict=True)
        ],
    )


def _scoped(viewer: Actor, scope: Scope) -> QuerySet[RiskStatement]:
    found = statements_carried(viewer, named=scope.system)
    if scope.system:
        found = found.filter(system__key=scope.system)
    if scope.stage:
        found = found.filter(item__stage=scope.stage)
    return found


def _revisions(rows: QuerySet[RiskStatement]) -> QuerySet[RiskRevision]:
    published = rows.order_by().select_related(None).values("published")
    return RiskRevision.objects.filter(pk__in=published).order_by("statement")


@dataclass(frozen=True)
class Share:
    """What a system carries at one stage. digest: of which published revisions, which never change."""

    system_id: int
    system_key: str
    system_name: str
    stage: str
    expected_annual_loss: Decimal
    statements: int
    digest: Decimal


def _shares(rows: QuerySet[RiskStatement]) -> list[Share]:
    """Of all that is carried; a system and a stage that carry nothing are left out."""
    # The sum of a hash of each, 64 bits wide: a list of their numbers would have to be sorted first.
    hashed = Func(F("published"), Value(0), function="hashint8extended")
    told = (
        rows.order_by()
        .values_list("system_id", "system__key", "system__name", "item__stage")
        .annotate(
            loss=Sum("published__valuation__expected_annual_loss"),
            number=Count("pk"),
            digest=Sum(hashed, output_field=DecimalField(max_digits=40, decimal_places=0)),
        )
    )
    return [Share(*row) for row in told]


def _which(shares: Iterable[Share]) -> tuple[int, str]:
    """How many risks, and what the result of simulating them is kept under: the same for the same ones."""
    digests = sorted(each.digest for each in shares)
    together = hashlib.sha256(",".join(map(str, digests)).encode()).hexdigest()
    return sum(each.statements for each in shares), together


def _loss(shares: Iterable[Share]) -> Decimal:
    return sum((each.expected_annual_loss for each in shares), Decimal(0))


def _systems(shares: Iterable[Share]) -> list[Group]:
    """The dearest first."""
    groups = [
        Group(key, parts[0].system_name, _loss(parts), sum(each.statements for each in parts))
        for key, parts in _parted(shares, lambda each: each.system_key).items()
    ]
    return sorted(groups, key=lambda each: each.expected_annual_loss, reverse=True)


def _stages(shares: Iterable[Share]) -> list[Group]:
    """In the order of the loop."""
    parted = _parted(shares, lambda each: each.stage)
    return [
        Group(stage.value, str(stage.label), _loss(parts), sum(each.statements for each in parts))
        for stage in Stage
        if (parts := parted.get(stage.value))
    ]


def _parted(shares: Iterable[Share], by: Callable[[Share], str]) -> dict[str, list[Share]]:
    parted: dict[str, list[Share]] = {}
    for each in shares:
        parted.setdefault(by(each), []).append(each)
    return parted


@dataclass(frozen=True)
class Day:
    day: dt.date
    expected_annual_loss: Decimal
    statements: int


def over_time(viewer: Actor, scope: Scope, days: int = DAYS_SHOWN) -> list[Day]:
    """Expected annual loss by day, of the systems that the viewer sees; the newest first."""
    seen = PortfolioSnapshot.objects.visible_to(viewer)
    rows = in_use(seen, viewer, named=scope.system).filter(
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
    due = decisions_in_force(viewer).filter(valid_until__lte=timezone.localdate() + SOON)
    return list(due.filter(Exists(_ACCEPTANCES)).select_related("decided_by")[:CONTRIBUTORS])


def snapshot(day: dt.date | None = None) -> int:
    """Write down what each system carries today; a second time on a day writes it anew.

    Returns how many systems carry something.
    """
    today = day or timezone.localdate()
    carried = statements_carried(portal_actor("snapshot"))
    totals: dict[int, list[Share]] = {}
    for share in _shares(carried):
        totals.setdefault(share.system_id, []).append(share)
    for system_id in System.objects.filter(archived_at=None).values_list("pk", flat=True):
        shares = totals.get(system_id, [])
        PortfolioSnapshot.objects.update_or_create(
            system_id=system_id,
            day=today,
            defaults={
                "expected_annual_loss": _loss(shares),
                "value_at_risk": _value_at_risk(carried.filter(system=system_id), shares),
                "statements": sum(each.statements for each in shares),
            },
        )
    return len(totals)


def _value_at_risk(rows: QuerySet[RiskStatement], shares: Sequence[Share]) -> Decimal:
    """What 19 years in 20 stay below. This is a worker's, which asks no other."""
    if not shares:
        return Decimal(0)
    found = simulated_here(Wanted(*_which(shares)), _revisions(rows))
    return Decimal(found["percentiles"]["95"])
