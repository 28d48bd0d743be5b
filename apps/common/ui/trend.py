"""Geometry of a value over time: to the right the days, upward the amount on a linear axis from zero.

A value holds until the next one is known, so the line goes in steps. Positions are per cent of the plot.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

STEPS = (1, 2, 2.5, 5, 10)  # what a top may be, times a power of ten
LEVELS = (1, 0.5, 0)


@dataclass(frozen=True)
class Moment:
    """What something was worth from a moment on, and in a word why."""

    at: dt.datetime
    amount: Decimal
    words: str = ""


@dataclass(frozen=True)
class TrendPlot:
    line: str  # SVG path in a 100 x 100 box
    area: str
    levels: tuple[tuple[float, float], ...]  # (share of the height, amount), the highest first
    first: dt.datetime
    last: dt.datetime


def plot_trend(moments: Sequence[Moment], until: dt.datetime) -> TrendPlot:
    """Moments in the order of time, at least one, drawn as they hold until `until`."""
    first = moments[0].at
    span = max((until - first).total_seconds(), 1.0)
    top = _top(max(float(each.amount) for each in moments))
    path, level = "", 0.0
    for each in moments:
        across = min((each.at - first).total_seconds() / span, 1.0) * 100
        level = 100 - float(each.amount) / top * 100
        path += f"H{across:.2f}V{level:.2f}" if path else f"M{across:.2f} {level:.2f}"
    line = f"{path}H100"
    return TrendPlot(
        line=line,
        area=f"{line}V100H0Z",
        levels=tuple((share, top * share) for share in LEVELS),
        first=first,
        last=until,
    )


def _top(highest: float) -> float:
    """The smallest round amount that leaves a little room above the highest."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest * 1.05))
    return next(step * power for step in STEPS if step * power >= highest * 1.05)
