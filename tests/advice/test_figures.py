"""What the figures of an item say in words."""

import pytest

from apps.advice.views.figures import _in_years


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "Costs less than the baseline in hardly any year"),
        (0.049, "Costs less than the baseline in hardly any year"),
        (0.05, "Costs less than the baseline in 1 of 10 years"),
        (0.5, "Costs less than the baseline in 5 of 10 years"),
        (0.86, "Costs less than the baseline in 9 of 10 years"),
        (0.949, "Costs less than the baseline in 9 of 10 years"),
        (0.95, "Costs less than the baseline in nearly every year"),
        (1.0, "Costs less than the baseline in nearly every year"),
    ],
)
def test_a_share_of_years_in_words(share: float, words: str) -> None:
    assert _in_years(share) == words
