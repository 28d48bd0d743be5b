"""Estimates as plain JSON objects and back: what a database column, a form or an API request holds.

Every object names its `kind`; the other keys are the fields of the class of that kind. A key that
is missing, unknown or of the wrong type is refused with its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from apps.risks.quant.distributions import (
    Beta,
    Complement,
    Distribution,
    Gamma,
    Interval90,
    MeanOf,
    Pert,
    Point,
)
from apps.risks.quant.errors import EstimateError, within
from apps.risks.quant.estimate import (
    Clustered,
    Contact,
    Contest,
    Estimate,
    Events,
    LossForms,
    Poisson,
    Rounded,
    SecondaryLoss,
    ThreatFrequency,
)

Read = TypeVar("Read")
_KEPT = ("kept_frequency", "kept_loss")
Reader = Callable[[Any], Any]
MOST_ITEMS = 64


def estimate_to_dict(estimate: Estimate) -> dict[str, Any]:
    """The JSON object of an estimate; estimate_from_dict gives an equal estimate back."""
    plain = _plain(estimate)
    assert isinstance(plain, dict)  # noqa: S101 - an Estimate is no scalar; tells mypy so
    return plain


def estimate_from_dict(data: object) -> Estimate:
    """An estimate from its JSON object: keys `frequency`, `magnitude` and, if not Poisson,
    `events`.

    Raises EstimateError with the dotted path of what is wrong.
    """
    given = _object(data, {"frequency", "magnitude", "events", *_KEPT})
    return Estimate(
        frequency=_part(given, "frequency", _frequency),
        magnitude=_part(given, "magnitude", _magnitude),
        events=_part(given, "events", _events) if "events" in given else Poisson(),
        **{name: _part(given, name, _shares) for name in _KEPT if name in given},
    )


def distribution_to_dict(distribution: Distribution) -> dict[str, Any]:
    """The JSON object of one uncertain number; distribution_from_dict gives an equal one back."""
    plain = _plain(distribution)
    assert isinstance(plain, dict)  # noqa: S101 - as above
    return plain


def distribution_from_dict(data: object) -> Distribution:
    """One uncertain number from its JSON object; a bare number is a point. Raises EstimateError."""
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return Point(data)
    number: Distribution = _built(data, _DISTRIBUTIONS)
    return number


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    kind = getattr(value, "kind", None)
    plain: dict[str, object] = {"kind": kind} if kind else {}
    return plain | {item.name: _plain(getattr(value, item.name)) for item in fields(value)}


def _object(data: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise EstimateError("", "must be an object")
    unknown = sorted(str(name) for name in data if name not in known)
    if unknown:
        raise EstimateError(unknown[0], f"is not known here; known are: {', '.join(sorted(known))}")
    return data


def _part(given: Mapping[str, Any], name: str, read: Callable[[Any], Read]) -> Read:
    if name not in given:
        raise EstimateError(name, "is missing")
    return within(name, read, given[name])


def _built(data: object, classes: Mapping[str, type[Read]]) -> Read:
    """The object of the class that `kind` names, each field read by its own reader or taken as it
    is.
    """
    if not isinstance(data, Mapping):
        raise EstimateError("", "must be an object with a kind, or a number where one is enough")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in classes:
        raise EstimateError("kind", f"must be one of: {', '.join(sorted(classes))}")
    return _fields(data, classes[kind], extra={"kind"})


def _fields(data: object, chosen: type[Read], extra: set[str]) -> Read:
    declared = fields(chosen)  # type: ignore[arg-type]  # every class in the tables below is a dataclass
    given = _object(data, {item.name for item in declared} | extra)
    values = {}
    for item in declared:
        if item.name in given:
            values[item.name] = _part(given, item.name, _READERS.get((chosen, item.name), _same))
        elif item.default is MISSING and item.default_factory is MISSING:
            raise EstimateError(item.name, "is missing")
    return chosen(**values)


def _same(value: Any) -> Any:
    return value


def _frequency(data: object) -> Any:
    return (
        _built(data, {**_DISTRIBUTIONS, "threat": ThreatFrequency})
        if isinstance(data, Mapping)
        else distribution_from_dict(data)
    )


def _magnitude(data: object) -> Any:
    return (
        _built(data, {**_DISTRIBUTIONS, "forms": LossForms})
        if isinstance(data, Mapping)
        else distribution_from_dict(data)
    )


def _events(data: object) -> Events:
    classes: dict[str, type[Any]] = {"poisson": Poisson, "clustered": Clustered, "rounded": Rounded}
    chosen: Events = _built(data, classes)
    return chosen


def _threat_events(data: object) -> Any:
    return (
        _built(data, {**_DISTRIBUTIONS, "contact": Contact})
        if isinstance(data, Mapping)
        else distribution_from_dict(data)
    )


def _vulnerability(data: object) -> Any:
    return (
        _built(data, {**_DISTRIBUTIONS, "contest": Contest})
        if isinstance(data, Mapping)
        else distribution_from_dict(data)
    )


def _forms(data: object) -> dict[str, Distribution]:
    return _named(data, "must be an object: a range for each form of loss")


def _shares(data: object) -> dict[str, Distribution]:
    return _named(data, "must be an object: a share for each control")


def _named(data: object, otherwise: str) -> dict[str, Distribution]:
    if not isinstance(data, Mapping) or len(data) > MOST_ITEMS:
        raise EstimateError("", otherwise)
    return {
        str(name): within(str(name), distribution_from_dict, item) for name, item in data.items()
    }


def _list(read: Callable[[Any], Read]) -> Callable[[Any], tuple[Read, ...]]:
    def items(data: object) -> tuple[Read, ...]:
        if not isinstance(data, (list, tuple)) or len(data) > MOST_ITEMS:
            raise EstimateError("", f"must be a list of at most {MOST_ITEMS}")
        return tuple(within(str(number), read, item) for number, item in enumerate(data))

    return items


def _secondary(data: object) -> SecondaryLoss:
    return _fields(data, SecondaryLoss, extra=set())


def _shallow(data: object) -> Distribution:
    """A part that has no parts itself: nesting has a bound."""
    if isinstance(data, Mapping) and data.get("kind") in ("mean_of", "complement"):
        raise EstimateError("kind", "cannot be made of parts here")
    return distribution_from_dict(data)


_DISTRIBUTIONS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (Point, Interval90, Pert, Beta, Gamma, MeanOf, Complement)
}
_READERS: dict[tuple[type[Any], str], Reader] = {
    (MeanOf, "parts"): _list(_shallow),
    (Complement, "part"): _shallow,
    (Contact, "contacts"): distribution_from_dict,
    (Contact, "probability_of_action"): distribution_from_dict,
    (Contest, "threat_capability"): distribution_from_dict,
    (Contest, "resistance_strength"): distribution_from_dict,
    (ThreatFrequency, "threat_events"): _threat_events,
    (ThreatFrequency, "vulnerability"): _vulnerability,
    (LossForms, "primary"): _forms,
    (LossForms, "secondary"): _list(_secondary),
    (SecondaryLoss, "probability"): distribution_from_dict,
    (SecondaryLoss, "forms"): _forms,
}
