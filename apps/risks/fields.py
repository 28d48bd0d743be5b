"""Fields for amounts, frequencies and chances, typed the way people say them."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.risks.quant.entry import parse_frequency, parse_money
from apps.risks.quant.errors import EstimateError

_SIX_PLACES = Decimal("0.000001")


def _sentence(error: EstimateError) -> str:
    return f"{error.reason[:1].upper()}{error.reason[1:]}."


class SaidField(forms.CharField):
    """A number that may be typed in words."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "text", "autocomplete": "off", "class": "num"}


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
            amount = parse_money(text)
        except EstimateError as error:
            raise ValidationError(_sentence(error)) from error
        if amount.currency not in (None, settings.SECOPS_CURRENCY):
            raise ValidationError(
                _("Give the amount in %(currency)s; this portal does not convert currencies.")
                % {"currency": settings.SECOPS_CURRENCY}
            )
        return amount.value

    def prepare_value(self, value: Any) -> Any:
        """Stored amounts in digits, grouped; what was typed stays as it was typed."""
        if not isinstance(value, Decimal):
            return value
        return f"{value:,.2f}".removesuffix(".00")


class FrequencyField(SaidField):
    """Loss events a year: "0.2", "3 per year", "once in 10 years", "monthly". Gives a Decimal."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            rate = parse_frequency(text)
        except EstimateError as error:
            raise ValidationError(_sentence(error)) from error
        kept = rate.quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)
        if kept <= 0:
            raise ValidationError(_("Less than once in a million years is kept as nothing."))
        return kept

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class ChanceField(SaidField):
    """A probability: "30 %", "0.3", "1 in 20". Gives a Decimal from 0 to 1."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            chance = _chance(text.strip().replace(",", "."))
        except (InvalidOperation, ZeroDivisionError):
            raise ValidationError(_("Write it like 30 %, 0.3 or 1 in 20.")) from None
        if not (chance.is_finite() and 0 <= chance <= 1):
            raise ValidationError(_("A chance lies between 0 and 100 %."))
        return chance.quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        return f"{(value * 100).normalize():f} %"


def _chance(text: str) -> Decimal:
    one, found, many = text.partition(" in ")
    if found:
        return Decimal(one) / Decimal(many)
    return Decimal(text[:-1].strip()) / 100 if text.endswith("%") else Decimal(text)
