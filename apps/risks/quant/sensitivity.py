"""Which assumption matters, and what it would be worth to know it better.

Everything here works on expected values, for which the model has closed forms, so no noise hides a
small effect. Assumptions are named by their path in the estimate's JSON object, e.g.
"frequency.vulnerability".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from apps.risks.quant.compare import Option
from apps.risks.quant.distributions import Distribution, Point, probability_exceeding
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.estimate import (
    Contact,
    Contest,
    Estimate,
    Frequency,
    Magnitude,
)
from apps.risks.quant.normal import normal_scores
from apps.risks.quant.streams import Floats, stream_key, uniforms, words_at
from apps.risks.quant.valuation import check_seed, standard_error

Known: TypeAlias = Mapping[str, Floats]
BELIEFS = 50_000
NODES: Floats = np.linspace(-6.0, 6.0, 241, dtype=np.float64)
_WEIGHTS: Floats = np.exp(-NODES * NODES / 2) / np.exp(-NODES * NODES / 2).sum()
_P5_AND_P95 = (0.05, 0.95)


@dataclass(frozen=True)
class Bar:
    """One bar of the tornado: the expected annual loss (money) with one assumption at its 5th or
    95th percentile.

    `low_value` and `high_value` are those percentiles (in the assumption's unit), `at_low` and
    `at_high` the expected annual loss there, all others as they are; `swing` is the width. `share`
    is the assumption's part of what makes the expected loss unsure, 0 to 1 (its first-order index:
    the shares of a product add up to less than 1).
    """

    path: str
    low_value: float
    high_value: float
    at_low: float
    at_high: float
    swing: float
    share: float


@dataclass(frozen=True)
class Worth:
    """What perfect knowledge of one assumption of one risk would be worth for this choice, in money
    a year.
    """

    risk: str
    path: str
    worth: float


@dataclass(frozen=True)
class InformationValue:
    """What better information is worth before choosing: an upper bound on what to spend on it, in
    money a year.

    `best` is the option with the lowest expected total cost (`expected_cost`); `perfect` is the
    expected gain from knowing everything first (simulated, with `standard_error`); `assumptions`
    are the gains from knowing one thing, the most worthwhile first.
    """

    best: str
    expected_cost: float
    perfect: float
    standard_error: float
    assumptions: tuple[Worth, ...]


def assumptions(estimate: Estimate) -> dict[str, Distribution]:
    """Every uncertain number of an estimate by its path; known numbers are left out."""
    found = [*_of_frequency(estimate.frequency), *_of_magnitude(estimate.magnitude)]
    for name in ("kept_frequency", "kept_loss"):
        found += [
            (f"{name}.{control}", share) for control, share in getattr(estimate, name).items()
        ]
    return {path: part for path, part in found if part.support[0] < part.support[1]}


def expected_loss(estimate: Estimate, known: Known) -> Floats:
    """Expected annual loss where some assumptions are known: money, the shape of the arrays in
    `known`.

    `known` maps paths to values; all others stay as uncertain as they are. Closed form.
    """
    loss = _rate(estimate.frequency, known) * _event(estimate.magnitude, known)
    for name in ("kept_frequency", "kept_loss"):
        for control, share in getattr(estimate, name).items():
            loss = loss * _mean(f"{name}.{control}", share, known)
    return np.asarray(loss, dtype=np.float64)


def tornado(estimate: Estimate) -> tuple[Bar, ...]:
    """The expected annual loss's sensitivity to each assumption, widest swing first.

    Source: Hubbard, How to Measure Anything, 3rd edition 2014, chapter 7; for `share` Saltelli et
    al., Global Sensitivity Analysis: The Primer, 2008, chapter 1 (first-order index).
    """
    parts = assumptions(estimate)
    spreads = {
        path: _spread(expected_loss(estimate, {path: part.at_scores(NODES)}))
        for path, part in parts.items()
    }
    total = _total_spread(estimate, parts)
    bars = [_bar(estimate, path, part, spreads[path] / total) for path, part in parts.items()]
    return tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.path)))


def value_of_information(options: Mapping[str, Option], *, seed: int) -> InformationValue:
    """Expected value of perfect information, and of perfect information on each single assumption.

    Loss ranges count as things that could be known, although they also say how events differ: the
    worth of knowing a magnitude is therefore an upper bound. A contest of capability and strength
    is drawn anew at every event and is not counted. A risk that several options share by name is
    the same unknown in all of them.
    Raises EstimateError for no option.
    Source: Raiffa and Schlaifer, Applied Statistical Decision Theory, 1961; Hubbard 2014, chapter
    7; for one assumption Felli and Hazen, Medical Decision Making 18 (1998).
    """
    check_seed(seed)
    if not options:
        raise EstimateError("options", "must be at least one")
    costs = {name: float(_cost(option, {})) for name, option in options.items()}
    best = min(costs, key=lambda name: (costs[name], name))
    drawn = _totals(options, _beliefs(options, seed))
    gains = drawn[list(options).index(best)] - drawn.min(axis=0)
    worths = [_worth(risk, path, options) for risk, path in _unknowns(options)]
    return InformationValue(
        best=best,
        expected_cost=costs[best],
        perfect=float(gains.mean()),
        standard_error=standard_error(gains),
        assumptions=tuple(sorted(worths, key=lambda worth: (-worth.worth, worth.risk, worth.path))),
    )


def _of_frequency(frequency: Frequency) -> Iterator[tuple[str, Distribution]]:
    if isinstance(frequency, Distribution):
        yield "frequency", frequency
        return
    for name in ("threat_events", "vulnerability"):
        part = getattr(frequency, name)
        if isinstance(part, Distribution):
            yield f"frequency.{name}", part
            continue
        inner = _CONTACT if isinstance(part, Contact) else _CONTEST
        yield from ((f"frequency.{name}.{child}", getattr(part, child)) for child in inner)


_CONTACT = ("contacts", "probability_of_action")
_CONTEST = ("threat_capability", "resistance_strength")


def _of_magnitude(magnitude: Magnitude) -> Iterator[tuple[str, Distribution]]:
    if isinstance(magnitude, Distribution):
        yield "magnitude", magnitude
        return
    yield from ((f"magnitude.primary.{form}", part) for form, part in magnitude.primary.items())
    for number, effect in enumerate(magnitude.secondary):
        yield f"magnitude.secondary.{number}.probability", effect.probability
        for form, part in effect.forms.items():
            yield f"magnitude.secondary.{number}.forms.{form}", part


def _mean(path: str, part: Distribution, known: Known) -> Floats | float:
    return known.get(path, part.mean)


def _rate(frequency: Frequency, known: Known) -> Floats | float:
    if isinstance(frequency, Distribution):
        return _mean("frequency", frequency, known)
    vulnerability = frequency.vulnerability
    share = (
        _contest(vulnerability, known)
        if isinstance(vulnerability, Contest)
        else _mean("frequency.vulnerability", vulnerability, known)
    )
    threats = frequency.threat_events
    if isinstance(threats, Distribution):
        return _mean("frequency.threat_events", threats, known) * share
    for name in _CONTACT:
        share = share * _mean(f"frequency.threat_events.{name}", getattr(threats, name), known)
    return share


def _contest(contest: Contest, known: Known) -> Floats | float:
    """P(capability > strength), with either of them known or not."""
    both = (contest.threat_capability, contest.resistance_strength)
    values = [known.get(f"frequency.vulnerability.{name}") for name in _CONTEST]
    sizes = [value.size for value in values if value is not None]
    if not sizes:
        return contest.probability
    parts = [
        [part] * sizes[0] if value is None else [Point(float(one)) for one in value]
        for part, value in zip(both, values, strict=True)
    ]
    return np.array([probability_exceeding(*pair) for pair in zip(*parts, strict=True)])


def _event(magnitude: Magnitude, known: Known) -> Floats | float:
    if isinstance(magnitude, Distribution):
        return _mean("magnitude", magnitude, known)
    total: Floats | float = 0.0
    for form, part in magnitude.primary.items():
        total = total + _mean(f"magnitude.primary.{form}", part, known)
    for number, effect in enumerate(magnitude.secondary):
        path = f"magnitude.secondary.{number}"
        size: Floats | float = 0.0
        for form, part in effect.forms.items():
            size = size + _mean(f"{path}.forms.{form}", part, known)
        total = total + _mean(f"{path}.probability", effect.probability, known) * size
    return total


def _spread(values: Floats) -> float:
    """The variance of a function of one standard normal score, given at NODES."""
    mean = float(_WEIGHTS @ values)
    return float(_WEIGHTS @ (values - mean) ** 2)


def _total_spread(estimate: Estimate, parts: Mapping[str, Distribution]) -> float:
    """The variance of the expected loss over all that is unsure: products and sums of independent
    parts.

    A contest's two numbers act through one probability, which its own event draws average out;
    their spreads are added.
    """
    contest = [path for path in parts if path.split(".")[-1] in _CONTEST]
    smooth = {path: part for path, part in parts.items() if path not in contest}
    total = _square(estimate, smooth) - float(expected_loss(estimate, {})) ** 2
    for path in contest:
        total += _spread(expected_loss(estimate, {path: parts[path].at_scores(NODES)}))
    return max(total, 1e-300)


def _square(estimate: Estimate, parts: Mapping[str, Distribution]) -> float:
    """E[(expected loss)^2]: rate and kept shares are factors, the forms of loss a sum inside one
    factor.
    """
    square = float(expected_loss(estimate, {})) ** 2
    for path, part in parts.items():
        if not path.startswith("magnitude.") and part.mean:
            square *= part.second_moment / part.mean**2
    if isinstance(estimate.magnitude, Distribution):
        return square
    mean = float(_event(estimate.magnitude, {}))
    return square * (1 + _event_spread(estimate.magnitude) / mean**2) if mean else square


def _event_spread(magnitude: Magnitude) -> float:
    """The variance of the mean loss of an event, over what is unsure about its forms and
    probabilities.
    """
    if isinstance(magnitude, Distribution):
        return magnitude.variance
    total = sum(part.variance for part in magnitude.primary.values())
    for effect in magnitude.secondary:
        size = sum(part.mean for part in effect.forms.values())
        square = size**2 + sum(part.variance for part in effect.forms.values())
        total += effect.probability.second_moment * square - (effect.probability.mean * size) ** 2
    return total


def _bar(estimate: Estimate, path: str, part: Distribution, share: float) -> Bar:
    ends = np.array([part.quantile(probability) for probability in _P5_AND_P95])
    at_low, at_high = expected_loss(estimate, {path: ends}).tolist()
    low, high = ends.tolist()
    return Bar(path, low, high, at_low, at_high, abs(at_high - at_low), min(share, 1.0))


def _cost(option: Option, known: Mapping[tuple[str, str], Floats]) -> Floats:
    """Expected total of an option; `known` maps (risk, path) to normal scores."""
    total: Floats = np.asarray(option.cost.mean, dtype=np.float64)
    for name, risk in option.risks.items():
        values = {
            path: part.at_scores(known[name, path])
            for path, part in assumptions(risk).items()
            if (name, path) in known
        }
        total = total + expected_loss(risk, values)
    return total


def _unknowns(options: Mapping[str, Option]) -> list[tuple[str, str]]:
    """Every (risk, path) that some option is unsure of, without contests."""
    found = {
        (name, path)
        for option in options.values()
        for name, risk in option.risks.items()
        for path in assumptions(risk)
        if path.split(".")[-1] not in _CONTEST
    }
    return sorted(found)


def _beliefs(options: Mapping[str, Option], seed: int) -> dict[tuple[str, str], Floats]:
    draws = np.arange(BELIEFS, dtype=np.uint64)
    return {
        (risk, path): normal_scores(
            uniforms(words_at(stream_key(seed, "belief", risk, path), draws))
        )
        for risk, path in _unknowns(options)
    }


def _totals(options: Mapping[str, Option], known: Mapping[tuple[str, str], Floats]) -> Floats:
    """Expected totals under each belief, shape (options, beliefs)."""
    rows = [np.broadcast_to(_cost(option, known), (BELIEFS,)) for option in options.values()]
    return np.stack(rows)


def _worth(risk: str, path: str, options: Mapping[str, Option]) -> Worth:
    """min of the means - mean of the mins, both by the same quadrature."""
    known = {(risk, path): NODES}
    rows = [np.broadcast_to(_cost(option, known), NODES.shape) for option in options.values()]
    best = min(float(_WEIGHTS @ row) for row in rows)
    return Worth(risk, path, max(best - float(_WEIGHTS @ np.minimum.reduce(rows)), 0.0))
