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
from apps.risks.quant.samples import YearlyLosses
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
        YearlyLosses.of(losses, years),
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
    losses: YearlyLosses,
    *,
    seed: int,
    moments: Moments,
    expected_events: float,
    probability_of_loss: float | None = None,
    thresholds: Sequence[float] | None = None,
) -> Valuation:
    """The valuation of simulated yearly losses; `moments` (closed form) are those of a year."""
    at = losses.curve_thresholds() if thresholds is None else check_thresholds(thresholds)
    percentiles = dict(
        zip(PERCENTILES, losses.quantiles([p / 100 for p in PERCENTILES]), strict=True)
    )
    shortfalls = dict(zip(TAILS, losses.shortfalls([p / 100 for p in TAILS]), strict=True))
    seen = losses.losses.size / losses.trials
    return Valuation(
        engine=ENGINE,
        seed=seed,
        trials=losses.trials,
        expected_events=expected_events,
        expected_annual_loss=moments.mean,
        standard_deviation=moments.deviation,
        simulated_mean=losses.mean,
        standard_error=losses.standard_error,
        probability_of_loss=seen if probability_of_loss is None else probability_of_loss,
        percentiles={f"p{level}": loss for level, (loss, _) in percentiles.items()},
        percentile_errors={f"p{level}": error for level, (_, error) in percentiles.items()},
        value_at_risk={f"p{level}": percentiles[level][0] for level in TAILS},
        expected_shortfall={f"p{level}": loss for level, (loss, _) in shortfalls.items()},
        expected_shortfall_errors={f"p{level}": error for level, (_, error) in shortfalls.items()},
        curve_thresholds=tuple(at.tolist()),
        curve_probabilities=tuple(losses.exceedance(at).tolist()),
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
