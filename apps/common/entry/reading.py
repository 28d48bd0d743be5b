"""Amounts and frequencies the way people write them, exact, and back into words.

Money never passes through a float here: "1.5 M" is Decimal("1500000"). Frequencies are events per
year.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from apps.common.entry.errors import EntryError
from apps.common.entry.german import frequency_in_english, money_in_english

Reader = Callable[[str, str], Decimal]  # (digits, field) to a number

LONGEST = 64
MOST_MONEY = Decimal(10) ** 15
MOST_FREQUENCY = Decimal(10) ** 9
_SCALES = {
    "": 0,
    "k": 3,
    "thousand": 3,
    "m": 6,
    "mn": 6,
    "mm": 6,
    "mio": 6,
    "million": 6,
    "millions": 6,
    "b": 9,
    "bn": 9,
    "g": 9,
    "mrd": 9,
    "billion": 9,
    "billions": 9,
    "t": 12,
    "tn": 12,
    "trillion": 12,
}
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY"}
_PER_YEAR = {
    "year": 1,
    "yr": 1,
    "y": 1,
    "annum": 1,
    "quarter": 4,
    "month": 12,
    "week": 52,
    "day": 365,
    "hour": 8760,
}
_ADVERBS = {
    "yearly": "year",
    "annually": "year",
    "quarterly": "quarter",
    "monthly": "month",
    "weekly": "week",
    "daily": "day",
    "hourly": "hour",
}
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
} | {"once": 1, "twice": 2, "thrice": 3, "a": 1, "an": 1, "decade": 10, "century": 100}

_NUMBER = r"\d[\d.,' ]*\d|\d"
_MONEY = re.compile(
    rf"(?P<before>[A-Za-z]{{3}}|[€$£¥₹₽₺])?\s*(?P<number>{_NUMBER})\s*"
    r"(?P<scale>[A-Za-z]*?)\s*(?P<after>[A-Z]{3}|[€$£¥₹₽₺])?"
)
_UNIT = r"(?P<unit>year|yr|y|annum|quarter|month|week|day|hour)s?"
_COUNT = rf"(?P<count>{_NUMBER}|[a-z]+)"
_TIMES = r"\s*(?:times?|x|events?|incidents?)?"
_SPAN = rf"(?:(?P<span>{_NUMBER}|[a-z]+)\s+)?"
_FREQUENCIES = (
    re.compile(rf"{_COUNT}{_TIMES}\s*(?:per|/|in|every|each)\s*{_SPAN}{_UNIT}"),
    re.compile(rf"{_COUNT}{_TIMES}\s+(?:a|an)\s+(?P<span>){_UNIT}"),
    re.compile(rf"(?P<count>)(?:every|each)\s+{_SPAN}{_UNIT}"),
)


@dataclass(frozen=True)
class Amount:
    """Money as entered: exact value, and the currency if the text names one (three letters)."""

    value: Decimal
    currency: str | None


def parse_money(
    text: str, *, field: str = "amount", decimals: int = 2, german: bool = False
) -> Amount:
    """An amount such as "20k", "1.5 M", "EUR 1,200,000", "€ 3 bn" or "750 000.50".

    A dot or comma groups thousands where it repeats, or where a comma has exactly three digits
    after it; a single dot with three digits after it could be either and is refused. `decimals`
    is how many digits the currency has after the point. `german`: by the marks and words of
    german.py, "1,5 Mio." and "1.500".
    Raises EntryError(field, ...): unreadable, negative, zero, too large, or smaller parts than
    the currency has.
    """
    tidy = _tidy(text, field)
    match = _MONEY.fullmatch(money_in_english(tidy, field) if german else tidy)
    if match is None or (match["before"] and match["after"]):
        raise EntryError(field, 'cannot be read as an amount; write it like "20k" or "1.5 M"')
    digits = match["number"]
    number = (
        _german(digits, field) if german else _number(digits, field, scaled=bool(match["scale"]))
    )
    value = number * _scale(match, field)
    if value <= 0:
        raise EntryError(field, "must be above zero")
    if value > MOST_MONEY:
        raise EntryError(field, "must be at most 10^15")
    return Amount(_whole_parts(value, field, decimals), _currency(match, field))


def parse_frequency(text: str, *, field: str = "frequency", german: bool = False) -> Decimal:
    """Events per year from "3 per year", "0.2", "once in 10 years", "twice a month", "weekly".

    A bare number is per year. Weeks count 52, days 365 a year. Exact, but for thirds and the like,
    which have 28 digits. `german`: by the marks and words of german.py, "zweimal im Monat".
    Raises EntryError(field, ...): unreadable, a percentage, negative, zero or too large.
    """
    tidy = _tidy(text, field).lower()
    if "%" in tidy:
        raise EntryError(field, 'is a percentage; write how often, like "once in 10 years"')
    rate = _rate(frequency_in_english(tidy), field, _german) if german else _rate(tidy, field)
    if rate <= 0:
        raise EntryError(field, "must be above zero")
    if rate > MOST_FREQUENCY:
        raise EntryError(field, "must be at most 10^9 a year")
    return rate


def parse_number(text: str, *, field: str = "number", german: bool = False) -> Decimal:
    """A number such as "3", "1.5" or "1,5", not below zero. `german`: the comma is the decimal mark.

    Raises EntryError(field, ...): unreadable or negative.
    """
    tidy = _tidy(text, field)
    if re.fullmatch(_NUMBER, tidy) is None:
        raise EntryError(field, 'cannot be read as a number; write it like "3" or "1.5"')
    return _german(tidy, field) if german else _number(tidy, field)


def say_money(value: Decimal | float, currency: str) -> str:
    """An amount in words of three digits: "EUR 1.2 M", "EUR 20 k", "EUR 0"."""
    rounded = Decimal(f"{Decimal(value):.3g}")
    for letter, power in ((" bn", 9), (" M", 6), (" k", 3)):
        if abs(rounded) >= 10**power:
            return f"{currency} {_plain(rounded.scaleb(-power))}{letter}"
    return f"{currency} {_plain(rounded)}"


def say_frequency(rate: float) -> str:
    """Events per year in words: "3 per year", "once in 10 years". `rate` is above zero."""
    if rate >= 0.95:
        return f"{_plain(Decimal(f'{rate:.2g}'))} per year"
    return f"once in {_plain(Decimal(f'{1 / rate:.2g}'))} years"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tidy(text: str, field: str) -> str:
    if not isinstance(text, str):
        raise EntryError(field, "must be text")
    if len(text) > LONGEST:
        raise EntryError(field, f"must be at most {LONGEST} characters")
    tidy = re.sub(r"[\s\u00a0\u202f]+", " ", text).strip()
    if not tidy:
        raise EntryError(field, "is empty")
    if tidy[0] in "-\u2212":
        raise EntryError(field, "must be above zero")
    return tidy.removeprefix("~").strip()


def _number(digits: str, field: str, *, scaled: bool = False) -> Decimal:
    """A number with its grouping taken out; `scaled` says that "k" or "M" follows."""
    text = digits.replace(" ", "").replace("'", "")
    if not text.isascii():
        raise EntryError(field, "must be written with the digits 0 to 9")
    for group, point in ((",", "."), (".", ",")):
        grouped = re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{point}\d+)?", text)
        if grouped and (text.count(group) > 1 or point in text or (group == "," and not scaled)):
            return Decimal(text.replace(group, "").replace(point, "."))
    if not re.fullmatch(r"\d+(?:[.,]\d+)?", text):
        raise EntryError(field, "has dots and commas that cannot be read as one number")
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text) and not scaled:
        either = f"{text.replace('.', '')} or {text.rstrip('0')}"
        raise EntryError(field, f"could mean {either}: write it without the dot, or as decimals")
    return Decimal(text.replace(",", "."))


def _german(digits: str, field: str) -> Decimal:
    """A number whose decimal mark is the comma; what can only be English is read so."""
    text = re.sub(r"[ ']", "", digits)
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", text):
        return Decimal(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d+,\d+", text):
        return Decimal(text.replace(",", "."))
    return _number(digits, field)


def _scale(match: re.Match[str], field: str) -> Decimal:
    word = match["scale"].lower()
    if word not in _SCALES:
        raise EntryError(field, f'has "{match["scale"]}", which is no k, M, bn or tn')
    return Decimal(10) ** _SCALES[word]


def _whole_parts(value: Decimal, field: str, decimals: int) -> Decimal:
    smallest = Decimal(1).scaleb(-decimals)
    if value % smallest:
        raise EntryError(field, f"must have at most {decimals} digits after the point")
    return value.quantize(smallest) if value % 1 else Decimal(int(value))


def _currency(match: re.Match[str], field: str) -> str | None:
    code = match["before"] or match["after"]
    if code is None:
        return None
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    if not code.isascii():
        raise EntryError(field, "names an unknown currency")
    return code.upper()


def _rate(tidy: str, field: str, read: Reader | None = None) -> Decimal:
    read = read or _number
    if tidy in _ADVERBS:
        return Decimal(_PER_YEAR[_ADVERBS[tidy]])
    if re.fullmatch(_NUMBER, tidy):
        return read(tidy, field)
    text = re.sub(r"\b(?:(?:in|per|every|each) )?(?:an? )?(decade|century)\b", _long_span, tidy)
    for pattern in _FREQUENCIES:
        match = pattern.fullmatch(text)
        if match is not None:
            return _per_year(match, field, read)
    raise EntryError(field, 'cannot be read; write "3 per year" or "once in 10 years"')


def _long_span(match: re.Match[str]) -> str:
    return f"in {_NUMBER_WORDS[match[1]]} years"


def _per_year(match: re.Match[str], field: str, read: Reader) -> Decimal:
    count = _count(match["count"] or "once", field, read)
    span = _count(match["span"] or "one", field, read)
    if span <= 0:
        raise EntryError(field, "needs a span of time above zero")
    return count * _PER_YEAR[match["unit"]] / span


def _count(text: str, field: str, read: Reader) -> Decimal:
    if text in _NUMBER_WORDS:
        return Decimal(_NUMBER_WORDS[text])
    if not text[0].isdigit():
        raise EntryError(field, f'has "{text}", which is no number')
    return read(text, field)
