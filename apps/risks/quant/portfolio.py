"""Many risks together: yearly losses are added year by year, because percentiles do not add.

Memory holds the total of every year and one block of one risk at a time, whatever the number of
risks.
Source: McNeil, Frey and Embrechts, Quantitative Risk Management, revised edition 2015, sections 2.2
(aggregate loss) and 8.5 (Euler contributions to expected shortfall).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.risks.quant.errors import EstimateError, between, within
from apps.risks.quant.estimate import Estimate
from apps.risks.quant.moments import Moments, annual_loss, event_count
from apps.risks.quant.samples import YearlyLosses
from apps.risks.quant.simulate import (
    BLOCK,
    MOST_EVENTS_DRAWN,
    SharedCause,
    Simulator,
    cause_scores,
    check_trials,
    compile_estimate,
    over_blocks,
)
from apps.risks.quant.streams import Floats
from apps.risks.quant.valuation import Valuation, check_seed, summarise

MOST_RISKS = 20_000
USUAL_TRIALS = 100_000
TAIL = 0.95


@dataclass(frozen=True)
class PortfolioRisk:
    """One risk of a portfolio: a stable name, its estimate and, where it shares one, its cause."""

    name: str
    estimate: Estimate
    cause: SharedCause | None = None


@dataclass(frozen=True)
class Contribution:
    """What one risk adds (money a year): on average, and on average in the worst twentieth of the
    years.

    Both add up over the risks: to the simulated mean, and to the expected shortfall at 95 %.
    """

    name: str
    expected_annual_loss: float
    in_bad_years: float


@dataclass(frozen=True)
class TolerancePoint:
    """One point of the organisation's line: a year's loss above `threshold` may have probability
    `allowed`.
    """

    threshold: float
    allowed: float
    actual: float

    @property
    def within(self) -> bool:
        """Whether the portfolio stays on the allowed side."""
        return self.actual <= self.allowed


@dataclass(frozen=True)
class PortfolioValuation:
    """The yearly loss of all risks together, each risk's part of it (largest first) and the
    tolerance line's points.
    """

    loss: Valuation
    contributions: tuple[Contribution, ...]
    tolerance: tuple[TolerancePoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and objects, as JSON has them."""
        return {
            "loss": self.loss.to_dict(),
            "contributions": [dict(vars(part)) for part in self.contributions],
            "tolerance": [vars(point) | {"within": point.within} for point in self.tolerance],
        }


def value_portfolio(
    risks: Sequence[PortfolioRisk],
    *,
    seed: int,
    trials: int = USUAL_TRIALS,
    tolerance: Mapping[float, float] | None = None,
    thresholds: Sequence[float] | None = None,
    workers: int = 1,
) -> PortfolioValuation:
    """Simulate `trials` years of all risks together.

    `tolerance` maps amounts of money to the probability allowed for a year's loss above them. A
    risk has the same years here as in `value` with its name and seed, unless it shares a cause. The
    result depends neither on the order of the risks nor on `workers`.
    With a shared cause the standard deviation and P(any loss) are simulated, else they are closed
    forms.
    Raises EstimateError whose field starts with the risk's name.
    """
    check_seed(seed)
    simulators = _simulators(risks, seed, trials)
    totals = _totals(simulators, trials, workers)
    points = _checked_tolerance(tolerance or {})
    loss = summarise(
        YearlyLosses.of(totals, trials),
        seed=seed,
        moments=_moments(risks, totals),
        expected_events=math.fsum(event_count(risk.estimate).mean for risk in risks),
        probability_of_loss=_chance_of_loss(simulators),
        thresholds=thresholds,
    )
    return PortfolioValuation(
        loss=loss,
        contributions=_contributions(risks, simulators, totals),
        tolerance=tuple(
            TolerancePoint(amount, allowed, float(np.mean(totals > amount)))
            for amount, allowed in points.items()
        ),
    )


def _simulators(risks: Sequence[PortfolioRisk], seed: int, trials: int) -> list[Simulator]:
    """One for each risk, in the order of their names: one order of summing, one set of digits."""
    if not 1 <= len(risks) <= MOST_RISKS:
        raise EstimateError("risks", f"must be 1 to {MOST_RISKS:,}")
    by_name = {risk.name: risk for risk in risks}
    if len(by_name) < len(risks):
        raise EstimateError("risks", "must have different names")
    simulators = []
    for name in sorted(by_name):
        model = within(name, compile_estimate, by_name[name].estimate)
        check_trials(model, trials)
        simulators.append(Simulator(model, seed, name, by_name[name].cause))
    if sum(one.model.counts.mean for one in simulators) * trials > MOST_EVENTS_DRAWN:
        raise EstimateError("trials", "would draw over 2 000 million loss events: ask for fewer")
    return simulators


def _totals(simulators: Sequence[Simulator], trials: int, workers: int) -> Floats:
    totals = np.zeros(trials)
    causes = {one.cause.name: one.cause for one in simulators if one.cause}
    cause_seed = simulators[0].seed

    def fill(start: int) -> None:
        years = np.arange(start, min(start + BLOCK, trials), dtype=np.uint64)
        block = totals[start : start + BLOCK]
        common = {name: cause_scores(cause_seed, cause, years) for name, cause in causes.items()}
        for simulator in simulators:
            cause = simulator.cause
            index, losses = simulator.sparse_losses(years, common[cause.name] if cause else None)
            block[index] += losses

    over_blocks(fill, trials, workers)
    return totals


def _checked_tolerance(tolerance: Mapping[float, float]) -> dict[float, float]:
    return {
        between("tolerance", amount, 0.0, 1e18): between(f"tolerance.{amount:g}", allowed, 0.0, 1.0)
        for amount, allowed in sorted(tolerance.items())
    }


def _moments(risks: Sequence[PortfolioRisk], totals: Floats) -> Moments:
    parts = [annual_loss(risk.estimate) for risk in risks]
    mean = math.fsum(part.mean for part in parts)
    if any(risk.cause for risk in risks):
        return Moments(mean, float(totals.var(ddof=1)) if totals.size > 1 else 0.0)
    return Moments(mean, math.fsum(part.variance for part in parts))


def _chance_of_loss(simulators: Sequence[Simulator]) -> float | None:
    """1 - the product of P(no loss), where the risks are independent."""
    if any(one.cause for one in simulators):
        return None
    return 1.0 - math.prod(one.model.no_loss for one in simulators)


def _contributions(
    risks: Sequence[PortfolioRisk], simulators: Sequence[Simulator], totals: Floats
) -> tuple[Contribution, ...]:
    """Each risk's mean, and its mean over the worst years, which are drawn again: any year can be,
    by its number.
    """
    count = max(round(totals.size * (1 - TAIL)), 1)
    worst = np.sort(np.argsort(-totals, kind="stable")[:count]).astype(np.uint64)
    means = {risk.name: annual_loss(risk.estimate).mean for risk in risks}
    parts = [
        Contribution(one.name, means[one.name], float(one.losses(worst).mean()))
        for one in simulators
    ]
    return tuple(sorted(parts, key=lambda part: (-part.expected_annual_loss, part.name)))
