"""Geometry of figures: axes, curves, the loop."""

import datetime as dt
import math
import re
from decimal import Decimal
from itertools import pairwise

import pytest

from apps.common.ui.curve import Curve, plot, probability_at
from apps.common.ui.loop import HEIGHT, WIDTH, segments, spine
from apps.common.ui.scale import MoneyAxis, percent, shared_axis
from apps.common.ui.trend import Moment, plot_trend


def _points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


@pytest.mark.parametrize(
    ("amounts", "low", "high"),
    [
        ([20_000, 1_200_000], 4, 7),
        ([1_000, 1_000_000], 3, 6),
        ([500], 2, 4),
        ([], 2, 6),
        ([0, 0], 2, 6),
    ],
)
def test_the_axis_holds_all_amounts_in_whole_powers(
    amounts: list[int], low: int, high: int
) -> None:
    assert shared_axis(amounts) == MoneyAxis(low, high)


def test_a_position_is_the_share_of_the_logarithm_and_never_leaves_the_axis() -> None:
    axis = MoneyAxis(3, 7)
    assert axis.percent(1_000) == "0%"
    assert axis.percent(100_000) == "50%"
    assert axis.percent(10_000_000) == "100%"
    assert axis.percent(0) == "0%"
    assert axis.percent(10**12) == "100%"


def test_per_cent_is_an_svg_length() -> None:
    assert percent(1e-9) == "0%"
    assert percent(1 / 3) == "33.33%"
    assert percent(0.1) == "10%"


def test_a_curve_falls_from_left_to_right_inside_its_box() -> None:
    drawn = plot([Curve("A", [(1e3, 0.6), (1e5, 0.3), (1e7, 0.0)])]).curves[0]
    assert _points(drawn.line) == [(0, 40), (50, 70), (100, 100)]
    assert _points(drawn.area)[-2:] == [(100, 100), (0, 100)]


def test_the_table_gives_each_curve_at_each_power_of_ten() -> None:
    table = plot([Curve("A", [(1e3, 0.6), (1e5, 0.3)]), Curve("B", [(1e4, 0.2)])]).rows
    assert [loss for loss, _ in table] == [1e3, 1e4, 1e5]
    assert table[1][1] == (0.6, 0.2)
    assert table[2][1] == (0.3, 0.0)


def test_beyond_its_last_point_a_curve_says_never() -> None:
    assert probability_at([(1.0, 0.5), (2.0, 0.1)], 3.0) == 0.0


def test_the_loop_has_eight_parts_in_order_four_a_side_that_do_not_touch() -> None:
    parts = segments()
    assert [part.stage for part in parts] == [
        *("plan", "code", "build", "test"),
        *("release", "deploy", "operate", "monitor"),
    ]
    ends = [_points(part.path) for part in parts]
    assert all(x < WIDTH / 2 for path in ends[:4] for x, _ in path)
    assert all(x > WIDTH / 2 for path in ends[4:] for x, _ in path)
    assert all(0 < y < HEIGHT for path in ends for _, y in path)
    for before, after in zip(ends, [*ends[1:], ends[0]], strict=True):
        assert math.dist(before[-1], after[0]) > 8


def test_a_part_is_as_long_as_it_says() -> None:
    for part in segments():
        points = _points(part.path)
        walked = sum(math.dist(a, b) for a, b in pairwise(points))
        assert walked == pytest.approx(part.length, rel=0.01)


def test_the_spine_passes_the_crossing() -> None:
    assert min(math.dist(point, (WIDTH / 2, HEIGHT / 2)) for point in _points(spine())) < 1


# --- a value over time ----------------------------------------------------------------------------


def _day(day: int) -> dt.datetime:
    return dt.datetime(2026, 3, day, tzinfo=dt.UTC)


def test_a_value_holds_until_the_next_is_known() -> None:
    moments = [Moment(_day(1), Decimal(80)), Moment(_day(3), Decimal(20))]
    drawn = plot_trend(moments, _day(11))
    # The next round amount above 80.
    assert list(drawn.levels) == [(1, 100.0), (0.5, 50.0), (0, 0.0)]
    assert drawn.line == "M0.00 20.00H20.00V80.00H100"  # at 80 for 2 of 10 days, then at 20
    assert drawn.area == "M0.00 20.00H20.00V80.00H100V100H0Z"


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (95, 100), (96, 200), (310_000, 500_000), (960_000, 2_000_000)]
)
def test_a_figure_ends_at_a_round_amount_above_the_highest(highest: int, top: float) -> None:
    assert plot_trend([Moment(_day(1), Decimal(highest))], _day(2)).levels[0] == (1, top)


def test_one_moment_that_is_now_can_be_drawn() -> None:
    drawn = plot_trend([Moment(_day(1), Decimal(5))], _day(1))
    assert drawn.line == "M0.00 50.00H100"  # half of 10: 5 leaves no room above it
