"""Draws of a year's count against the definition: the smallest count whose probability reaches the number."""

import numpy as np
import pytest

from apps.risks.quant import Estimate, Interval90, Point
from apps.risks.quant.counts import count_table


@pytest.mark.parametrize(
    "frequency", [Point(0.01), Point(3.0), Interval90(0.1, 8), Interval90(200, 2000)]
)
def test_a_draw_is_the_smallest_count_that_reaches_the_number(
    frequency: Point | Interval90,
) -> None:
    table = count_table(Estimate(frequency, Point(1.0)))
    steps = table.cdf[:-1]
    numbers = np.concatenate(
        (
            np.random.default_rng(7).random(3000),
            steps,  # on a step, and just beside it
            np.nextafter(steps, 0),
            np.nextafter(steps, 1),
            [2.0**-53, 1 - 2.0**-53],
        )
    )
    numbers = numbers[(numbers > 0) & (numbers < 1)]
    drawn = table.draw(numbers)
    assert (table.cdf[drawn] >= numbers).all()
    below = drawn > 0
    assert (table.cdf[drawn[below] - 1] < numbers[below]).all()
