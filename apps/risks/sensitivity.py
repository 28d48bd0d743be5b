"""What moves the value of a statement most, and so what to learn next."""

from dataclasses import dataclass
from decimal import Decimal

from apps.risks.models import StatementText
from apps.risks.quant import tornado
from apps.risks.services.estimates import estimate_of
from apps.risks.services.valuations import money
from apps.risks.text import part_name


@dataclass(frozen=True)
class Swing:
    """The expected annual loss (money) with one assumption at its 5th and at its 95th percentile.

    low_value and high_value are those percentiles in the assumption's own unit; share, 0 to 1, is its
    part of what makes the expected loss unsure.
    """

    path: str
    name: str
    low_value: float
    high_value: float
    at_low: Decimal
    at_high: Decimal
    share: float

    @property
    def least(self) -> Decimal:
        return min(self.at_low, self.at_high)

    @property
    def most(self) -> Decimal:
        return max(self.at_low, self.at_high)


def swings_of(text: StatementText) -> list[Swing]:
    """All unsure assumptions, the widest swing first; in closed form, without a simulation."""
    return [
        Swing(
            path=bar.path,
            name=part_name(bar.path),
            low_value=bar.low_value,
            high_value=bar.high_value,
            at_low=money(bar.at_low),
            at_high=money(bar.at_high),
            share=bar.share,
        )
        for bar in tornado(estimate_of(text))
        if bar.swing > 0
    ]
