"""The few special functions that evidence needs, without SciPy."""

from __future__ import annotations

import math

_SHIFT = 12.0


def digamma(x: float) -> float:
    """d/dx ln Gamma(x) for x above zero; relative error about 1e-13.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3.5 and 6.3.18.
    """
    total = 0.0
    while x < _SHIFT:
        total -= 1 / x
        x += 1
    square = 1 / (x * x)
    series = square * (
        1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132)))
    )
    return total + math.log(x) - 1 / (2 * x) - series


def trigamma(x: float) -> float:
    """d2/dx2 ln Gamma(x) for x above zero; relative error about 1e-12.

    Source: Abramowitz and Stegun, 6.4.6 and 6.4.12.
    """
    total = 0.0
    while x < _SHIFT:
        total += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    series = square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30)))
    return total + (1 + series) / x + square / 2


def trigamma_inverse(y: float) -> float:
    """The x above zero with trigamma(x) = y, y above zero.

    Method: Newton on 1 / trigamma, which is nearly linear.
    Source: Smyth, "Linear models and empirical Bayes methods", Statistical Applications in Genetics
    and Molecular Biology 3 (2004), appendix.
    """
    if y > 1e7:
        return 1 / math.sqrt(y)
    if y < 1e-6:
        return 1 / y
    x = 0.5 + 1 / y
    for _ in range(50):
        value = trigamma(x)
        step = value * (1 - value / y) / _tetragamma(x)
        x += step
        if -step / x < 1e-12:
            break
    return x


def _tetragamma(x: float) -> float:
    """The derivative of trigamma, by a central difference."""
    width = 1e-4 * x
    return (trigamma(x + width) - trigamma(x - width)) / (2 * width)
