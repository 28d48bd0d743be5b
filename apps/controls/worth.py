"""What controls are worth: the risk with and without them, net benefit and return, with their ranges.

All of one page is valued on the same simulated years, and on the luck that the statement's own value
stands on, so that figures agree to the digit wherever they stand.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.accounts.actors import Actor
from apps.common.kept import keep, kept, key_for
from apps.controls.models import Control, ControlEffect, ControlStatus
from apps.controls.selectors import (
    effects_of_control,
    effects_of_controls,
    effects_on_statement,
    effects_on_statements,
)
from apps.controls.services.controls import credit_of
from apps.risks.models import RiskRevision, RiskStatement
from apps.risks.quant import (
    ENGINE,
    ControlReport,
    ControlValue,
    Distribution,
    Estimate,
    EstimateError,
    Interval90,
    Pert,
    Point,
    value_controls,
    yearly_cost,
)
from apps.risks.quant import Control as QuantControl
from apps.risks.quant import Valuation as Valued
from apps.risks.services.credits import effect_of
from apps.risks.services.estimates import stated_estimate
from apps.risks.services.valuations import SEED, TRIALS, money, years_for

logger = logging.getLogger(__name__)
# Net benefit and return are closed forms and beliefs; the simulated years beside them are not shown.
FEW = 1000
SURE = 0.995
Range = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Side:
    """A year with a set of controls. Money; `low` and `high` hold nine years in ten."""

    expected: Decimal
    low: Decimal
    high: Decimal
    probability: float  # of some loss
    curve: list[list[float]]  # [loss, probability of exceeding it in a year]


@dataclass(frozen=True)
class Whole:
    """A control over all the risks that it covers, beside what else is in place. Money a year.

    Ranges are 5th and 95th percentiles of what we are unsure of; `worth_it` is the probability that
    the expected loss it takes away is more than its cost. rosi: None where it costs nothing.
    """

    reduction: Decimal
    reduction_range: Range
    cost: Decimal
    net_benefit: Decimal
    net_benefit_range: Range
    rosi: float | None
    rosi_range: tuple[float, float] | None
    worth_it: float
    covers: int  # risks

    @property
    def is_sure(self) -> bool:
        """Nothing within the ranges that were given makes it lose: a word about the numbers, not about the world."""
        return self.worth_it >= SURE


@dataclass(frozen=True)
class Line:
    """A control against one risk. reduction: expected loss a year that it takes away of this risk."""

    effect: ControlEffect
    is_on: bool
    reduction: Decimal
    reduction_range: Range
    whole: Whole | None  # None where it cannot be valued together

    @property
    def control(self) -> Control:
        return self.effect.control


@dataclass(frozen=True)
class Picture:
    """One risk without any control and with those that are on."""

    without: Side
    treated: Side
    lines: list[Line]
    is_asked: bool  # somebody chose which are on; else those in place are

    @property
    def taken(self) -> Decimal:
        """Expected loss a year that those which are on take away."""
        return self.without.expected - self.treated.expected


def picture_of(
    viewer: Actor,
    statement: RiskStatement,
    on: Collection[int] | None = None,
    named: Sequence[ControlEffect] | None = None,
) -> Picture | None:
    """With the controls `on` (ids), else with those in place; None where none is named or the
    estimate cannot be valued. named: effects_on_statement, where they have been read."""
    effects = list(effects_on_statement(viewer, statement.pk) if named is None else named)
    if not effects:
        return None
    states = {each.control_id: _state(each.control, on) for each in effects}
    found = _valued([statement], effects, states, TRIALS)
    if not found:
        return None
    wholes = wholes_of(viewer, states, states)
    return Picture(
        without=_side(found["inherent"]),
        treated=_side(found["residual"]),
        lines=[
            Line(
                effect=each,
                is_on=states[each.control_id] == ControlStatus.IN_PLACE,
                reduction=Decimal(found["controls"][each.control.key]["reduction"]),
                reduction_range=_ends(found["controls"][each.control.key]["reduction_range"]),
                whole=wholes.get(each.control_id),
            )
            for each in effects
        ],
        is_asked=on is not None,
    )


def whole_of(viewer: Actor, control: Control) -> tuple[Whole | None, list[Line]]:
    """A control over all its risks, and against each of them; as if it were in place."""
    effects = list(effects_of_control(viewer, control))
    if not effects:
        return None, []
    beside = list(effects_on_statements(viewer, {each.statement_id for each in effects}))
    states = {each.control_id: each.control.status for each in beside}
    lines = []
    for each in effects:
        same = [one for one in beside if one.statement_id == each.statement_id]
        found = _valued([each.statement], same, states, FEW)
        if found:
            value = found["controls"][control.key]
            ends = _ends(value["reduction_range"])
            lines.append(Line(each, control.status == ControlStatus.IN_PLACE,
                              Decimal(value["reduction"]), ends, None))  # fmt: skip
    return wholes_of(viewer, [control.pk]).get(control.pk), lines


def wholes_of(
    viewer: Actor, controls: Collection[int], states: Mapping[int, str] | None = None
) -> dict[int, Whole]:
    """Each control (by id) over everything it covers, beside whatever else is in place on those risks.

    states: where controls are thought to stand, else where they do. Those that cover nothing, or
    cannot be valued, are left out.
    """
    covered: dict[int, set[int]] = {}
    for each in effects_of_controls(viewer, set(controls)):
        covered.setdefault(each.control_id, set()).add(each.statement_id)
    beside = list(effects_on_statements(viewer, set().union(*covered.values())))
    held = {each.control_id: each.control.status for each in beside} | dict(states or {})
    found = {
        pk: _whole_of(pk, [each for each in beside if each.statement_id in risks], held)
        for pk, risks in covered.items()
    }
    return {pk: whole for pk, whole in found.items() if whole is not None}


def _whole_of(pk: int, beside: Sequence[ControlEffect], states: Mapping[int, str]) -> Whole | None:
    counting = [
        each
        for each in beside
        if each.control_id == pk or states[each.control_id] == ControlStatus.IN_PLACE
    ]
    statements = {each.statement_id: each.statement for each in counting}
    found = _valued(list(statements.values()), counting, states, FEW)
    return _whole(found["controls"][f"C-{pk}"], len(statements)) if found else None


def cost_of(control: Control) -> Distribution:
    """What it costs a year: the purchase spread over the years that it lasts, and what it takes to run."""
    once, years = float(control.cost_once), float(control.years)
    low, high = (
        yearly_cost(once, float(end), years)
        for end in (control.cost_yearly_low, control.cost_yearly_high)
    )
    if low == high:
        return Point(low)
    return Interval90(low, high) if low > 0 else Pert(0.0, high / 2, high)


def _state(control: Control, on: Collection[int] | None) -> str:
    if on is None:
        return control.status
    return ControlStatus.IN_PLACE if control.pk in on else ControlStatus.PLANNED


def _valued(
    statements: Sequence[RiskStatement],
    effects: Sequence[ControlEffect],
    states: Mapping[int, str],
    trials: int,
) -> dict[str, Any]:
    """Plain JSON, as the cache holds it; empty where these cannot be valued together."""
    controls = {each.control_id: each.control for each in effects}
    told = [[each.key, _shown(each).valuation.inputs] for each in statements]
    done = [[*map(str, _costs(each)), each.pk, states[each.pk]] for each in controls.values()]
    does = [[each.statement_id, credit_of(each)] for each in effects]
    key = key_for("controls", ENGINE, trials, told, done, does)
    found: dict[str, Any] | None = kept(key)
    if found is None:
        try:
            found = _plain(_report(statements, effects, states, trials))
        except EstimateError:
            logger.exception(
                "the controls of %s cannot be valued", [each.key for each in statements]
            )
            found = {}
        keep(key, found)
    return found


def _costs(control: Control) -> Iterable[Decimal]:
    return (control.cost_once, control.years, control.cost_yearly_low, control.cost_yearly_high)


def _report(
    statements: Sequence[RiskStatement],
    effects: Sequence[ControlEffect],
    states: Mapping[int, str],
    trials: int,
) -> ControlReport:
    risks = {each.key: _stated(each) for each in statements}
    controls = {each.control_id: each.control for each in effects}
    taken: dict[int, dict[str, Any]] = {pk: {} for pk in controls}
    for each in effects:
        taken[each.control_id][each.statement.key] = effect_of(credit_of(each))
    return value_controls(
        risks,
        [
            QuantControl(
                name=control.key,
                effects=taken[pk],
                cost=cost_of(control),
                status=states[pk],  # type: ignore[arg-type]  # the same four words
            )
            for pk, control in sorted(controls.items())
        ],
        seed=SEED,
        trials=years_for(risks.values(), trials),
    )


def _shown(statement: RiskStatement) -> RiskStatement | RiskRevision:
    return statement.told


def _stated(statement: RiskStatement) -> Estimate:
    return stated_estimate(_shown(statement))


def _plain(report: ControlReport) -> dict[str, Any]:
    return {
        "inherent": _plain_side(report.inherent),
        "residual": _plain_side(report.residual),
        "controls": {each.name: _plain_value(each) for each in report.controls},
    }


def _plain_side(valued: Valued) -> dict[str, Any]:
    points = zip(valued.curve_thresholds, valued.curve_probabilities, strict=True)
    return {
        "expected": str(money(valued.expected_annual_loss)),
        "low": str(money(valued.percentiles["p5"])),
        "high": str(money(valued.percentiles["p95"])),
        "probability": valued.probability_of_loss,
        "curve": [[round(threshold, 2), chance] for threshold, chance in points],
    }


def _plain_value(value: ControlValue) -> dict[str, Any]:
    amounts = ("reduction", "cost", "net_benefit")
    ranges = ("reduction_range", "net_benefit_range")
    return {
        **{name: str(money(getattr(value, name))) for name in amounts},
        **{name: [str(money(end)) for end in getattr(value, name)] for name in ranges},
        "rosi": value.rosi,
        "rosi_range": value.rosi_range,
        "worth_it": value.worth_it,
    }


def _side(found: Mapping[str, Any]) -> Side:
    amounts = {name: Decimal(found[name]) for name in ("expected", "low", "high")}
    return Side(**amounts, probability=found["probability"], curve=found["curve"])


def _ends(three: Sequence[str]) -> Range:
    return Decimal(three[0]), Decimal(three[2])


def _whole(found: Mapping[str, Any], covers: int) -> Whole:
    returns = found["rosi_range"]
    return Whole(
        reduction=Decimal(found["reduction"]),
        reduction_range=_ends(found["reduction_range"]),
        cost=Decimal(found["cost"]),
        net_benefit=Decimal(found["net_benefit"]),
        net_benefit_range=_ends(found["net_benefit_range"]),
        rosi=found["rosi"],
        rosi_range=(returns[0], returns[2]) if returns else None,
        worth_it=found["worth_it"],
        covers=covers,
    )
