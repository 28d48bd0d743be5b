"""What a control changes: residual risk, net benefit and return on security investment, with their
uncertainty.

Both measures are shown because they can rank controls differently: net benefit is the money left
after paying for the control, return (ROSI) is that money for each unit spent.
Source: Sonnenreich, Albanese and Stout, "Return on security investment (ROSI)", Journal of Research
and Practice in Information Technology 38 (2006); in Open FAIR (O-RA
2.0.1) too, controls act on frequency or on magnitude.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from apps.risks.quant.compare import Option, option_losses, option_moments, option_value
from apps.risks.quant.distributions import Distribution, Point, complement
from apps.risks.quant.errors import EstimateError, between, within
from apps.risks.quant.estimate import Estimate, check_probability, loss_rate
from apps.risks.quant.moments import event_loss
from apps.risks.quant.normal import normal_scores
from apps.risks.quant.streams import Floats, stream_key, uniforms, words_at
from apps.risks.quant.valuation import Valuation, check_seed, standard_error, trials_for

Status = Literal["in_place", "planned", "waived", "retired"]
STATUSES: tuple[Status, ...] = ("in_place", "planned", "waived", "retired")
MOST_CONTROLS = 32
BELIEFS = 20_000  # draws of what we are unsure of, for the range of an expected benefit


@dataclass(frozen=True)
class Effect:
    """What a control takes away of one risk: a share (0 nothing, 1 all) of how often it happens and
    of what it costs, known or uncertain.

    Raises EstimateError where a share above 1 is possible.
    """

    frequency: Distribution = Point(0.0)  # noqa: RUF009 - immutable
    loss: Distribution = Point(0.0)  # noqa: RUF009 - immutable

    def __post_init__(self) -> None:
        for name in ("frequency", "loss"):
            within(name, check_probability, getattr(self, name))

    def treat(self, name: str, risk: Estimate) -> Estimate:
        """The risk with what the control called `name` leaves of it."""
        return replace(
            risk,
            kept_frequency=dict(risk.kept_frequency) | _kept(name, self.frequency),
            kept_loss=dict(risk.kept_loss) | _kept(name, self.loss),
        )


@dataclass(frozen=True)
class Control:
    """A treatment: what it does to each risk that it covers, and what it costs a year.

    `effects` has the names of the risks it covers: it earns no credit against any other, and none at
    all unless its status is "in_place". Raises EstimateError.
    """

    name: str
    effects: Mapping[str, Effect]
    cost: Distribution = Point(0.0)  # noqa: RUF009 - immutable
    status: Status = "in_place"

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise EstimateError("status", f"must be one of: {', '.join(STATUSES)}")

    @property
    def credited(self) -> bool:
        """Whether it lowers anything today."""
        return self.status == "in_place"


@dataclass(frozen=True)
class ControlValue:
    """One control among the others, as if it were in place (money a year).

    `reduction` is the expected loss it takes away from what the other controls in place leave;
    `earned` is that if the control is in place, else 0. `net_benefit` = reduction - cost and `rosi`
    = net_benefit / cost (None where it costs nothing) are closed forms; `standard_error` is that of
    the simulated reduction. The ranges (5th, 50th and 95th percentiles) say how unsure we are of
    the expected values, not how years differ: they come from the ranges of rate, effect and cost.
    `worth_it` is the probability that the expected net benefit is above zero, `saves_in_a_year`
    that one year's saved loss exceeds the cost.
    """

    name: str
    status: Status
    credited: bool
    residual: float
    reduction: float
    earned: float
    cost: float
    net_benefit: float
    rosi: float | None
    simulated_reduction: float
    standard_error: float
    net_benefit_range: tuple[float, float, float]
    rosi_range: tuple[float, float, float] | None
    worth_it: float
    saves_in_a_year: float
    reduction_range: tuple[float, float, float]


@dataclass(frozen=True)
class ControlReport:
    """Risk without any control, residual risk with those in place, and each control's value."""

    inherent: Valuation
    residual: Valuation
    controls: tuple[ControlValue, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and objects, as JSON has them."""
        return {
            "inherent": self.inherent.to_dict(),
            "residual": self.residual.to_dict(),
            "controls": [_listed(vars(one)) for one in self.controls],
        }


def treated(name: str, risk: Estimate, controls: Sequence[Control]) -> Estimate:
    """The risk called `name` with the controls that are in place and cover it; several multiply
    what they leave.
    """
    for control in controls:
        if control.credited and name in control.effects:
            risk = control.effects[name].treat(control.name, risk)
    return risk


def value_controls(
    risks: Mapping[str, Estimate],
    controls: Sequence[Control],
    *,
    seed: int,
    trials: int | None = None,
    precision: float = 0.01,
    workers: int = 1,
) -> ControlReport:
    """Value `risks` (stated without these controls) with and without each control, on the same
    simulated years.

    Raises EstimateError: no risk, two controls of one name, more than 32 controls, or an estimate
    that cannot be valued.
    """
    check_seed(seed)
    _check(risks, controls)
    years = trials if trials is not None else _trials(risks, precision)
    draw = _Draw(risks, seed, years, workers)
    residual = [control for control in controls if control.credited]
    with_all = draw.losses(residual)
    return ControlReport(
        inherent=option_value("inherent", draw.option([]), draw.losses([]), seed).loss,
        residual=option_value("residual", draw.option(residual), with_all, seed).loss,
        controls=tuple(_control_value(control, residual, draw, with_all) for control in controls),
    )


def yearly_cost(one_off: float, running: float, years: float, discount: float = 0.0) -> float:
    """Money a year for something bought once, run every year and used for `years`.

    With a `discount` rate the purchase is spread as an annuity: one_off d / (1 - (1 + d)^-years).
    Raises EstimateError for negative money, a life outside 0.1..100 years, or a rate outside 0..1.
    """
    first, every = between("one_off", one_off, 0, 1e15), between("running", running, 0, 1e15)
    life, rate = between("years", years, 0.1, 100), between("discount", discount, 0, 1)
    return every + (first * rate / -math.expm1(-life * math.log1p(rate)) if rate else first / life)


def _trials(risks: Mapping[str, Estimate], precision: float) -> int:
    return max(trials_for(risk, precision) for risk in risks.values())


def _listed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(item) if isinstance(item, tuple) else item for name, item in fields.items()}


def _check(risks: Mapping[str, Estimate], controls: Sequence[Control]) -> None:
    if not risks:
        raise EstimateError("risks", "must be at least one")
    if len(controls) > MOST_CONTROLS:
        raise EstimateError("controls", f"must be at most {MOST_CONTROLS}")
    if len({control.name for control in controls}) < len(controls):
        raise EstimateError("controls", "must have different names")


def _kept(control: str, share: Distribution) -> dict[str, Distribution]:
    return {} if share == Point(0.0) else {control: complement(share)}


@dataclass(frozen=True)
class _Draw:
    """The simulated years of one report, under any set of controls."""

    risks: Mapping[str, Estimate]
    seed: int
    trials: int
    workers: int

    def option(self, controls: Sequence[Control]) -> Option:
        return Option({name: treated(name, risk, controls) for name, risk in self.risks.items()})

    def losses(self, controls: Sequence[Control]) -> Floats:
        return option_losses(self.option(controls), self.seed, self.trials, self.workers)

    def beliefs(self, *names: str) -> Floats:
        """Standard normal scores for one uncertain number."""
        words = words_at(
            stream_key(self.seed, "belief", *names), np.arange(BELIEFS, dtype=np.uint64)
        )
        return normal_scores(uniforms(words))


def _control_value(
    control: Control, residual: Sequence[Control], draw: _Draw, with_all: Floats
) -> ControlValue:
    others = [other for other in residual if other.name != control.name]
    active = [*others, replace(control, status="in_place")]
    saved = draw.losses(others) - (with_all if control.credited else draw.losses(active))
    means = [option_moments(draw.option(some)).mean for some in (others, active)]
    reduction, cost = means[0] - means[1], control.cost.mean
    benefits, costs = _believed(control, others, draw)
    paid = bool(np.all(costs > 0))
    return ControlValue(
        name=control.name,
        status=control.status,
        credited=control.credited,
        residual=means[1],
        reduction=reduction,
        earned=reduction if control.credited else 0.0,
        cost=cost,
        net_benefit=reduction - cost,
        rosi=(reduction - cost) / cost if cost else None,
        simulated_reduction=float(saved.mean()),
        standard_error=standard_error(saved),
        net_benefit_range=_range(benefits - costs),
        rosi_range=_range(benefits / costs - 1.0) if paid else None,
        worth_it=float(np.mean(benefits > costs)),
        saves_in_a_year=float(np.mean(saved > cost)),
        reduction_range=_range(benefits),
    )


def _believed(control: Control, others: Sequence[Control], draw: _Draw) -> tuple[Floats, Floats]:
    """Expected reduction and cost under each of BELIEFS draws of what we are unsure of, shape
    (BELIEFS,).

    Who thinks too well of a control does so against every risk it covers: one score for all.
    """
    less_often, less_loss = (draw.beliefs(control.name, part) for part in ("frequency", "loss"))
    total = np.zeros(BELIEFS)
    for name in sorted(set(control.effects) & set(draw.risks)):
        effect, risk = control.effects[name], treated(name, draw.risks[name], others)
        left = (1 - effect.frequency.at_scores(less_often)) * (1 - effect.loss.at_scores(less_loss))
        total += _believed_loss(name, risk, draw) * (1 - left)
    return total, control.cost.at_scores(draw.beliefs(control.name, "cost"))


def _believed_loss(name: str, risk: Estimate, draw: _Draw) -> Floats:
    factors = loss_rate(risk)
    loss = np.full(BELIEFS, factors.share * event_loss(risk.magnitude).mean)
    for number, factor in enumerate((*factors.uncertain, *risk.kept_loss.values())):
        loss *= factor.at_scores(draw.beliefs(name, str(number)))
    return loss


def _range(samples: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(samples, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high
