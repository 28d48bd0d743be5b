"""Money as people say it: a few digits, a magnitude, and odds in words.

Amounts are Decimal (or int) in whole units of a currency; probabilities are 0 to 1.
"""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

NBSP = "\u00a0"
DASH = "\u2013"
# A step, and how an amount of it is written: German puts "Mio." behind where English has "M".
_STEPS = (
    (Decimal(10) ** 9, pgettext_lazy("amount", "{}bn")),
    (Decimal(10) ** 6, pgettext_lazy("amount", "{}M")),
    (Decimal(10) ** 3, pgettext_lazy("amount", "{}k")),
    (Decimal(1), ""),
)
_CARRY = Decimal("0.9995")


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def amount_short(amount: Decimal | int) -> str:
    """An amount with two or three digits and its magnitude: 0, 950, 1.3k, 20k, 250k, 1.2M, 3bn.

    One decimal below ten of a magnitude, none from there on; rounding up carries into the next
    magnitude, so that 999 600 reads 1M and never 1000k.
    """
    value = Decimal(amount)
    rounded, said = _scaled(abs(value))
    sign = "\u2212" if value < 0 and rounded else ""
    return f"{sign}{str(said).format(_plain(rounded)) if said else _plain(rounded)}"


def amount_told(amount: Decimal | int) -> str:
    """An amount that was simulated or estimated, in two digits: 38k for 38 468.86, 310k for 305 000.

    More would claim what no estimate knows. What people typed themselves keeps its digits: amount_short.
    """
    return amount_short(two_digits(amount))


def two_digits(amount: Decimal | int) -> Decimal:
    """An amount rounded to two significant digits, whole ones below 10: 310000 for 305000, 870 for 865."""
    value = Decimal(amount)
    if abs(value) < 10:
        return _round(value, 0)
    step = value.adjusted() - 1
    return _round(value.scaleb(-step), 0).scaleb(step).quantize(Decimal(1))


def _scaled(size: Decimal) -> tuple[Decimal, str | Promise]:
    """A size of 0 or more as its rounded digits and how their magnitude is written."""
    for step, said in _STEPS:
        if size >= step * _CARRY or not said:  # 999 499 stays 999k, 999 500 is 1M
            scaled = size / step
            return _round(scaled, 1 if said and scaled < Decimal("9.95") else 0), said
    raise AssertionError("unreachable: the last step has no suffix")


def _plain(rounded: Decimal) -> str:
    places = 0 if rounded == rounded.to_integral_value() else 1
    return number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True)


def range_told(low: Decimal | int, high: Decimal | int) -> str:
    """range_short of what was simulated or estimated, in two digits each."""
    return range_short(two_digits(low), two_digits(high))


def range_short(low: Decimal | int, high: Decimal | int) -> str:
    """Two amounts as one range, "20k \u2013 1.2M"; one amount where both read the same.

    Where magnitudes are words, one that both share is said once ("1,8 \u2013 29 Tsd."), and the range
    may break after the dash.
    """
    first, last = amount_short(low), amount_short(high)
    if first == last:
        return first
    number, is_wordy, word = first.partition(NBSP)
    if is_wordy and last.endswith(f"{NBSP}{word}"):
        first = number
    return f"{first}{NBSP}{DASH}{' ' if NBSP in last else NBSP}{last}"


def amount_full(amount: Decimal | int) -> str:
    """Every digit before the decimal point, grouped: 1,234,567."""
    return number_format(
        _round(Decimal(amount), 0), decimal_pos=0, use_l10n=True, force_grouping=True
    )


def number_said(number: Decimal | float) -> str:
    """A number with the reader's marks and no needless zeros: 1,234.5, or 1.234,5 in German."""
    value = Decimal(str(number))
    exact = value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
    return number_format(exact, use_l10n=True, force_grouping=True)


def percent_said(share: float, places: int = 0) -> str:
    """A share, 0 to 1, as percent in the reader's marks: "12.5 %"."""
    return f"{number_format(round(share * 100, places), decimal_pos=places, use_l10n=True)}\u00a0%"


def percent_told(share: float) -> str:
    """A share that was estimated, as percent in two digits: "3,200 %" for 31.82, "7.1 %" for 0.0712."""
    percent = Decimal(repr(float(share))) * 100
    if abs(percent) < 10:
        return percent_said(share, 0 if percent == percent.to_integral_value() else 1)
    said = number_format(two_digits(percent), decimal_pos=0, use_l10n=True, force_grouping=True)
    return f"{said}\u00a0%"


def years_in(probability: float) -> str:
    """A yearly probability as a frequency people can picture.

    0.9 reads "9 years in 10", 0.05 "1 year in 20", 0 "never" and 1 "every year". Uses tenths from
    0.1 to 0.9 and "1 year in n" below; rounds, so it is for reading and never for computing.
    """
    if probability <= 0:
        return _("never in the simulated years")
    if probability >= 0.95:
        return _("nearly every year") if probability < 1 else _("every year")
    if probability >= 0.1:
        years = max(1, round(probability * 10))
        return ngettext("%(count)d year in 10", "%(count)d years in 10", years) % {"count": years}
    return _("1 year in %(count)s") % {"count": amount_full(round(1 / probability))}
