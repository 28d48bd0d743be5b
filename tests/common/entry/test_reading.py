"""Amounts and frequencies as people write them: exact values, and refusals that say why."""

import contextlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.entry.errors import EntryError
from apps.common.entry.reading import (
    Amount,
    parse_frequency,
    parse_money,
    say_frequency,
    say_money,
)

MONEY = [
    ("20k", "20000", None),
    ("20 K", "20000", None),
    ("1.5 M", "1500000", None),
    ("1,5 M", "1500000", None),
    ("1.234M", "1234000", None),
    ("EUR 1.2M", "1200000", "EUR"),
    ("2 million usd", None, None),
    ("2 million USD", "2000000", "USD"),
    ("1,200", "1200", None),
    ("1,200,000", "1200000", None),
    ("1.200.000,50", "1200000.50", None),
    ("1'200'000", "1200000", None),
    ("750 000.50", "750000.50", None),
    ("750\u00a0000", "750000", None),
    ("€ 3 bn", "3000000000", "EUR"),
    ("£5", "5", "GBP"),
    ("3 EUR", "3", "EUR"),
    ("0.01", "0.01", None),
    ("999999999999.99", "999999999999.99", None),
    ("0.1", "0.1", None),
]


@pytest.mark.parametrize(("text", "value", "currency"), MONEY)
def test_money(text: str, value: str | None, currency: str | None) -> None:
    if value is None:
        with pytest.raises(EntryError):
            parse_money(text)
        return
    assert parse_money(text) == Amount(Decimal(value), currency)


BAD_MONEY = [
    ("", "is empty"),
    ("-5", "must be above zero"),
    ("0", "must be above zero"),
    ("NaN", "cannot be read"),
    ("inf", "cannot be read"),
    ("1e300", "cannot be read"),
    ("9" * 40, "must be at most 10^15"),
    ("1" * 65, "must be at most 64 characters"),
    ("1.200", "could mean 1200 or 1.2"),
    ("1.2.3", "has dots and commas"),
    ("1,23,4", "has dots and commas"),
    ("0.005", "must have at most 2 digits after the point"),
    ("12 abc", 'has "abc", which is no k, M, bn or tn'),
    ("EUR 5 USD", "cannot be read"),
    ("\uff11\uff12", "must be written with the digits 0 to 9"),
    ("=1+1", "cannot be read"),
    ("1\x002", "cannot be read"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_MONEY)
def test_bad_money(text: str, reason: str) -> None:
    with pytest.raises(EntryError) as refused:
        parse_money(text, field="cost")
    assert refused.value.field == "cost"
    assert refused.value.reason.startswith(reason)


def test_a_currency_without_cents() -> None:
    assert parse_money("500", decimals=0).value == 500
    with pytest.raises(EntryError, match="at most 0 digits"):
        parse_money("500.5", decimals=0)


@given(st.decimals(min_value="0.01", max_value="1000000000000000", places=2))
def test_cents_are_never_lost(amount: Decimal) -> None:
    assert parse_money(f"EUR {amount:,f}").value == amount


@given(st.text(max_size=70))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for read in (parse_money, parse_frequency):
        with contextlib.suppress(EntryError):  # any other error fails
            read(text)


FREQUENCIES = [
    ("3 per year", 3),
    ("3/year", 3),
    ("3x per year", 3),
    ("3 times a year", 3),
    ("0.2", Fraction(1, 5)),
    ("once in 10 years", Fraction(1, 10)),
    ("Once every 10 years", Fraction(1, 10)),
    ("1 in 100 years", Fraction(1, 100)),
    ("every 4 years", Fraction(1, 4)),
    ("once a decade", Fraction(1, 10)),
    ("twice a century", Fraction(1, 50)),
    ("five times in 2 years", Fraction(5, 2)),
    ("twice a month", 24),
    ("1.5 per month", 18),
    ("weekly", 52),
    ("daily", 365),
    ("2 incidents a year", 2),
    ("once per two years", Fraction(1, 2)),
]


@pytest.mark.parametrize(("text", "rate"), FREQUENCIES)
def test_frequency(text: str, rate: Fraction) -> None:
    assert Fraction(parse_frequency(text)) == rate


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("0", "must be above zero"),
        ("-1 per year", "must be above zero"),
        ("10 %", "is a percentage"),
        ("often", "cannot be read"),
        ("once", "cannot be read"),
        ("many per year", 'has "many", which is no number'),
        ("once in 0 years", "needs a span of time above zero"),
        ("NaN per year", 'has "nan", which is no number'),
        ("9999999999 per hour", "must be at most 10^9 a year"),
    ],
)
def test_bad_frequency(text: str, reason: str) -> None:
    with pytest.raises(EntryError) as refused:
        parse_frequency(text, field="frequency.low")
    assert refused.value.field == "frequency.low"
    assert refused.value.reason.startswith(reason)


def test_amounts_in_words() -> None:
    words = [
        say_money(Decimal(amount), "EUR") for amount in ("0", "950", "1999.9", "1234567", "999999")
    ]
    assert words == ["EUR 0", "EUR 950", "EUR 2 k", "EUR 1.23 M", "EUR 1 M"]
    assert say_money(2.5e9, "USD") == "USD 2.5 bn"


def test_frequencies_in_words() -> None:
    words = [say_frequency(rate) for rate in (3, 0.1, 1 / 3, 52, 0.004)]
    assert words == [
        "3 per year",
        "once in 10 years",
        "once in 3 years",
        "52 per year",
        "once in 250 years",
    ]
