"""What a simulation makes of an estimate: the numbers a page shows, with what is needed to repeat
them to the digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from apps.risks.quant.errors import EstimateError, between
from apps.risks.quant.estimate import Estimate
from apps.risks.quant.moments import Moments, annual_loss, event_count
from apps.risks.quant.simulate import (
    MOST_EVENTS_DRAWN,
    Simulator,
    compile_estimate,
    simulate_years_with_loss,
)
from apps.risks.quant.streams import Floats

ENGINE = "quant/1"  # changes with any change of a digit
PERCENTILES = (5, 10, 25, 50, 75, 90, 95, 99)
TAILS = (90, 95, 99)
CURVE_POINTS = 64
FEWEST_TRIALS, USUAL_MOST_TRIALS = 20_000, 1_000_000
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Valuation:
    """The yearly loss of one risk, or of several together. Money in the estimate's currency,
    probabilities in 0..1.

    `expected_annual_loss` and `standard_deviation` are closed forms; `simulated_mean` with its
    `standard_error` shows that the simulation agrees. Percentiles, value at risk and expected
    shortfall are keyed "p5" .. "p99": value_at_risk["p95"] is the loss that 19 years in 20 stay
    below, expected_shortfall["p95"] the average of the twentieth. Their `_errors` are standard
    errors. The curve gives P(loss of a year > threshold) at `curve_thresholds`.
    """

    engine: str
    seed: int
    trials: int
    expected_events: float
    expected_annual_loss: float
    standard_deviation: float
    simulated_mean: float
    standard_error: float
    probability_of_loss: float
    percentiles: Mapping[str, float]
    percentile_errors: Mapping[str, float]
    value_at_risk: Mapping[str, float]
    expected_shortfall: Mapping[str, float]
    expected_shortfall_errors: Mapping[str, float]
    curve_thresholds: tuple[float, ...]
    curve_probabilities: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and objects, as JSON has them."""
        plain = asdict(self)
        for name in ("curve_thresholds", "curve_probabilities"):
            plain[name] = list(plain[name])
        return plain


@dataclass(frozen=True, eq=False)
class SortedLosses:
    """Simulated yearly losses, the years without loss only counted: `losses` ascending and above
    zero.
    """

    losses: Floats
    trials: int

    @staticmethod
    def of(losses: Floats, trials: int) -> SortedLosses:
        """From the losses of all years, or of those with a loss event, in any order."""
        return SortedLosses(np.sort(losses if losses.all() else losses[losses > 0]), trials)

    @property
    def mean(self) -> float:
        """The mean loss of a year."""
        return float(self.losses.sum()) / self.trials

    @property
    def standard_error(self) -> float:
        """Of the mean: the standard deviation of a year's loss over the root of the years."""
        if self.trials < 2:
            return 0.0
        mean, without = self.mean, self.trials - self.losses.size
        gaps = self.losses - mean
        squares = float(np.square(gaps, out=gaps).sum()) + without * mean**2
        return math.sqrt(squares / (self.trials - 1) / self.trials)

    def at_rank(self, rank: int) -> float:
        """The loss number `rank` from below, counted from 0 over all years."""
        rank = min(max(rank, 0), self.trials - 1) - (self.trials - self.losses.size)
        return float(self.losses[rank]) if rank >= 0 else 0.0

    def quantile(self, probability: float) -> float:
        """The smallest loss that at least this share of the years stays at or below."""
        return self.at_rank(math.ceil(probability * self.trials - 1e-9) - 1)

    def quantile_error(self, probability: float) -> float:
        """Standard error of `quantile`: half the gap between the losses one binomial deviation up
        and down the ranks.

        Source: David and Nagaraja, Order Statistics, 3rd edition 2003, section 7.1.
        """
        rank = math.ceil(probability * self.trials - 1e-9) - 1
        spread = math.ceil(math.sqrt(self.trials * probability * (1 - probability)))
        return (self.at_rank(rank + spread) - self.at_rank(rank - spread)) / 2

    def shortfall(self, probability: float) -> tuple[float, float]:
        """Mean loss of the worst share 1 - probability of the years, and its standard error.

        Source: Acerbi and Tasche, Journal of Banking and Finance 26 (2002) for the estimate with a
        split year; Manistre and Hancock, North American Actuarial Journal 9 (2005) for its error.
        """
        years = self.trials * (1 - probability)
        whole = int(years + 1e-9)
        worst = self.losses[max(self.losses.size - whole, 0) :]
        split = self.at_rank(self.trials - whole - 1) * max(years - whole, 0.0)
        mean = (float(worst.sum()) + split) / years
        spread = float(np.square(worst - mean).sum()) + (whole - worst.size) * mean**2
        beyond = mean - self.quantile(probability)
        return mean, math.sqrt((spread / years + probability * beyond**2) / years)

    def exceedance(self, thresholds: Floats) -> Floats:
        """The share of years whose loss is above each threshold (0 or more); same shape."""
        return (
            self.losses.size - np.searchsorted(self.losses, thresholds, side="right")
        ) / self.trials

    def curve_thresholds(self, points: int = CURVE_POINTS) -> Floats:
        """Zero, then points evenly spaced in the logarithm over the losses seen but for the
        outermost few.
        """
        if not self.losses.size:
            return np.zeros(points)
        low, high = (
            self.losses[int(0.01 * self.losses.size)],
            self.losses[-1 - int(1e-4 * self.losses.size)],
        )
        return np.concatenate(([0.0], np.geomspace(low, high, points - 1)))


