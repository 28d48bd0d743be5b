"""Amounts and frequencies as people write them in German; DIN 1333: the comma is the decimal mark."""

from decimal import Decimal

import pytest

from apps.common.entry.errors import EntryError
from apps.common.entry.german import shown_back
from apps.common.entry.reading import Amount, parse_frequency, parse_money


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1,5 Mio", "1500000", None),
        ("1,5 Mio.", "1500000", None),
        ("250 Tsd.", "250000", None),
        ("3 Mrd. Euro", "3000000000", "EUR"),
        ("20k", "20000", None),
        ("1.234,50 EUR", "1234.50", "EUR"),
        ("1.500", "1500", None),
        ("20.000", "20000", None),
        ("1.200.000", "1200000", None),
        ("1 500", "1500", None),
        ("1\u202f500,50", "1500.50", None),
        ("12,50", "12.50", None),
        # What can only be English is read so.
        ("1,200,000", "1200000", None),
        ("1,200.50", "1200.50", None),
        ("12.50", "12.50", None),
    ],
)
def test_money(text: str, value: str, currency: str | None) -> None:
    assert parse_money(text, german=True) == Amount(Decimal(value), currency)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2 Billionen", "names a size that English and German count differently"),
        ("0,125", "must have at most 2 digits after the point"),
        ("5 Eier", 'has "Eier"'),
        ("-1,5 Mio", "must be above zero"),
        ("1,2,3", "has dots and commas"),
    ],
)
def test_bad_money(text: str, reason: str) -> None:
    with pytest.raises(EntryError) as refused:
        parse_money(text, german=True)
    assert refused.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("text", "a_year"),
    [
        ("einmal in 10 Jahren", "0.1"),
        ("3 im Jahr", "3"),
        ("3 pro Jahr", "3"),
        ("zweimal im Monat", "24"),
        ("3-mal in der Woche", "156"),
        ("alle 5 Jahre", "0.2"),
        ("alle zwei Wochen", "26"),
        ("jedes Jahr", "1"),
        ("einmal in einem Jahrhundert", "0.01"),
        ("einmal in 1.000 Jahren", "0.001"),
        ("monatlich", "12"),
        ("vierteljährlich", "4"),
        ("0,2", "0.2"),
        ("once in 10 years", "0.1"),
    ],
)
def test_frequency(text: str, a_year: str) -> None:
    assert parse_frequency(text, german=True) == Decimal(a_year)


@pytest.mark.parametrize(
    ("text", "plainly"),
    [
        ("1.500", "1\u202f500"),
        ("1.500 EUR", "1\u202f500 EUR"),
        ("1,500", "1,5"),
        ("20,000", "20"),
        ("1,125 im Jahr", "1,1250 im Jahr"),
        ("1.500; 2.750", "1\u202f500; 2\u202f750"),
        ("20.000", None),  # nobody writes three decimals that are nothing
        ("0,125", None),  # no group begins with 0
        ("1.234,50", None),
        ("1.200.000", None),
        ("1 500", None),
        ("1,5", None),
        ("monatlich", None),
    ],
)
def test_what_could_be_read_in_two_ways_is_shown_as_it_is_read(
    text: str, plainly: str | None
) -> None:
    assert shown_back(text) == plainly
    if plainly is not None:
        assert shown_back(plainly) is None  # it is asked about once
