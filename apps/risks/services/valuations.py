"""From an estimate to its value. Money is Decimal here and float only inside the engine."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from apps.common.errors import Invalid
from apps.risks.models import Valuation
from apps.risks.quant import Estimate, EstimateError, event_count, trials_for
from apps.risks.quant import Valuation as Valued
from apps.risks.quant import value as simulate
from apps.risks.services.credits import credited
from apps.risks.services.estimates import Reading, field_of

CENT = Decimal("0.01")
TRIALS = 100_000
# Loss events that a page may wait for (a third of a second). A risk of thousands of events a year needs fewer years:
# its yearly sum hardly varies, and the standard error that every valuation carries says what was reached.
EVENTS, FEWEST = 20_000_000, 2_000
# One seed for all, with the statement's key as the name of its random numbers: the same statement has the same luck
# alone, beside other options and in a sum, so that its figures agree to the digit wherever they stand.
SEED = 20_260_101


def years_for(estimates: Iterable[Estimate], most: int = TRIALS, events: float = EVENTS) -> int:
    """How many years to simulate of these risks together: `most`, fewer where that would draw more loss events
    than `events`.
    """
    yearly = math.fsum(event_count(each).mean for each in estimates)
    return min(most, max(int(events / max(yearly, 1e-9)), FEWEST))


def simulated(
    reading: Reading,
    *,
    seed: int = SEED,
    name: str = "",
    controls: Sequence[Mapping[str, Any]] = (),
    precision: float | None = None,
) -> Valued:
    """One run of the engine as every page and the API run it; nothing is stored.

    controls: those in place, as credits.py has them; precision: the standard error of the mean that is
    wanted, as a share of it, in place of the usual number of years. The same estimate, seed, name and controls give
    the same digits. Raises: Invalid.
    """
    try:
        estimate = credited(reading.estimate, controls)
        most = TRIALS if precision is None else trials_for(estimate, precision)
        return simulate(estimate, seed=seed, trials=years_for([estimate], most), name=name)
    except EstimateError as error:
        kind = reading.detail.get("kind", "ranges")
        raise Invalid({field_of(error.field, kind): f"{error.reason}."}) from error


def valuation_store(
    reading: Reading, *, name: str, controls: Sequence[Mapping[str, Any]] = ()
) -> Valuation:
    """Simulate and keep the result with all that it takes to repeat it; name: the statement's key."""
    valued = simulated(reading, name=name, controls=controls)
    inputs: dict[str, Any] = {end: str(amount) for end, amount in vars(reading.ranges).items()}
    if reading.detail:
        inputs["estimate"] = reading.detail
    if controls:
        inputs["controls"] = list(controls)
    return Valuation.objects.create(
        engine=valued.engine,
        seed=valued.seed,
        trials=valued.trials,
        inputs=inputs | {"name": name},
        expected_annual_loss=money(valued.expected_annual_loss),
        standard_error=money(valued.standard_error),
        probability_of_loss=valued.probability_of_loss,
        percentiles={
            name.removeprefix("p"): str(money(amount))
            for name, amount in valued.percentiles.items()
        },
        curve=[
            [round(threshold, 2), probability]
            for threshold, probability in zip(
                valued.curve_thresholds, valued.curve_probabilities, strict=True
            )
        ],
    )


def money(amount: float) -> Decimal:
    """Cents, half to even; the one place where a simulated float becomes money."""
    return Decimal(repr(float(amount))).quantize(CENT, rounding=ROUND_HALF_EVEN)
