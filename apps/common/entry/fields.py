"""Fields for numbers, amounts, frequencies and chances, typed the way people say them."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.entry.errors import EntryError
from apps.common.entry.german import NARROW, shown_back
from apps.common.entry.reading import parse_frequency, parse_money, parse_number
from apps.common.ui.money import number_said

_SIX_PLACES = Decimal("0.000001")


# What the engine refuses, in its own words; it knows no language but that of the code.
REASONS = (
    lazy('cannot be read as an amount; write it like "20k" or "1.5 M"'),
    lazy('cannot be read; write "3 per year" or "once in 10 years"'),
    lazy('cannot be read as a number; write it like "3" or "1.5"'),
    lazy('is a percentage; write how often, like "once in 10 years"'),
    lazy("must be above zero"),
    lazy("must be at most 10^15"),
    lazy("must be at most 10^9 a year"),
    lazy("must have at most 2 digits after the point"),
    lazy("must be written with the digits 0 to 9"),
    lazy("has dots and commas that cannot be read as one number"),
    lazy("names an unknown currency"),
    lazy("names a size that English and German count differently; write Mrd. or digits"),
)


def reason_words(error: EntryError) -> str:
    """Why the engine refuses a number, in the reader's language where the words are known."""
    return _(error.reason)


def _sentence(error: EntryError) -> str:
    reason = reason_words(error)
    return f"{reason[:1].upper()}{reason[1:]}."


def reads_german() -> bool:
    """Whether the reader's decimal mark is the comma, and words are German."""
    return (get_language() or "").startswith("de")


class SaidField(forms.CharField):
    """A number that may be typed in words, in the marks and words of the reader's language.

    What could be read in two ways ("1.500" on a German page) is not taken at once: the field comes
    back with the number as it is read, "1 500", and is saved as that when it is sent again.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "text", "autocomplete": "off", "class": "num"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and reads_german() and (plain := shown_back(text)):
            raise ValidationError(
                _("It is read as %(number)s. Save again if that is meant.") % {"number": plain},
                code="shown-back",
            )
        return text

    def prepare_value(self, value: Any) -> Any:
        """What is stored, in the reader's marks; what was typed stays, unless it is shown back."""
        if isinstance(value, Decimal):
            return self.said(value)
        if isinstance(value, str) and reads_german():
            return shown_back(value) or value
        return value

    def said(self, value: Decimal) -> str:
        """A stored number as this field reads it again, without asking back."""
        text = f"{value.normalize():f}"
        if not reads_german():
            return text
        comma = text.replace(".", ",")
        return f"{comma}0" if shown_back(comma) else comma


class NumberField(SaidField):
    """A plain number, "1.5", or "1,5" where that is how it is written. Gives a Decimal.

    low, high: the least and the most that it may be, both included.
    """

    def __init__(self, *, low: Decimal, high: Decimal, **kwargs: Any) -> None:
        self.low, self.high = low, high
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            number = parse_number(text, german=reads_german())
        except EntryError as error:
            raise ValidationError(_sentence(error)) from error
        if not self.low <= number <= self.high:
            ends = {"low": number_said(self.low), "high": number_said(self.high)}
            raise ValidationError(_("A number from %(low)s to %(high)s.") % ends)
        return number


class MoneyField(SaidField):
    """An amount of the organisation's currency: "20k", "1.5 M", "EUR 1,200,000". Gives a Decimal.

    free: accepts 0 (or "free"), which a loss may not be and a cost may.
    """

    def __init__(self, *, free: bool = False, **kwargs: Any) -> None:
        self.free = free
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if self.free and set(text) <= set("0., "):
            return Decimal(0)
        try:
            amount = parse_money(text, german=reads_german())
        except EntryError as error:
            raise ValidationError(_sentence(error)) from error
        if amount.currency not in (None, settings.SECOPS_CURRENCY):
            raise ValidationError(
                _("Give the amount in %(currency)s; this portal does not convert currencies.")
                % {"currency": settings.SECOPS_CURRENCY}
            )
        return amount.value

    def said(self, value: Decimal) -> str:
        """In digits, grouped; on a German page by narrow spaces, since a dot could be a decimal mark."""
        text = f"{value:,.2f}".removesuffix(".00")
        if not reads_german():
            return text
        return text.replace(",", NARROW).replace(".", ",")


class FrequencyField(SaidField):
    """Loss events a year: "0.2", "3 per year", "once in 10 years", "monthly". Gives a Decimal."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            rate = parse_frequency(text, german=reads_german())
        except EntryError as error:
            raise ValidationError(_sentence(error)) from error
        kept = rate.quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)
        if kept <= 0:
            raise ValidationError(_("Less than once in a million years is kept as nothing."))
        return kept


class ChanceField(SaidField):
    """A probability: "30 %", "0.3", "1 in 20". Gives a Decimal from 0 to 1."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            chance = _chance(text.strip().replace(",", "."))
        except (InvalidOperation, ZeroDivisionError):
            raise ValidationError(_("Write it like 30\u00a0%, 0.3 or 1 in 20.")) from None
        if not (chance.is_finite() and 0 <= chance <= 1):
            raise ValidationError(_("A chance lies between 0 and 100\u00a0%."))
        return chance.quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)

    def said(self, value: Decimal) -> str:
        return f"{super().said(value * 100)} %"


def _chance(text: str) -> Decimal:
    one, found, many = text.replace(" von ", " in ").partition(" in ")
    if found:
        return Decimal(one) / Decimal(many)
    return Decimal(text[:-1].strip()) / 100 if text.endswith("%") else Decimal(text)
