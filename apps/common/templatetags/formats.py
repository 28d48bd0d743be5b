"""Filters. `{% load formats %}`."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString

from apps.common import markdown as markdown_text
from apps.common.said import said as said_to_reader
from apps.common.ui.money import amount_full, percent_told, years_in

register = template.Library()


@register.filter
def full_amount(amount: Decimal | int) -> str:
    """1234567.8 as 1,234,568."""
    return amount_full(amount)


@register.filter
def odds(probability: float) -> str:
    """0.9 as "9 years in 10"."""
    return years_in(probability)


@register.filter
def as_percent(share: float) -> str:
    """0.256 as 26 %; a share that is neither 0 nor 1 never reads 0 % or 100 %."""
    whole = round(share * 100)
    if whole == 0 and share > 0:
        return "<\u202f1\u00a0%"
    if whole == 100 and share < 1:
        return ">\u202f99\u00a0%"
    return f"{whole}\u00a0%"


@register.filter
def about_percent(share: float) -> str:
    """An estimated share in two digits: 31.82 as 3,200 %."""
    return percent_told(share)


@register.filter
def glance(text: str, people: Mapping[str, str] | str = "") -> str:
    """What people wrote, in one line of plain words. people: what those behind an @ are called."""
    return markdown_text.glance(text, people or {})  # type: ignore[arg-type]  # an unset name is ""


@register.filter
def markdown(text: str, people: Collection[str] = ()) -> SafeString:
    """What people wrote, as safe HTML; put it into {% prose %}. people: whom it names, as kept with it."""
    return markdown_text.render(text, people)


@register.filter
def said(sentence: object) -> str:
    """A sentence of the domain (a refusal, why something failed) in the reader's language."""
    return said_to_reader(sentence)
