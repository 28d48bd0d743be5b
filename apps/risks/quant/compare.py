"""Options side by side under common random numbers: the same luck for all, so that only the options
differ.

A risk that two options share (by its name) sees the same yearly chances and the same event sizes in
both, so the difference of their losses has far less noise than either loss.
Source: Law, Simulation Modeling and Analysis, 5th edition 2015, section 11.2 (common random
numbers).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.risks.quant.distributions import Distribution, Point
from apps.risks.quant.errors import EstimateError, within
from apps.risks.quant.estimate import Estimate
from apps.risks.quant.moments import Moments, annual_loss, event_count
from apps.risks.quant.normal import normal_scores
from apps.risks.quant.samples import YearlyLosses, log_spaced
from apps.risks.quant.simulate import Simulator, compile_estimate, simulate
from apps.risks.quant.streams import Floats, stream_key, uniforms, words_at
from apps.risks.quant.valuation import (
    Valuation,
    check_seed,
    check_thresholds,
    standard_error,
    summarise,
    trials_for,
)

MOST_OPTIONS, MOST_RISKS = 16, 200
COMPARED_TRIALS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Option:
    """One way to go: its risks by stable name, and its cost a year (money, may be uncertain)."""

    risks: Mapping[str, Estimate]
    cost: Distribution = Point(0.0)  # noqa: RUF009 - immutable


@dataclass(frozen=True)
class Difference:
    """Total yearly cost (cost of the option plus loss) of option `a` minus that of option `b`, in
    money.

    `mean` is a closed form; `simulated_mean` has `standard_error`, and `standard_error_apart` is
    what it would be without common random numbers. `a_costs_less`, `same` and `b_costs_less` are
    probabilities for one year, which add up to 1. Percentiles keyed "p5", "p50", "p95".
    """

    a: str
    b: str
    mean: float
    simulated_mean: float
    standard_error: float
    standard_error_apart: float
    a_costs_less: float
    same: float
    b_costs_less: float
    percentiles: Mapping[str, float]


@dataclass(frozen=True)
class OptionValue:
    """One option: the valuation of its losses, its mean yearly cost, and both together."""

    name: str
    loss: Valuation
    cost: float
    total: float


@dataclass(frozen=True)
class Comparison:
    """All options, the differences of each to the baseline (the first), and how often each is the
    cheapest in a year.

    `cheapest` maps an option to the share of years in which its total is the lowest; ties are
    shared.
    """

    options: tuple[OptionValue, ...]
    differences: tuple[Difference, ...]
    cheapest: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and objects, as JSON has them."""
        return {
            "options": [
                {"name": one.name, "loss": one.loss.to_dict(), "cost": one.cost, "total": one.total}
                for one in self.options
            ],
            "differences": [dict(vars(one)) for one in self.differences],
            "cheapest": dict(self.cheapest),
        }


def compare(
    options: Mapping[str, Option],
    *,
    seed: int,
    trials: int | None = None,
    precision: float = 0.01,
    thresholds: Sequence[float] | None = None,
    workers: int = 1,
) -> Comparison:
    """Value 2 to 16 options on the same simulated years; the first is the baseline.

    Curves share one axis: `thresholds`, or those of the option with the largest losses. Without
    `trials`, as many as the most demanding risk needs for `precision`, at most 1 000 000.
    Raises EstimateError whose field starts with the option's name.
    """
    check_seed(seed)
    if not 1 <= len(options) <= MOST_OPTIONS:
        raise EstimateError("options", f"must be 1 to {MOST_OPTIONS}")
    years = trials if trials is not None else _trials(options, precision)
    losses = {
        name: within(name, option_losses, option, seed, years, workers)
        for name, option in options.items()
    }
    axis = _axis(losses) if thresholds is None else check_thresholds(thresholds)
    totals = {
        name: loss + _costs(options[name], name, seed, years) for name, loss in losses.items()
    }
    first, *others = options
    return Comparison(
        options=tuple(
            option_value(name, options[name], losses[name], seed, axis) for name in options
        ),
        differences=tuple(_difference(other, first, options, totals) for other in others),
        cheapest=_cheapest(totals),
    )


