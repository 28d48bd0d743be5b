"""What the figures of an item say, ready for templates, which compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.advice.item_page import ItemView, OptionView
from apps.common.ui.curve import Curve
from apps.common.ui.scale import MoneyAxis, shared_axis

CURVES = 4  # more lines on one axis than that tell nobody anything


@dataclass(frozen=True)
class OptionFigures:
    """One option's column. Money in the organisation's currency; None where nothing is known."""

    view: OptionView
    low: Decimal | None = None  # one year in twenty stays below
    high: Decimal | None = None  # nineteen years in twenty stay below
    expected: Decimal | None = None
    probability: float = 0.0  # of at least one loss event in a year
    total: Decimal | None = None  # expected loss and the first year's cost
    less: Decimal | None = None  # how much less it costs than the baseline on average
    more: Decimal | None = None
    against_baseline: str = ""

    @property
    def anchor(self) -> str:
        """Where it stands on the page: its key, as questions about it name it."""
        return f"O-{self.view.option.pk}"

    @property
    def is_rare(self) -> bool:
        """Nineteen years in twenty cost nothing: a range of 0 to 0 would hide what the rest costs."""
        return self.high == 0


@dataclass(frozen=True)
class ItemFigures:
    options: list[OptionFigures]
    axis: MoneyAxis
    curves: list[Curve]
    left_out: int  # valued options that are not among the curves
    baseline_unknown: bool  # others have a value and the baseline has none: nothing to compare with


def item_figures(view: ItemView) -> ItemFigures:
    valued = [each for each in view.options if each.loss]
    baseline = next((each for each in view.options if each.option.is_baseline), None)
    comparable = bool(baseline and baseline.loss)
    figures = [_figures(each, comparable=comparable) for each in view.options]
    drawn = sorted(valued, key=_importance)[:CURVES]
    return ItemFigures(
        options=figures,
        axis=shared_axis(_amounts(figures)),
        curves=[_curve(each) for each in valued if each in drawn],
        left_out=len(valued) - len(drawn),
        baseline_unknown=bool(valued) and not comparable,
    )


def _figures(view: OptionView, *, comparable: bool) -> OptionFigures:
    loss = view.loss
    if loss is None:
        return OptionFigures(view)
    difference = Decimal(loss.difference) if comparable and loss.difference else Decimal(0)
    share = loss.costs_less_than_baseline if comparable else None
    return OptionFigures(
        view,
        low=Decimal(loss.p5),
        high=Decimal(loss.p95),
        expected=Decimal(loss.expected_annual_loss),
        probability=loss.probability_of_loss,
        total=Decimal(loss.yearly_total),
        less=-difference if difference < 0 else None,
        more=difference if difference > 0 else None,
        against_baseline="" if share is None else _in_years(share),
    )


def _in_years(share: float) -> str:
    """P(costs less than the baseline in a year), cost included, as years in ten."""
    if share >= 0.95:
        return _("Costs less than the baseline in nearly every year")
    if share < 0.05:
        return _("Costs less than the baseline in hardly any year")
    years = max(1, round(share * 10))
    return ngettext(
        "Costs less than the baseline in %(count)d of 10 years",
        "Costs less than the baseline in %(count)d of 10 years",
        years,
    ) % {"count": years}


def _importance(view: OptionView) -> tuple[bool, Decimal]:
    """What is marked comes first, then what costs least."""
    marked = view.is_chosen or view.is_recommended or view.option.is_baseline
    return (not marked, Decimal(view.loss.yearly_total if view.loss else 0))


def _curve(view: OptionView) -> Curve:
    points = view.loss.curve if view.loss else []
    return Curve(view.option.title, [(loss, chance) for loss, chance in points])


def _amounts(figures: Sequence[OptionFigures]) -> list[Decimal]:
    return [
        amount
        for each in figures
        for amount in (each.low, each.expected, each.high)
        if amount is not None
    ]
