"""What the figures of an item say, ready for templates, which compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from apps.advice.comparison import OptionLoss
from apps.advice.item_page import ItemView, OptionView
from apps.common.ui.curve import Curve
from apps.common.ui.money import years_in
from apps.common.ui.scale import MoneyAxis, shared_axis
from apps.planning.models import Option

CURVES = 4  # more lines on one axis than that tell nobody anything
HALF = 0.5


@dataclass(frozen=True)
class OptionFigures:
    """One option's column. Money in the organisation's currency; None where nothing is known.

    less, more: how much on average than the baseline; neither while there is nothing to compare, or where
    they are alike (is_alike). is_loss_alone: a cost is not said, so that losses alone are compared.
    """

    view: OptionView
    low: Decimal | None = None  # one year in twenty stays below
    high: Decimal | None = None  # nineteen years in twenty stay below
    expected: Decimal | None = None
    probability: float = 0.0  # of at least one loss event in a year
    total: Decimal | None = None  # expected loss and the first year's cost
    less: Decimal | None = None
    more: Decimal | None = None
    is_compared: bool = False
    is_alike: bool = False
    is_loss_alone: bool = False
    against_baseline: str = ""  # in how many years

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
    covered: str  # the options that the worth of finding out is about, and those left out of it
    uncovered: str


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
        covered=_named(view.information.covers if view.information else ()),
        uncovered=_named(view.information.left_out if view.information else ()),
    )


def _named(options: Sequence[Option]) -> str:
    return get_text_list([_("“%(title)s”") % {"title": each.title} for each in options], _("and"))


def _figures(view: OptionView, *, comparable: bool) -> OptionFigures:
    loss = view.loss
    if loss is None:
        return OptionFigures(view)
    apart = (loss.difference or loss.loss_difference) if comparable else None
    difference = Decimal(apart or 0)
    differs = not loss.is_alike
    return OptionFigures(
        view,
        low=Decimal(loss.p5),
        high=Decimal(loss.p95),
        expected=Decimal(loss.expected_annual_loss),
        probability=loss.probability_of_loss,
        total=Decimal(loss.yearly_total) if loss.yearly_total else None,
        less=-difference if differs and difference < 0 else None,
        more=difference if differs and difference > 0 else None,
        is_compared=apart is not None,
        is_alike=apart is not None and loss.is_alike,
        is_loss_alone=apart is not None and loss.difference is None,
        against_baseline=_in_years(loss) if comparable else "",
    )


def _in_years(loss: OptionLoss) -> str:
    """In how many years an option costs less than the baseline, or more, cost included.

    A mean goes with the many years where they differ by little, or with the few where they differ by much;
    a number of years alone would read as the opposite of the mean in the second case.
    """
    less, more = loss.costs_less_than_baseline, loss.costs_more_than_baseline
    if less is None or more is None or loss.difference is None:
        return ""
    odds = {"less": years_in(less), "more": years_in(more)}
    if loss.is_alike:
        return _("It costs less in %(less)s.") % odds if less else ""
    if Decimal(loss.difference) < 0:
        if less >= HALF or not more:
            return _("It costs less in %(less)s.") % odds
        return _("Like an insurance: much less in %(less)s, a little more in others.") % odds
    if more >= HALF or not less:
        return _("It costs more in %(more)s.") % odds
    return _("It costs no more in most years, and much more in %(more)s.") % odds


def _importance(view: OptionView) -> tuple[bool, Decimal]:
    """What is marked comes first, then what costs least."""
    marked = view.is_chosen or view.is_recommended or view.option.is_baseline
    loss = Decimal(view.loss.expected_annual_loss if view.loss else 0)
    return (not marked, loss + (view.first_year_cost or 0))


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
