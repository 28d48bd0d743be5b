"""Geometry of a loss exceedance curve: to the right the loss on a log axis, upward the chance to
lose more in a year.

Positions are per cent of the plot, so that one drawing fits every width without a line of script.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.common.ui.scale import MoneyAxis, shared_axis

Point = tuple[float, float]
"""(loss in units of the currency, probability 0 to 1 that a year costs more)"""

DASHES = ("", "7 4", "2 4", "10 4 2 4")


@dataclass(frozen=True)
class Curve:
    """One line: its name and its points by rising loss and falling probability."""

    label: str
    points: Sequence[Point]


@dataclass(frozen=True)
class DrawnCurve:
    number: int
    label: str
    line: str  # SVG path in a 100 x 100 box
    area: str
    dash: str
    points: Sequence[Point]


@dataclass(frozen=True)
class CurvePlot:
    axis: MoneyAxis
    curves: tuple[DrawnCurve, ...]
    rows: tuple[tuple[float, tuple[float, ...]], ...]


def _path(axis: MoneyAxis, points: Sequence[Point], top: float) -> str:
    steps = (
        f"{axis.fraction(loss) * 100:.2f} {100 - probability / top * 100:.2f}"
        for loss, probability in points
    )
    return "M" + "L".join(steps)


def _area(axis: MoneyAxis, points: Sequence[Point], top: float) -> str:
    last, first = axis.fraction(points[-1][0]) * 100, axis.fraction(points[0][0]) * 100
    return f"{_path(axis, points, top)}L{last:.2f} 100L{first:.2f} 100Z"


def probability_at(points: Sequence[Point], loss: float) -> float:
    """The chance to lose more than `loss`: of the last point at or below it, 0 past the end."""
    reached = [probability for at, probability in points if at <= loss]
    if not reached:
        return points[0][1] if points else 0.0
    return 0.0 if loss > points[-1][0] else reached[-1]


def plot(curves: Sequence[Curve], top: float = 1.0) -> CurvePlot:
    """Curves on one shared axis; `top` is the probability at the upper edge.

    The rows for the table behind the figure give each curve's probability at every power of ten.
    """
    axis = shared_axis(loss for curve in curves for loss, _ in curve.points)
    drawn = tuple(
        DrawnCurve(
            number=index + 1,
            label=curve.label,
            line=_path(axis, curve.points, top),
            area=_area(axis, curve.points, top),
            dash=DASHES[index % len(DASHES)],
            points=curve.points,
        )
        for index, curve in enumerate(curves)
        if curve.points
    )
    losses = [10.0**power for power in range(axis.low, axis.high + 1)]
    rows = tuple(
        (loss, tuple(probability_at(curve.points, loss) for curve in drawn)) for loss in losses
    )
    return CurvePlot(axis, drawn, rows)