def value(
    estimate: Estimate,
    *,
    seed: int,
    trials: int | None = None,
    precision: float = 0.01,
    name: str = "",
    thresholds: Sequence[float] | None = None,
    workers: int = 1,
) -> Valuation:
    """Simulate `trials` years of a risk and sum them up.

    Without `trials`, as many as bring the standard error of the mean to `precision` of it (20 000
    to 1 000 000). `name` names the random numbers: two valuations with the same seed and name see
    the same luck. `thresholds` (money) replace the curve's own. The result depends on (estimate,
    seed, trials, name) alone, not on `workers`.
    Raises EstimateError.
    """
    check_seed(seed)
    model = compile_estimate(estimate)
    moments = annual_loss(estimate)
    years = trials if trials is not None else trials_for(estimate, precision)
    losses = simulate_years_with_loss(Simulator(model, seed, name), years, workers=workers)
    return summarise(
        SortedLosses.of(losses, years),
        seed=seed,
        moments=moments,
        expected_events=event_count(estimate).mean,
        probability_of_loss=1.0 - model.no_loss,
        thresholds=thresholds,
    )


def trials_for(estimate: Estimate, precision: float) -> int:
    """Years to simulate until the mean's standard error is `precision` times the mean, from the
    closed-form variance.

    At least 20 000, at most 1 000 000, and never more than the budget of loss events allows: the
    valuation's own standard error says what was reached. Raises EstimateError for a precision
    outside 0.0001..1.
    """
    target = between("precision", precision, 1e-4, 1.0)
    moments, events = annual_loss(estimate), event_count(estimate).mean
    wanted = (moments.deviation / (target * moments.mean)) ** 2 if moments.mean else 0.0
    affordable = MOST_EVENTS_DRAWN / 20 / max(events, 1e-9)
    return int(min(max(math.ceil(wanted), FEWEST_TRIALS), USUAL_MOST_TRIALS, max(affordable, 1000)))


def summarise(
    ordered: SortedLosses,
    *,
    seed: int,
    moments: Moments,
    expected_events: float,
    probability_of_loss: float | None = None,
    thresholds: Sequence[float] | None = None,
) -> Valuation:
    """The valuation of simulated yearly losses; `moments` (closed form) are those of a year."""
    at = ordered.curve_thresholds() if thresholds is None else check_thresholds(thresholds)
    tails = {f"p{level}": ordered.shortfall(level / 100) for level in TAILS}
    return Valuation(
        engine=ENGINE,
        seed=seed,
        trials=ordered.trials,
        expected_events=expected_events,
        expected_annual_loss=moments.mean,
        standard_deviation=moments.deviation,
        simulated_mean=ordered.mean,
        standard_error=ordered.standard_error,
        probability_of_loss=ordered.losses.size / ordered.trials
        if probability_of_loss is None
        else probability_of_loss,
        percentiles={f"p{level}": ordered.quantile(level / 100) for level in PERCENTILES},
        percentile_errors={
            f"p{level}": ordered.quantile_error(level / 100) for level in PERCENTILES
        },
        value_at_risk={f"p{level}": ordered.quantile(level / 100) for level in TAILS},
        expected_shortfall={level: tail[0] for level, tail in tails.items()},
        expected_shortfall_errors={level: tail[1] for level, tail in tails.items()},
        curve_thresholds=tuple(at.tolist()),
        curve_probabilities=tuple(ordered.exceedance(at).tolist()),
    )


def standard_error(samples: Floats) -> float:
    """Of the mean of independent samples, in their unit; 0 for a single one."""
    return float(samples.std(ddof=1)) / math.sqrt(samples.size) if samples.size > 1 else 0.0


def check_seed(seed: int) -> int:
    """`seed`. Raises EstimateError where it is not a whole number, 0 to 2^63 - 1 (what a database
    column holds).
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise EstimateError("seed", "must be a whole number, 0 to 2^63 - 1")
    return seed


def check_thresholds(thresholds: Sequence[float]) -> Floats:
    """`thresholds` as an array. Raises EstimateError for none, more than 1 000, or one negative or
    not finite.
    """
    if not 1 <= len(thresholds) <= 1000:
        raise EstimateError("thresholds", "must be 1 to 1 000 amounts")
    return np.array(
        [
            between(f"thresholds.{number}", amount, 0.0, 1e18)
            for number, amount in enumerate(thresholds)
        ]
    )
