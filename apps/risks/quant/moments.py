"""Closed forms of the yearly loss, which the simulation is held against and which cost no trials.

Source: Klugman, Panjer and Willmot, Loss Models, 4th edition 2012, section 9.3 (compound
distributions): E[S] = E[N] E[X], Var[S] = E[N] Var[X] + Var[N] E[X]^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from apps.risks.quant.counts import count_table
from apps.risks.quant.distributions import Distribution
from apps.risks.quant.estimate import Clustered, Estimate, Magnitude, Rounded, loss_rate


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a number, in its unit and its square."""

    mean: float
    variance: float

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)


def event_count(estimate: Estimate) -> Moments:
    """Loss events in a year: mean rate, and the variance from chance, from clusters and from not
    knowing the rate.
    """
    if isinstance(estimate.events, Rounded):
        table = count_table(estimate)
        return Moments(table.mean, table.variance)
    factors = loss_rate(estimate)
    ratio = estimate.events.variance_ratio if isinstance(estimate.events, Clustered) else 1.0
    return Moments(factors.mean, ratio * factors.mean + factors.variance)


def event_loss(magnitude: Magnitude) -> Moments:
    """The loss of one event, in money: primary forms, and each secondary loss if it happens."""
    if isinstance(magnitude, Distribution):
        return Moments(magnitude.mean, magnitude.variance)
    mean = sum(amount.mean for amount in magnitude.primary.values())
    variance = sum(amount.variance for amount in magnitude.primary.values())
    for effect in magnitude.secondary:
        share = effect.probability.mean
        size = sum(amount.mean for amount in effect.forms.values())
        mean += share * size
        variance += (
            share * sum(amount.variance for amount in effect.forms.values())
            + share * (1 - share) * size**2
        )
    return Moments(mean, variance)


def annual_loss(estimate: Estimate) -> Moments:
    """The loss of one year, in money: its mean is the expected annual loss (annualised loss
    expectancy).
    """
    count, loss = event_count(estimate), event_loss(estimate.magnitude)
    mean = count.mean * loss.mean
    square = count.mean * loss.variance + count.variance * loss.mean**2 + mean**2
    kept = estimate.kept_loss.values()
    mean *= math.prod(share.mean for share in kept)
    return Moments(mean, square * math.prod(share.second_moment for share in kept) - mean**2)
