"""What the figures of an item say in words."""

import pytest

from apps.advice.comparison import OptionLoss
from apps.advice.views.figures import _in_years


def loss(less: float, more: float, difference: str, **fields: bool) -> OptionLoss:
    """An option that costs less than the baseline in this share of years, and more in that one."""
    return OptionLoss(
        expected_annual_loss="1000.00",
        probability_of_loss=0.5,
        median="0.00",
        p5="0.00",
        p95="0.00",
        curve=[],
        yearly_total="1000.00",
        costs_less_than_baseline=less,
        costs_more_than_baseline=more,
        difference=difference,
        loss_difference=difference,
        is_alike=fields.get("is_alike", False),
        cheapest=None,
    )


@pytest.mark.parametrize(
    ("less", "more", "difference", "words"),
    [
        (0.86, 0.14, "-5.00", "It costs less in 9 years in 10."),
        (0.5, 0.5, "-5.00", "It costs less in 5 years in 10."),
        (1.0, 0.0, "-5.00", "It costs less in every year."),
        (
            0.2,
            0.8,
            "-5.00",
            "Like an insurance: much less in 2 years in 10, a little more in others.",
        ),
        (
            0.02,
            0.98,
            "-5.00",
            "Like an insurance: much less in 1 year in 50, a little more in others.",
        ),
        (0.02, 0.0, "-5.00", "It costs less in 1 year in 50."),
        (0.1, 0.9, "5.00", "It costs more in 9 years in 10."),
        (0.9, 0.1, "5.00", "It costs no more in most years, and much more in 1 year in 10."),
    ],
)
def test_years_in_words_never_read_as_the_opposite_of_the_average(
    less: float, more: float, difference: str, words: str
) -> None:
    assert _in_years(loss(less, more, difference)) == words


def test_what_is_alike_is_said_without_much_and_little() -> None:
    assert _in_years(loss(0.4, 0.6, "-1.00", is_alike=True)) == "It costs less in 4 years in 10."
