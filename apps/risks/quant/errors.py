"""The one error that bad input raises: it names the field and says why in words a person can act
on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

Built = TypeVar("Built")
Given = TypeVarTuple("Given")


class EstimateError(ValueError):
    """An estimate, or a part of one, that cannot be valued.

    `field` is the dotted path of the input ("frequency.high"), `reason` a sentence without a final
    stop.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def under(self, prefix: str) -> EstimateError:
        """The same error seen from one level further out: "high" under "frequency" is
        "frequency.high".
        """
        return EstimateError(f"{prefix}.{self.field}" if self.field else prefix, self.reason)


def within(prefix: str, build: Callable[[*Given], Built], *given: *Given) -> Built:
    """build(*given), whose errors then carry the path of the part that it builds.

    Raises EstimateError with `prefix` before the field.
    """
    try:
        return build(*given)
    except EstimateError as error:
        raise error.under(prefix) from error


def finite(field: str, value: object) -> float:
    """`value` as a float.

    Raises EstimateError where it is no number, NaN or infinite, or an integer too long for a float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EstimateError(field, "must be a number")
    try:
        number = float(value)
    except OverflowError:
        raise EstimateError(field, "is too large") from None
    if math.isnan(number):
        raise EstimateError(field, "must be a number, not NaN")
    if math.isinf(number):
        raise EstimateError(field, "must be finite")
    return number


def between(field: str, value: object, low: float, high: float) -> float:
    """`value` as a float in low..high, both ends included. Raises EstimateError outside."""
    number = finite(field, value)
    if number < low:
        raise EstimateError(field, f"must be at least {low:g}")
    if number > high:
        raise EstimateError(field, f"must be at most {high:g}")
    return number


def positive(field: str, value: object, high: float = 1e15) -> float:
    """`value` as a float above zero and at most `high`. Raises EstimateError outside."""
    number = finite(field, value)
    if number <= 0:
        raise EstimateError(field, "must be above zero")
    if number > high:
        raise EstimateError(field, f"must be at most {high:g}")
    return number
