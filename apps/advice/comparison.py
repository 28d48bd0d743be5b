"""Options side by side, on the same simulated years, so that only the options differ."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.common.kept import keep, kept, key_for
from apps.common.ui.money import two_digits
from apps.planning.models import Option
from apps.risks.models import RiskStatement
from apps.risks.quant import ENGINE, Estimate
from apps.risks.quant.compare import Comparison, Difference, OptionValue, compare
from apps.risks.quant.compare import Option as QuantOption
from apps.risks.quant.distributions import Point
from apps.risks.quant.errors import EstimateError
from apps.risks.services.estimates import estimate_of
from apps.risks.services.valuations import SEED, TRIALS, money, years_for

logger = logging.getLogger(__name__)
NOISE = 2  # standard errors


@dataclass(frozen=True)
class OptionLoss:
    """What an option may cost in a year. Money in the organisation's currency, as text of a Decimal.

    What has cost in it is None where a cost in it is not said: unknown is not zero. What compares with the
    baseline is None for the baseline.
    """

    expected_annual_loss: str
    probability_of_loss: float  # of at least one loss event in a year
    median: str
    p5: str
    p95: str  # nineteen years in twenty stay below
    curve: list[list[float]]  # [loss, probability of exceeding it in a year]
    yearly_total: str | None  # expected loss and the first year's cost together
    costs_less_than_baseline: float | None  # probability for one year
    costs_more_than_baseline: float | None  # the same; what is left of 1 costs the same
    difference: str | None  # of the yearly total to the baseline's
    loss_difference: str | None  # of the expected loss to the baseline's, without any cost
    is_alike: bool  # the difference, else that of the loss, is no more than noise, or unseen in two digits
    cheapest: float | None  # share of the simulated years in which no other option costs less


def compare_options(
    options: Sequence[Option], published: Sequence[RiskStatement]
) -> dict[int, OptionLoss]:
    """{option id: loss} over its own published statements and those on the item as a whole.

    An option that nothing was said about is left out: unknown is not zero.
    """
    valued, bearing = valued_options(options, published)
    if not valued:
        return {}
    key = key_for("compared", ENGINE, TRIALS, described(valued, bearing))
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
    """The options as the engine takes them, by id; a cost that is not said is left out."""
    return {
        str(option.pk): QuantOption(
            risks={each.key: _estimate(each) for each in bearing[option.pk]},
            cost=Point(float(option.first_year_cost or 0)),
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
    costed = {str(each.pk) for each in valued if each.first_year_cost is not None}
    return {pk: asdict(loss) for pk, loss in _losses(result, costed).items()}


def _estimate(statement: RiskStatement) -> Estimate:
    published = statement.published
    assert published is not None  # noqa: S101  # callers pass published ones
    return estimate_of(published)


def _losses(result: Comparison, costed: Collection[str]) -> dict[str, OptionLoss]:
    """costed: the names of the options whose cost is said."""
    baseline, *_others = result.options
    differences = {each.a: each for each in result.differences}
    is_complete = len(costed) == len(result.options)
    losses = {}
    for option in result.options:
        loss, apart = option.loss, differences.get(option.name)
        whole = apart if option.name in costed and baseline.name in costed else None
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
            yearly_total=str(money(option.total)) if option.name in costed else None,
            costs_less_than_baseline=whole.a_costs_less if whole else None,
            costs_more_than_baseline=whole.b_costs_less if whole else None,
            difference=str(money(whole.mean)) if whole else None,
            loss_difference=str(money(_loss(option) - _loss(baseline))) if apart else None,
            is_alike=apart is not None and _is_alike(option, baseline, whole),
            cheapest=result.cheapest[option.name] if is_complete else None,
        )
    return losses


def _loss(option: OptionValue) -> float:
    return option.loss.expected_annual_loss


def _is_alike(option: OptionValue, baseline: OptionValue, whole: Difference | None) -> bool:
    """Whether nobody should read a difference into the two: neither would show in two digits, or the simulated
    years would not show it, 19 times in 20."""
    if whole is None:
        return two_digits(money(_loss(option))) == two_digits(money(_loss(baseline)))
    is_noise = abs(whole.mean) < NOISE * whole.standard_error
    return is_noise or two_digits(money(option.total)) == two_digits(money(baseline.total))
