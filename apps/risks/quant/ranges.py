"""Any estimate in short: 90 % ranges of the yearly rate and of one event's loss, for lists and words."""

from __future__ import annotations

import math

import numpy as np

from apps.risks.quant.distributions import Distribution, Point
from apps.risks.quant.estimate import Estimate, LossForms, Magnitude, rate_factors
from apps.risks.quant.normal import normal_scores
from apps.risks.quant.streams import Floats, stream_key, uniforms, words_at

DRAWS = 20_000
_ENDS = (0.05, 0.95)


def rate_range(estimate: Estimate) -> tuple[float, float]:
    """5th and 95th percentile of the loss events a year, before controls.

    Of one distribution exact; of a product of factors from 20 000 draws that are always the same.
    """
    factors = rate_factors(estimate.frequency)
    known = [part.value for part in factors.uncertain if isinstance(part, Point)]
    unknown = [part for part in factors.uncertain if not isinstance(part, Point)]
    share = math.prod(known, start=factors.share)
    if len(unknown) <= 1:
        low, high = (share * (unknown[0].quantile(end) if unknown else 1.0) for end in _ENDS)
        return low, high
    product = np.full(DRAWS, share)
    for number, part in enumerate(unknown):
        product *= _drawn(part, f"rate {number}")
    return _ends(product)


def loss_range(estimate: Estimate) -> tuple[float, float]:
    """5th and 95th percentile of one event's loss (money), by the same means.

    The low end may be 0 where an event mostly costs nothing.
    """
    magnitude: Magnitude = estimate.magnitude
    if isinstance(magnitude, Distribution):
        low, high = (magnitude.quantile(end) for end in _ENDS)
        return low, high
    return _ends(_forms(magnitude))


def _forms(magnitude: LossForms) -> Floats:
    total: Floats = np.zeros(DRAWS)
    for name, part in magnitude.primary.items():
        total += _drawn(part, f"primary {name}")
    for number, loss in enumerate(magnitude.secondary):
        happens = _uniform(f"happens {number}") < _drawn(loss.probability, f"chance {number}")
        for name, part in loss.forms.items():
            total += happens * _drawn(part, f"secondary {number} {name}")
    return total


def _drawn(part: Distribution, name: str) -> Floats:
    return part.at_scores(normal_scores(_uniform(name)))


def _uniform(name: str) -> Floats:
    return uniforms(words_at(stream_key("ranges", name), np.arange(DRAWS, dtype=np.uint64)))


def _ends(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, _ENDS)
    return float(low), float(high)
