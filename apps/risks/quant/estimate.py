"""What an analyst states about one risk: how often, how much, and in how much detail.

Frequency is in events per year, magnitude in money per event, probabilities in 0..1. The
decomposition is Open FAIR's (The Open Group, Risk Taxonomy O-RT 3.0.1, and Risk Analysis O-RA
2.0.1); use as much of it as helps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from apps.risks.quant.distributions import Distribution, Interval90, Point, probability_exceeding
from apps.risks.quant.errors import EstimateError, between, within

MOST_EVENTS = 10_000.0  # loss events a year; above, model the year's loss as one event
MOST_CONTROLS = 64
MOST_THREATS = 1e9  # contacts or threat events a year
FORMS_OF_LOSS = (
    "productivity",
    "response",
    "replacement",
    "competitive_advantage",
    "fines_and_judgments",
    "reputation",
)


@dataclass(frozen=True)
class Contact:
    """Threat event frequency as contacts per year times the probability that a contact becomes an
    attack.

    Raises EstimateError. Source: O-RT 3.0.1, 2.4 (Contact Frequency), 2.13 (Probability of Action).
    """

    contacts: Distribution
    probability_of_action: Distribution
    kind: ClassVar[str] = "contact"

    def __post_init__(self) -> None:
        within("contacts", check_rate, self.contacts, MOST_THREATS)
        within("probability_of_action", check_probability, self.probability_of_action)


@dataclass(frozen=True)
class Contest:
    """Vulnerability as P(threat capability > resistance strength), both on one scale of the
    analyst's choice.

    Each threat event draws both anew, so vulnerability is one number.
    Source: O-RT 3.0.1, 2.14 (Resistance Strength) and the definition of Threat Capability.
    """

    threat_capability: Distribution
    resistance_strength: Distribution
    kind: ClassVar[str] = "contest"

    @property
    def probability(self) -> float:
        """The share of threat events that become loss events, 0 to 1."""
        return probability_exceeding(self.threat_capability, self.resistance_strength)


@dataclass(frozen=True)
class ThreatFrequency:
    """Loss event frequency as threat events per year times vulnerability.

    Raises EstimateError. Source: O-RT 3.0.1, 2.8 (Loss Event Frequency) and the definitions of
    Threat Event Frequency and Vulnerability.
    """

    threat_events: Distribution | Contact
    vulnerability: Distribution | Contest
    kind: ClassVar[str] = "threat"

    def __post_init__(self) -> None:
        if isinstance(self.threat_events, Distribution):
            events = self.threat_events
            within("threat_events", check_rate, events, MOST_THREATS)
        if isinstance(self.vulnerability, Distribution):
            share = self.vulnerability
            within("vulnerability", check_probability, share)


@dataclass(frozen=True)
class SecondaryLoss:
    """What others do about a loss event: with some probability, further loss in any of the six
    forms.

    `forms` maps a form of loss to money per secondary event. Raises EstimateError.
    Source: O-RT 3.0.1, definitions of Secondary Loss Event Frequency and Secondary Loss Magnitude.
    """

    probability: Distribution
    forms: Mapping[str, Distribution]

    def __post_init__(self) -> None:
        within("probability", check_probability, self.probability)
        object.__setattr__(self, "forms", within("forms", _checked_forms, self.forms))


@dataclass(frozen=True)
class LossForms:
    """Loss magnitude as a sum: primary loss in up to six forms, and secondary losses, each with its
    probability.

    The forms are independent of each other. Raises EstimateError where no loss is given at all or a
    form is unknown.
    Source: O-RT 3.0.1, 2.10 (Loss Magnitude), the forms of loss, and secondary risk.
    """

    primary: Mapping[str, Distribution] = field(default_factory=dict)
    secondary: tuple[SecondaryLoss, ...] = ()
    kind: ClassVar[str] = "forms"

    def __post_init__(self) -> None:
        object.__setattr__(self, "primary", within("primary", _checked_forms, self.primary))
        object.__setattr__(self, "secondary", tuple(self.secondary))
        if not self.primary and not self.secondary:
            raise EstimateError("primary", "needs at least one form of loss")
        if len(self.secondary) > 16:
            raise EstimateError("secondary", "must be at most 16 losses")


@dataclass(frozen=True)
class Poisson:
    """Events come independently of each other: the default."""

    kind: ClassVar[str] = "poisson"


@dataclass(frozen=True)
class Clustered:
    """Events come in clusters: the count in a year is negative binomial with the same mean.

    `variance_ratio` is the variance over the mean of the count at a known rate, above 1: clusters
    arrive as a Poisson process and each has a logarithmic number of events. Raises EstimateError
    outside 1.001..100.
    Source: Klugman, Panjer and Willmot, Loss Models, 4th edition 2012, sections 6.3 and 7.1.
    """

    variance_ratio: float
    kind: ClassVar[str] = "clustered"

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "variance_ratio", between("variance_ratio", self.variance_ratio, 1.001, 100.0)
        )


@dataclass(frozen=True)
class Rounded:
    """Exactly as many threat events as the year's drawn frequency, rounded; each is a loss with the
    vulnerability.

    For reproducing tools that count so; Poisson says more honestly what a rate means.
    Source: the evaluator R package, R/openfair.R.
    """

    kind: ClassVar[str] = "rounded"


Frequency: TypeAlias = Distribution | ThreatFrequency
Magnitude: TypeAlias = Distribution | LossForms
Events: TypeAlias = Poisson | Clustered | Rounded


@dataclass(frozen=True)
class Estimate:
    """One risk: loss events per year and loss per event. Immutable and comparable by value.

    A range for the frequency says how unsure we are of the yearly rate; a range for the magnitude
    says how losses differ from event to event. `kept_frequency` and `kept_loss` map a control's
    name to the share (0 to 1, drawn once a year) of the frequency and of the year's loss that it
    leaves; controls.py fills them in.
    Raises EstimateError, whose field starts with "frequency" or "magnitude".
    """

    frequency: Frequency
    magnitude: Magnitude
    events: Events = field(default_factory=Poisson)
    kept_frequency: Mapping[str, Distribution] = field(default_factory=dict)
    kept_loss: Mapping[str, Distribution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("kept_frequency", "kept_loss"):
            within(name, _check_kept, getattr(self, name))
        if isinstance(self.frequency, Distribution):
            rate = self.frequency
            within("frequency", check_rate, rate, MOST_EVENTS)
        elif rate_factors(self.frequency).mean > MOST_EVENTS:
            raise EstimateError(
                "frequency", f"makes more than {MOST_EVENTS:,.0f} loss events a year"
            )
        if isinstance(self.magnitude, Point) and self.magnitude.value == 0:
            raise EstimateError("magnitude.value", "must be above zero")
        if isinstance(self.events, Rounded) and rate_factors(self.frequency).highest > 5000:
            raise EstimateError(
                "events", "can only be rounded where at most 5 000 threat events happen in a year"
            )


@dataclass(frozen=True)
class RateFactors:
    """A frequency as a product: uncertain factors times one known share."""

    uncertain: tuple[Distribution, ...]
    share: float = 1.0

    @property
    def mean(self) -> float:
        """Loss events a year expected: the factors are independent, so their means multiply."""
        return math.prod((part.mean for part in self.uncertain), start=self.share)

    @property
    def second_moment(self) -> float:
        """E[rate^2]: the product of the factors' second moments."""
        return math.prod((part.second_moment for part in self.uncertain), start=self.share**2)

    @property
    def variance(self) -> float:
        """How unsure the rate is."""
        return max(self.second_moment - self.mean**2, 0.0)

    @property
    def highest(self) -> float:
        """The highest number of threat events (or contacts) possible, before vulnerability."""
        return self.uncertain[0].support[1]


