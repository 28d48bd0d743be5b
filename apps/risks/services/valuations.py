"""From an estimate to its value. Money is Decimal here and float only inside the engine."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from apps.common.errors import Invalid
from apps.risks.models import LARGEST, Valuation
from apps.risks.quant import Estimate, EstimateError, Interval90
from apps.risks.quant import Valuation as Valued
from apps.risks.quant import value as simulate

CENT = Decimal("0.01")
TRIALS = 100_000
# One seed for all, with the statement's key as the name of its random numbers: the same statement has the same luck
# alone, beside other options and in a sum, so that its figures agree to the digit wherever they stand.
SEED = 20_260_101
MAX_FREQUENCY = 1_000_000  # loss events a year; more than that is not a risk but a running cost


@dataclass(frozen=True)
class Ranges:
    """An estimate as people give it: calibrated 90 % intervals.

    frequency: loss events a year; magnitude: loss of one event in the organisation's currency.
    """

    frequency_low: Decimal
    frequency_high: Decimal
    magnitude_low: Decimal
    magnitude_high: Decimal

    def check(self) -> None:
        """Raises: Invalid, naming each field and why."""
        problems = _problems("frequency", self.frequency_low, self.frequency_high, MAX_FREQUENCY)
        problems |= _problems("magnitude", self.magnitude_low, self.magnitude_high, LARGEST)
        if problems:
            raise Invalid(problems)

    def as_estimate(self) -> Estimate:
        try:
            return Estimate(
                frequency=Interval90(float(self.frequency_low), float(self.frequency_high)),
                magnitude=Interval90(float(self.magnitude_low), float(self.magnitude_high)),
            )
        except EstimateError as error:
            raise Invalid({_field_of(error.field): f"{error.reason}."}) from error


def _problems(name: str, low: Decimal, high: Decimal, most: int) -> dict[str, str]:
    low_field, high_field = f"{name}_low", f"{name}_high"
    if not low.is_finite():
        return {low_field: "Give a number."}
    if not high.is_finite():
        return {high_field: "Give a number."}
    if low <= 0:
        return {
            low_field: "The low end must be above 0: nothing that can happen has no chance at all."
        }
    if high < low:
        return {high_field: "The high end must not be below the low end."}
    if high > most:
        return {high_field: f"At most {most:,}."}
    return {}


def _field_of(path: str) -> str:
    name, _, end = path.partition(".")
    return f"{name}_{end}" if end in {"low", "high"} else f"{name}_low"


def ranges_value(ranges: Ranges, *, seed: int = SEED, name: str = "") -> Valued:
    """Simulate without storing. The same ranges, seed and name give the same digits.

    Raises: Invalid.
    """
    ranges.check()
    return simulated(ranges.as_estimate(), seed=seed, name=name)


def simulated(estimate: Estimate, *, seed: int = SEED, name: str = "") -> Valued:
    """One run of the engine as every page and the API run it. Raises: Invalid."""
    try:
        return simulate(estimate, seed=seed, trials=TRIALS, name=name)
    except EstimateError as error:
        raise Invalid({_field_of(error.field): f"{error.reason}."}) from error


def valuation_store(ranges: Ranges, *, name: str) -> Valuation:
    """Simulate and keep the result with all that it takes to repeat it; name: the statement's key."""
    valued = ranges_value(ranges, name=name)
    return Valuation.objects.create(
        engine=valued.engine,
        seed=valued.seed,
        trials=valued.trials,
        inputs={field: str(amount) for field, amount in vars(ranges).items()} | {"name": name},
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
