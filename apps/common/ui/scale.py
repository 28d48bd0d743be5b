"""Logarithmic money axes that several figures can share, so that options compare at a glance."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.common.ui.money import amount_short

Amount = Decimal | int | float
SHORT = 3  # characters of a label that leaves room for its neighbours on a telephone


@dataclass(frozen=True)
class Tick:
    at: str  # position along the axis, "25.0%"
    label: str
    anchor: str  # SVG text-anchor: start at the left edge, end at the right, else middle


@dataclass(frozen=True)
class MoneyAxis:
    """From 10**low to 10**high of a currency's units; low < high, both whole numbers."""

    low: int
    high: int

    def fraction(self, amount: Amount) -> float:
        """Where an amount lies, 0 to 1; amounts off the axis lie on its end."""
        value = float(amount)
        if value <= 0:
            return 0.0
        return min(1.0, max(0.0, (math.log10(value) - self.low) / (self.high - self.low)))

    def percent(self, amount: Amount) -> str:
        return percent(self.fraction(amount))

    def ticks(self) -> tuple[Tick, ...]:
        """One tick a power of ten; every second one where there are more than fit beside each other."""
        is_wordy = len(amount_short(1000)) > SHORT  # "1 Tsd." takes twice the room of "1k"
        step = 1 if self.high - self.low <= (3 if is_wordy else 6) else 2
        powers = range(self.low, self.high + 1, step)
        return tuple(
            Tick(self.percent(10.0**power), amount_short(10**power), self._anchor(power))
            for power in powers
        )

    def _anchor(self, power: int) -> str:
        return "start" if power == self.low else "end" if power == self.high else "middle"


def percent(fraction: float) -> str:
    """A fraction as an SVG length: 0.25 is "25%"; no exponent and no locale's comma."""
    return f"{fraction * 100:.2f}".rstrip("0").rstrip(".") + "%"


def shared_axis(amounts: Iterable[Amount]) -> MoneyAxis:
    """The smallest axis of at least two whole powers of ten that holds every positive amount."""
    values = [float(amount) for amount in amounts if amount > 0]
    if not values:
        return MoneyAxis(2, 6)
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    low = max(low, 0)
    return MoneyAxis(low, max(high, low + 2))
