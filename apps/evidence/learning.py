"""What a piece of evidence makes of an estimate. Pure: from data and estimate to another estimate.

Source: docs/quant.md, "Evidence"; the statistics are the engine's (apps/risks/quant/evidence.py).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.common.errors import Invalid
from apps.evidence.models import UpdateKind
from apps.risks.quant import (
    Clustered,
    Distribution,
    Estimate,
    EstimateError,
    Interval90,
    ThreatFrequency,
    annual_loss,
    distribution_to_dict,
    estimate_to_dict,
    update_frequency,
    update_vulnerability,
)


@dataclass(frozen=True)
class Learnt:
    """prior, posterior: the part of the estimate that moves, as plain JSON. Losses: money a year."""

    estimate: Estimate
    prior: dict[str, Any]
    posterior: dict[str, Any]
    sentence: str
    is_surprising: bool
    loss_before: float
    loss_after: float


def learn(estimate: Estimate, kind: str, data: Mapping[str, Any]) -> Learnt:
    """Raises: Invalid, naming the field of the data, or `kind` where the estimate has no such part."""
    try:
        return _LEARN[UpdateKind(kind)](estimate, data)
    except EstimateError as error:
        field = error.field if error.field in data else "kind"
        reason = f"The {error.field} {error.reason}" if field == "kind" else error.reason
        raise Invalid({field: f"{reason[:1].upper()}{reason[1:]}."}) from error


def _events(estimate: Estimate, data: Mapping[str, Any]) -> Learnt:
    prior = estimate.frequency
    if not isinstance(prior, Distribution):
        raise Invalid(
            {
                "kind": "The frequency is taken apart into threat events and vulnerability: counted "
                "loss events cannot say which of them was wrong. Count tests, or edit the estimate."
            }
        )
    update = update_frequency(
        prior,
        events=data["events"],
        years=data["years"],
        relevance=data["relevance"],
        left=_left(estimate),
    )
    after = replace(estimate, frequency=update.posterior)
    return _learnt(estimate, after, update.to_dict())


def _tests(estimate: Estimate, data: Mapping[str, Any]) -> Learnt:
    frequency = estimate.frequency
    if not isinstance(frequency, ThreatFrequency) or not isinstance(
        frequency.vulnerability, Distribution
    ):
        raise Invalid(
            {
                "kind": "The estimate has no vulnerability of its own that tests could speak of: take "
                "it apart as Open FAIR first."
            }
        )
    update = update_vulnerability(
        frequency.vulnerability,
        successes=data["successes"],
        attempts=data["attempts"],
        relevance=data["relevance"],
        left=_left(estimate),
    )
    after = replace(estimate, frequency=replace(frequency, vulnerability=update.posterior))
    return _learnt(estimate, after, update.to_dict())


def _left(estimate: Estimate) -> float:
    """What controls in place leave of the frequency: the world was watched, and tested, with them."""
    return math.prod(share.mean for share in estimate.kept_frequency.values())


def _signals(estimate: Estimate, data: Mapping[str, Any]) -> Learnt:
    """The factor of today's signals in place of the one that was applied before."""
    factor = float(data["factor"]) / float(data.get("applied", 1.0))
    frequency = estimate.frequency
    if isinstance(frequency, Distribution):
        before: Distribution = frequency
        after = replace(estimate, frequency=before.scaled(factor))
    elif isinstance(frequency.threat_events, Distribution):
        before = frequency.threat_events
        scaled = replace(frequency, threat_events=before.scaled(factor))
        after = replace(estimate, frequency=scaled)
    else:
        before = frequency.threat_events.contacts
        contact = replace(frequency.threat_events, contacts=before.scaled(factor))
        after = replace(estimate, frequency=replace(frequency, threat_events=contact))
    told = {
        "prior": distribution_to_dict(before),
        "posterior": distribution_to_dict(before.scaled(factor)),
        "sentence": " ".join(data["reasons"]) or "The signals of before no longer hold.",
        "surprising": False,
    }
    return _learnt(estimate, after, told)


def _learnt(before: Estimate, after: Estimate, told: Mapping[str, Any]) -> Learnt:
    return Learnt(
        estimate=after,
        prior=told["prior"],
        posterior=told["posterior"],
        sentence=told["sentence"],
        is_surprising=told["surprising"],
        loss_before=annual_loss(before).mean,
        loss_after=annual_loss(after).mean,
    )


_LEARN = {UpdateKind.EVENTS: _events, UpdateKind.TESTS: _tests, UpdateKind.SIGNALS: _signals}


def entered(estimate: Estimate) -> dict[str, Any]:
    """An estimate as a statement holds it: two ranges where it is that, else taken apart.

    {"ends": {...}, "estimate": {...}}; numbers as exact text (risks/services/estimates.py).
    """
    spec = estimate_to_dict(estimate)
    detail: dict[str, Any] = {}
    if isinstance(estimate.events, Clustered):
        detail["variance_ratio"] = repr(estimate.events.variance_ratio)
    frequency, magnitude = estimate.frequency, estimate.magnitude
    if isinstance(frequency, Interval90) and isinstance(magnitude, Interval90):
        ends = {
            "frequency_low": repr(frequency.low),
            "frequency_high": repr(frequency.high),
            "magnitude_low": repr(magnitude.low),
            "magnitude_high": repr(magnitude.high),
        }
        return {"ends": ends, "estimate": {"kind": "ranges", **detail} if detail else {}}
    parts = {name: spec[name] for name in ("frequency", "magnitude")}
    return {"ends": {}, "estimate": {"kind": "fair", **parts, **detail}}
