"""Amounts and frequencies as people type them, on their way into a statement and back."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from apps.common.entry.fields import FrequencyField, MoneyField
from apps.risks.forms import CweField


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("20k", "20000"),
        ("1.5 M", "1500000"),
        ("EUR 1,200,000", "1200000"),
        ("€ 3 bn", "3000000000"),
        ("750.25", "750.25"),
    ],
)
def test_money_is_exact(typed: str, amount: str) -> None:
    assert MoneyField().clean(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["much", "-20k", "0", "USD 20k", "1e5", "20 %", "1.234"])
def test_money_that_cannot_be_meant(typed: str) -> None:
    with pytest.raises(ValidationError):
        MoneyField().clean(typed)


@pytest.mark.parametrize("typed", ["0", "0.00", " 0 "])
def test_a_cost_may_be_nothing(typed: str) -> None:
    assert MoneyField(free=True).clean(typed) == 0


@pytest.mark.parametrize("amount", ["20000", "1234567.50", "0.05"])
def test_a_stored_amount_is_read_again_as_itself(amount: str) -> None:
    field = MoneyField()
    assert field.clean(field.prepare_value(Decimal(amount))) == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "rate"),
    [
        ("once in 10 years", "0.1"),
        ("3 per year", "3"),
        ("monthly", "12"),
        ("0.2", "0.2"),
        ("once in 3 years", "0.333333"),
    ],
)
def test_frequencies_are_events_a_year(typed: str, rate: str) -> None:
    assert FrequencyField().clean(typed) == Decimal(rate)


@pytest.mark.parametrize("typed", ["often", "0", "5 %", "once in 90000000 years"])
def test_frequencies_that_cannot_be_meant(typed: str) -> None:
    with pytest.raises(ValidationError):
        FrequencyField().clean(typed)


@pytest.mark.parametrize("rate", ["0.100000", "12.000000", "0.333333", "1000000.000000"])
def test_a_stored_frequency_is_read_again_as_itself(rate: str) -> None:
    field = FrequencyField()
    assert field.clean(field.prepare_value(Decimal(rate))) == Decimal(rate)


def test_weaknesses() -> None:
    field = CweField(required=False)
    assert field.clean("CWE-89, 79  cwe-79") == [79, 89]
    assert field.clean("") == []
    for wrong in ("SQL", "CWE-", "-1", "0", "12345678"):
        with pytest.raises(ValidationError):
            field.clean(wrong)
