"""Money as words. Expected texts are written by hand."""

from decimal import Decimal

import pytest
from django.utils import translation

from apps.common.ui.money import (
    amount_full,
    amount_short,
    amount_told,
    number_said,
    percent_said,
    percent_told,
    range_short,
    years_in,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (Decimal("0.4"), "0"),
        (Decimal("0.5"), "1"),
        (7, "7"),
        (940, "940"),
        (Decimal("999.4"), "999"),
        (Decimal("999.5"), "1k"),
        (1_000, "1k"),
        (1_340, "1.3k"),
        (9_949, "9.9k"),
        (9_950, "10k"),
        (20_000, "20k"),
        (999_499, "999k"),
        (999_600, "1M"),
        (1_234_567, "1.2M"),
        (38_000_000, "38M"),
        (3_000_000_000, "3bn"),
        (4_200_000_000_000, "4,200bn"),
        (-31_500, "\u221232k"),
        (Decimal("-0.2"), "0"),
    ],
)
def test_an_amount_has_two_or_three_digits_and_a_magnitude(
    amount: Decimal | int, text: str
) -> None:
    assert amount_short(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (Decimal("3.4"), "3"),
        (865, "870"),
        (Decimal("999.5"), "1k"),
        (Decimal("38468.86"), "38k"),
        (305_000, "310k"),
        (994_999, "990k"),
        (995_000, "1M"),
        (-152_400, "\u2212150k"),
        (4_230_000_000_000, "4,200bn"),
    ],
)
def test_what_was_simulated_has_two_digits(amount: Decimal | int, text: str) -> None:
    assert amount_told(amount) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(31.82, "3,200\u00a0%"), (0.0712, "7.1\u00a0%"), (0.5, "50\u00a0%"), (-0.256, "-26\u00a0%")],
)
def test_an_estimated_share_has_two_digits(share: float, text: str) -> None:
    assert percent_told(share) == text


def test_a_range_reads_as_one_amount_where_both_ends_read_the_same() -> None:
    assert range_short(20_000, 1_200_000) == "20k\u00a0\u2013\u00a01.2M"
    assert range_short(20_000, 20_300) == "20k"


def test_every_digit_is_grouped() -> None:
    assert amount_full(Decimal("1234567.5")) == "1,234,568"


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "never in the simulated years"),
        (0.001, "1 year in 1,000"),
        (0.05, "1 year in 20"),
        (0.1, "1 year in 10"),
        (0.62, "6 years in 10"),
        (0.9, "9 years in 10"),
        (0.97, "nearly every year"),
        (1, "every year"),
    ],
)
def test_odds_are_said_in_years(probability: float, text: str) -> None:
    assert years_in(probability) == text


def test_german_has_its_own_marks_and_magnitudes() -> None:
    with translation.override("de"):
        assert amount_short(1_234_567) == "1,2\u00a0Mio."
        assert amount_short(-31_500) == "\u221232\u00a0Tsd."
        assert amount_short(4_200_000_000_000) == "4.200\u00a0Mrd."
        assert amount_full(Decimal("1234567.5")) == "1.234.568"
        assert range_short(1_800, 29_000) == "1,8\u00a0\u2013 29\u00a0Tsd."
        assert range_short(20_000, 1_200_000) == "20\u00a0Tsd.\u00a0\u2013 1,2\u00a0Mio."
        assert range_short(0, 500) == "0\u00a0\u2013\u00a0500"
        assert number_said(Decimal("1234.50")) == "1.234,5"
        assert percent_said(0.0123, 1) == "1,2\u00a0%"
        assert years_in(0.62) == "in 6 von 10 Jahren"
    assert number_said(Decimal("1234.50")) == "1,234.5"