def rate_factors(frequency: Frequency) -> RateFactors:
    """Open FAIR's frequency tree as a product of factors, threat events first."""
    if isinstance(frequency, Distribution):
        return RateFactors((frequency,))
    threats = frequency.threat_events
    events = (
        (threats,)
        if isinstance(threats, Distribution)
        else (threats.contacts, threats.probability_of_action)
    )
    if isinstance(frequency.vulnerability, Contest):
        return RateFactors(events, frequency.vulnerability.probability)
    return RateFactors((*events, frequency.vulnerability))


def loss_rate(estimate: Estimate) -> RateFactors:
    """Loss event frequency with what the controls leave of it."""
    factors = rate_factors(estimate.frequency)
    return RateFactors((*factors.uncertain, *estimate.kept_frequency.values()), factors.share)


def check_rate(rate: Distribution, most: float) -> None:
    """Raises EstimateError where a rate is zero throughout or reaches above `most` a year."""
    if isinstance(rate, Point) and rate.value == 0:
        raise EstimateError("value", "must be above zero")
    top, name = _top(rate)
    if top > most:
        raise EstimateError(name, f"must be at most {most:,.0f} a year")


def _top(rate: Distribution) -> tuple[float, str]:
    if isinstance(rate, Interval90):
        return rate.high, "high"
    if isinstance(rate, Point):
        return rate.value, "value"
    highest = rate.support[1]
    return (rate.mean, "") if math.isinf(highest) else (highest, "high")


def check_probability(share: Distribution) -> None:
    """Raises EstimateError where a value above 1 is possible."""
    if isinstance(share, Interval90):
        raise EstimateError(
            "kind", "cannot be a lognormal range, which has values above 1; give min, likely, max"
        )
    if share.support[1] > 1:
        raise EstimateError("value" if isinstance(share, Point) else "high", "must be at most 1")


def _check_kept(kept: Mapping[str, Distribution]) -> None:
    if len(kept) > MOST_CONTROLS:
        raise EstimateError("", f"must be at most {MOST_CONTROLS} controls")
    for name, share in kept.items():
        within(name, check_probability, share)


def _checked_forms(forms: Mapping[str, Distribution]) -> dict[str, Distribution]:
    unknown = sorted(set(forms) - set(FORMS_OF_LOSS))
    if unknown:
        raise EstimateError(
            unknown[0], f"is no form of loss; these are: {', '.join(FORMS_OF_LOSS)}"
        )
    return {name: forms[name] for name in FORMS_OF_LOSS if name in forms}
