"""An independent, slow model of the same risks, written from the definitions: only tests use it.

It shares nothing with the engine: Python's own Mersenne Twister, event times by exponential
waiting, betas and gammas from the random module, one event at a time.
"""

import math
import random

from apps.risks.quant import (
    Beta,
    Clustered,
    Contact,
    Contest,
    Distribution,
    Estimate,
    Gamma,
    Interval90,
    LossForms,
    Pert,
    Point,
    ThreatFrequency,
)


def draw(luck: random.Random, what: Distribution) -> float:
    match what:
        case Point(value):
            return value
        case Interval90(low, high):
            sigma = math.log(high / low) / (2 * 1.6448536269514722)
            return luck.lognormvariate(math.log(low * high) / 2, sigma)
        case Pert(low, mode, high, confidence):
            a = 1 + confidence * (mode - low) / (high - low)
            b = 1 + confidence * (high - mode) / (high - low)
            return low + (high - low) * luck.betavariate(a, b)
        case Beta(a, b):
            return luck.betavariate(a, b)
        case Gamma(shape, rate):
            return luck.gammavariate(shape, 1 / rate)
    raise AssertionError(what)


def loss_of_a_year(luck: random.Random, estimate: Estimate) -> float:
    rate, vulnerability = threat_rate(luck, estimate), 1.0
    contest = None
    if isinstance(estimate.frequency, ThreatFrequency):
        if isinstance(estimate.frequency.vulnerability, Contest):
            contest = estimate.frequency.vulnerability
        else:
            vulnerability = draw(luck, estimate.frequency.vulnerability)
    if isinstance(estimate.events, Clustered):
        # A negative binomial is a Poisson whose rate is gamma with mean `rate` and scale ratio - 1.
        scale = estimate.events.variance_ratio - 1
        rate = luck.gammavariate(rate * vulnerability / scale, scale)
        vulnerability = 1.0
    total, time = 0.0, luck.expovariate(rate)
    while time < 1:
        if happens(luck, contest, vulnerability):
            total += loss_of_an_event(luck, estimate)
        time += luck.expovariate(rate)
    return total


def threat_rate(luck: random.Random, estimate: Estimate) -> float:
    if isinstance(estimate.frequency, Distribution):
        return draw(luck, estimate.frequency)
    threats = estimate.frequency.threat_events
    if isinstance(threats, Contact):
        return draw(luck, threats.contacts) * draw(luck, threats.probability_of_action)
    return draw(luck, threats)


def happens(luck: random.Random, contest: Contest | None, vulnerability: float) -> bool:
    if contest is None:
        return luck.random() < vulnerability
    return draw(luck, contest.threat_capability) > draw(luck, contest.resistance_strength)


def loss_of_an_event(luck: random.Random, estimate: Estimate) -> float:
    if not isinstance(estimate.magnitude, LossForms):
        return draw(luck, estimate.magnitude)
    total = sum(draw(luck, form) for form in estimate.magnitude.primary.values())
    for effect in estimate.magnitude.secondary:
        if luck.random() < draw(luck, effect.probability):
            total += sum(draw(luck, form) for form in effect.forms.values())
    return total


def slow_years(estimate: Estimate, trials: int, seed: int) -> list[float]:
    luck = random.Random(seed)  # noqa: S311 - a simulation, no secret
    return [loss_of_a_year(luck, estimate) for _ in range(trials)]
