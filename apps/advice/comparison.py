"""Options side by side, on the same simulated years, so that only the options differ."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from apps.common.kept import keep, kept, key_for
from apps.planning.models import Option
from apps.risks.models import RiskStatement
from apps.risks.quant import ENGINE, Estimate
from apps.risks.quant.compare import Comparison, compare
from apps.risks.quant.compare import Option as QuantOption
from apps.risks.quant.distributions import Point
from apps.risks.quant.errors import EstimateError
from apps.risks.services.estimates import estimate_of
from apps.risks.services.valuations import SEED, TRIALS, money, years_for

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OptionLoss:
    """What an option may cost in a year. Money in the organisation's currency, as text of a Decimal."""

    expected_annual_loss: str
    probability_of_loss: float  # of at least one loss event in a year
    median: str
    p5: str
    p95: str  # nineteen years in twenty stay below
    curve: list[list[float]]  # [loss, probability of exceeding it in a year]
    yearly_total: str  # expected loss and the first year's cost together
    costs_less_than_baseline: float | None  # probability for one year; None for the baseline
    difference: str | None  # of the yearly total to the baseline's
    cheapest: float  # share of the simulated years in which no other option costs less


def compare_options(
    options: Sequence[Option], published: Sequence[RiskStatement]
) -> dict[int, OptionLoss]:
    """{option id: loss} over its own published statements and those on the item as a whole.

    An option that nothing was said about is left out: unknown is not zero.
    """
    valued, bearing = valued_options(options, published)
    if not valued:
        return {}
    key = key_for("compare", ENGINE, TRIALS, described(valued, bearing))
    found: dict[str, dict[str, Any]] | None = kept(key)
    if found is None:
        found = _compare(valued, bearing)
        keep(key, found)
    return {int(pk): OptionLoss(**loss) for pk, loss in found.items()}


def valued_options(
    options: Sequence[Option], published: Sequence[RiskStatement]
) -> tuple[list[Option], dict[int, list[RiskStatement]]]:
    """The options that something was said about, the baseline first (else the first one), and what
    bears on each: its own statements and those on the item as a whole."""
    shared = [each for each in published if each.option_id is None]
    bearing = {
        option.pk: shared + [each for each in published if each.option_id == option.pk]
        for option in options
    }
    valued = [option for option in options if bearing[option.pk]]
    return sorted(valued, key=lambda option: not option.is_baseline), bearing


def described(
    valued: Sequence[Option], bearing: Mapping[int, Sequence[RiskStatement]]
) -> list[list[Any]]:
    """All that a comparison is made from, as plain JSON."""
    return [_describe(option, bearing[option.pk]) for option in valued]


def quant_options(
    valued: Sequence[Option], bearing: Mapping[int, Sequence[RiskStatement]]
) -> dict[str, QuantOption]:
    """The options as the engine takes them, by id."""
    return {
        str(option.pk): QuantOption(
            risks={each.key: _estimate(each) for each in bearing[option.pk]},
            cost=Point(float((option.cost_once or 0) + (option.cost_yearly or Decimal(0)))),
        )
        for option in valued
    }


def _describe(option: Option, statements: Sequence[RiskStatement]) -> list[Any]:
    risks = [[each.pk, each.published.valuation.inputs] for each in statements if each.published]
    return [option.pk, str(option.cost_once), str(option.cost_yearly), option.is_baseline, risks]


def _compare(
    valued: Sequence[Option], bearing: dict[int, list[RiskStatement]]
) -> dict[str, dict[str, Any]]:
    try:
        options = quant_options(valued, bearing)
        risks = [risk for option in options.values() for risk in option.risks.values()]
        result = compare(options, seed=SEED, trials=years_for(risks))
    except EstimateError:
        logger.exception("the options of item %s cannot be compared", valued[0].item_id)
        return {}
    return {pk: asdict(loss) for pk, loss in _losses(result).items()}


def _estimate(statement: RiskStatement) -> Estimate:
    published = statement.published
    assert published is not None  # noqa: S101  # callers pass published ones
    return estimate_of(published)


def _losses(result: Comparison) -> dict[str, OptionLoss]:
    differences = {each.a: each for each in result.differences}
    losses = {}
    for option in result.options:
        loss, difference = option.loss, differences.get(option.name)
        losses[option.name] = OptionLoss(
            expected_annual_loss=str(money(loss.expected_annual_loss)),
            probability_of_loss=loss.probability_of_loss,
            median=str(money(loss.percentiles["p50"])),
            p5=str(money(loss.percentiles["p5"])),
            p95=str(money(loss.percentiles["p95"])),
            curve=[
                [round(threshold, 2), chance]
                for threshold, chance in zip(
                    loss.curve_thresholds, loss.curve_probabilities, strict=True
                )
            ],
            yearly_total=str(money(option.total)),
            costs_less_than_baseline=difference.a_costs_less if difference else None,
            difference=str(money(difference.mean)) if difference else None,
            cheapest=result.cheapest[option.name],
        )
    return losses
