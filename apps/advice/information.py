"""What it is worth to find out more before choosing among options."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.advice.comparison import described, quant_options, valued_options
from apps.common.kept import keep, kept, key_for
from apps.planning.models import Option
from apps.risks.models import RiskStatement
from apps.risks.quant import ENGINE
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.sensitivity import value_of_information
from apps.risks.services.valuations import SEED, money
from apps.risks.text import part_name

logger = logging.getLogger(__name__)

SHOWN = 5
LEAST = Decimal(1)  # a worth below this is none


@dataclass(frozen=True)
class Unknown:
    """One assumption of one risk, and what it would be worth to know it, money a year at most."""

    statement: RiskStatement
    name: str
    worth: Decimal


@dataclass(frozen=True)
class Information:
    """What better information is worth before choosing: an upper bound on what to spend on it.

    best: id of the option with the lowest expected cost; perfect: the worth of knowing everything,
    money a year; unknowns: the most worthwhile first, at most SHOWN. covers: the options that it is the choice
    among; left_out: those without a value or a cost. is_loss_alone: none says what it costs, so
    that losses alone are weighed. Source: docs/quant.md.
    """

    best: int
    perfect: Decimal
    unknowns: list[Unknown]
    covers: list[Option]
    left_out: list[Option]
    is_loss_alone: bool


def information_of(
    options: Sequence[Option], published: Sequence[RiskStatement]
) -> Information | None:
    """None where fewer than two options can be weighed, or their estimates cannot be compared.

    Those with a cost are weighed with it; an unknown one is not zero, so that the others are left out. Where
    no option says what it costs, losses alone are weighed.
    """
    valued, bearing = valued_options(options, published)
    costed = [each for each in valued if each.first_year_cost is not None]
    is_loss_alone = not costed
    valued = costed or valued
    if len(valued) < 2:  # a choice needs two
        return None
    key = key_for("information", ENGINE, described(valued, bearing))
    found: dict[str, Any] | None = kept(key)
    if found is None:
        found = _find(valued, bearing)
        keep(key, found)
    if not found:
        return None
    return Information(
        best=found["best"],
        perfect=Decimal(found["perfect"]),
        unknowns=_unknowns(found, {each.key: each for each in published}),
        covers=valued,
        left_out=[each for each in options if each not in valued],
        is_loss_alone=is_loss_alone,
    )


def _find(
    valued: Sequence[Option], bearing: Mapping[int, Sequence[RiskStatement]]
) -> dict[str, Any]:
    """Plain JSON, as the cache holds it."""
    try:
        told = value_of_information(quant_options(valued, bearing), seed=SEED)
    except EstimateError:
        logger.exception("the options of item %s cannot be compared", valued[0].item_id)
        return {}
    return {
        "best": int(told.best),
        "perfect": str(money(told.perfect)),
        "unknowns": [
            [each.risk, each.path, str(money(each.worth))] for each in told.assumptions[:SHOWN]
        ],
    }


def _unknowns(found: Mapping[str, Any], known: Mapping[str, RiskStatement]) -> list[Unknown]:
    return [
        Unknown(known[key], part_name(path), Decimal(worth))
        for key, path, worth in found["unknowns"]
        if Decimal(worth) >= LEAST and key in known
    ]
