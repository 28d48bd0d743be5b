"""Geometry of the DevOps loop: eight stages along a figure of eight, four on each side.

The path is a lemniscate of Gerono stretched to the box, walked from the crossing over the upper
left, so that Plan and Code lie on top of the left lobe, Build and Test below it, and the right
lobe follows.
Source: x = cos t, y = sin t cos t (Gerono), https://mathworld.wolfram.com/EightCurve.html
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

WIDTH, HEIGHT = 1000.0, 268.0
_HALF_WIDTH, _HALF_HEIGHT = 418.0, 104.0
_SAMPLES = 4000
_GAP = 5.0  # left free at either end of a segment
_CROSSING = 24.0  # left free before and after the crossing, where two ways meet
_ORDER = ("plan", "code", "build", "test", "release", "deploy", "operate", "monitor")


@dataclass(frozen=True)
class Segment:
    """One stage's part of the path, in the units of the drawing."""

    stage: str
    path: str
    length: float


def _at(turn: float) -> tuple[float, float]:
    """The point after `turn` of the whole walk, 0 to 1."""
    t = math.pi / 2 + turn * 2 * math.pi
    x, y = math.cos(t), -2 * math.sin(t) * math.cos(t)
    return WIDTH / 2 + _HALF_WIDTH * x, HEIGHT / 2 - _HALF_HEIGHT * y


@cache
def _walk() -> tuple[tuple[float, ...], tuple[tuple[float, float], ...]]:
    """Distances walked and the points there, from the crossing and back to it."""
    points = tuple(_at(step / _SAMPLES) for step in range(_SAMPLES + 1))
    distances = [0.0]
    for before, after in pairwise(points):
        distances.append(distances[-1] + math.dist(before, after))
    return tuple(distances), points


def _between(start: float, end: float, step: float = 6.0) -> list[tuple[float, float]]:
    distances, points = _walk()
    count = max(2, math.ceil((end - start) / step))
    wanted = (start + (end - start) * index / count for index in range(count + 1))
    return [points[min(bisect_left(distances, distance), len(points) - 1)] for distance in wanted]


def _smooth(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _span(index: int, share: float) -> tuple[float, float]:
    """Where a stage's part begins and ends along the walk; every fourth border is the crossing."""
    before = _CROSSING if index % 4 == 0 else _GAP
    after = _CROSSING if index % 4 == 3 else _GAP
    return index * share + before, (index + 1) * share - after


@cache
def spine() -> str:
    """The whole path, closed."""
    distances, _ = _walk()
    return _smooth(_between(0.0, distances[-1])) + "Z"


@cache
def segments() -> tuple[Segment, ...]:
    """The eight parts in the loop's order, equally long along the path."""
    distances, _ = _walk()
    share = distances[-1] / len(_ORDER)
    found = []
    for index, stage in enumerate(_ORDER):
        start, end = _span(index, share)
        found.append(Segment(stage, _smooth(_between(start, end)), end - start))
    return tuple(found)


def arrow(stage_index: int) -> str:
    """A small chevron at the end of a segment, pointing the way of the loop."""
    distances, points = _walk()
    distance = _span(stage_index, distances[-1] / len(_ORDER))[1] - 7
    at = bisect_left(distances, distance)
    (x0, y0), (x1, y1) = points[at - 2], points[at + 2]
    angle = math.atan2(y1 - y0, x1 - x0)
    x, y = points[at]
    left, right = (
        (x - 6 * math.cos(angle + side), y - 6 * math.sin(angle + side)) for side in (0.75, -0.75)
    )
    return f"M{left[0]:.1f} {left[1]:.1f}L{x:.1f} {y:.1f}L{right[0]:.1f} {right[1]:.1f}"