def option_losses(option: Option, seed: int, trials: int, workers: int = 1) -> Floats:
    """Yearly losses of all risks of an option together, shape (trials,), money. Raises
    EstimateError.
    """
    if len(option.risks) > MOST_RISKS:
        raise EstimateError("risks", f"must be at most {MOST_RISKS}: value a portfolio instead")
    total = np.zeros(trials)
    for name in sorted(option.risks):  # one order of summing, so that the caller's changes no digit
        model = within(name, compile_estimate, option.risks[name])
        total += simulate(Simulator(model, seed, name), trials, workers=workers)
    return total


def option_moments(option: Option) -> Moments:
    """Closed-form mean and variance of an option's yearly loss: independent risks add."""
    parts = [annual_loss(risk) for risk in option.risks.values()]
    return Moments(
        math.fsum(part.mean for part in parts), math.fsum(part.variance for part in parts)
    )


def _trials(options: Mapping[str, Option], precision: float) -> int:
    risks = [risk for option in options.values() for risk in option.risks.values()]
    return max(
        (trials_for(risk, precision) for risk in risks), default=COMPARED_TRIALS_AT_ONCE // 10
    )


def _axis(losses: Mapping[str, Floats]) -> Floats:
    positive = [loss[loss > 0] for loss in losses.values()]
    seen = [loss for loss in positive if loss.size]
    if not seen:
        return np.zeros(64)
    low = min(float(np.quantile(loss, 0.01)) for loss in seen)
    high = max(float(np.quantile(loss, 0.9999)) for loss in seen)
    return log_spaced(low, high)


def _costs(option: Option, name: str, seed: int, trials: int) -> Floats:
    if isinstance(option.cost, Point):
        return np.full(trials, option.cost.value)
    words = words_at(stream_key(seed, "cost", name), np.arange(trials, dtype=np.uint64))
    return option.cost.at_scores(normal_scores(uniforms(words)))


def option_value(
    name: str, option: Option, losses: Floats, seed: int, axis: Floats | None = None
) -> OptionValue:
    """An option's simulated yearly losses, shape (trials,), summed up; `axis`: curve thresholds."""
    moments = option_moments(option)
    loss = summarise(
        YearlyLosses.of(losses, losses.size),
        seed=seed,
        moments=moments,
        expected_events=math.fsum(event_count(risk).mean for risk in option.risks.values()),
        probability_of_loss=1.0 - _no_loss(option),
        thresholds=None if axis is None else axis.tolist(),
    )
    return OptionValue(name, loss, option.cost.mean, option.cost.mean + moments.mean)


def _no_loss(option: Option) -> float:
    return math.prod(compile_estimate(risk).no_loss for risk in option.risks.values())


def _difference(
    a: str, b: str, options: Mapping[str, Option], totals: Mapping[str, Floats]
) -> Difference:
    means = {name: options[name].cost.mean + option_moments(options[name]).mean for name in (a, b)}
    gap = totals[a] - totals[b]
    return Difference(
        a=a,
        b=b,
        mean=means[a] - means[b],
        simulated_mean=float(gap.mean()),
        standard_error=standard_error(gap),
        standard_error_apart=math.hypot(standard_error(totals[a]), standard_error(totals[b])),
        a_costs_less=float(np.mean(gap < 0)),
        same=float(np.mean(gap == 0)),
        b_costs_less=float(np.mean(gap > 0)),
        percentiles={f"p{level}": float(np.quantile(gap, level / 100)) for level in (5, 50, 95)},
    )


def _cheapest(totals: Mapping[str, Floats]) -> dict[str, float]:
    lowest = np.minimum.reduce(list(totals.values()))
    ties = np.sum([total == lowest for total in totals.values()], axis=0)
    return {name: float(np.mean((total == lowest) / ties)) for name, total in totals.items()}
