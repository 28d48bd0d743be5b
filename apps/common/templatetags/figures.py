"""Money and figures. `{% load figures %}`. Geometry is computed in apps/common/ui and is in SVG
attributes; every figure has a text alternative, and a table where it shows a series.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.templatetags.blocks import kept, render_component, small_component
from apps.common.ui import loop as loop_geometry
from apps.common.ui.curve import Curve, plot
from apps.common.ui.money import (
    amount_full,
    amount_short,
    amount_told,
    percent_said,
    range_short,
    range_told,
    years_in,
)
from apps.common.ui.scale import MoneyAxis, percent, shared_axis
from apps.common.ui.stages import StageLook, stage_look
from apps.common.ui.trend import Moment, plot_trend

register = template.Library()
LEAST_SHARE, TENTH = 0.001, 0.1
Amount = Decimal | int
Text = str | Promise
Values = dict[str, object]
_LEVELS = (1, 0.75, 0.5, 0.25, 0)


@register.filter
def share(value: float | None) -> str:
    """A probability or part, 0 to 1, as percent: three digits at most, never rounded to nothing."""
    if value is None:
        return ""
    if 0 < value < LEAST_SHARE:
        return f"< {percent_said(LEAST_SHARE, 1)}"
    return percent_said(value, 1 if value < TENTH else 0)


@register.simple_tag
@kept
def money(
    amount: Amount | None, currency: str, *, full: bool = False, typed: bool = False
) -> SafeString:
    """An amount with its currency: EUR 1.2M, with every digit on pointing at it; a dash for None.

    In two digits, as an estimate deserves. typed: people wrote the amount, which keeps a third digit.
    full: writes every digit out.
    """
    if amount is None:
        return format_html('<span class="faint" title="{}">\u2013</span>', _("Not estimated"))
    every = amount_full(amount)
    said = every if full else (amount_short if typed else amount_told)(amount)
    return format_html(
        '<span class="money" title="{currency} {every}"><span class="currency">{currency}</span>&nbsp;{said}</span>',
        currency=currency,
        every=every,
        said=said,
    )


@register.simple_tag
@kept
def money_range(
    low: Amount,
    high: Amount,
    currency: str,
    *,
    under: Amount | None = None,
    words: Text = "",
    big: bool = False,
    typed: bool = False,
) -> SafeString:
    """A range, "EUR 20k - 1.2M". under: adds "9 years in 10 under ..."; words: another line. typed: as for money."""
    values = {
        "range": (range_short if typed else range_told)(low, high),
        "title_low": amount_full(low),
        "title_high": amount_full(high),
        "currency": currency,
        "under": "" if under is None else amount_told(under),
        "words": words,
        "big": big,
    }
    return small_component("money_range", values)


@register.simple_tag
def money_axis(amounts: Iterable[Amount]) -> MoneyAxis:
    """One axis for several range bars: {% money_axis amounts as axis %}."""
    return shared_axis(amounts)


@register.inclusion_tag("components/range_bar.html")
def range_bar(
    low: Amount,
    high: Amount,
    currency: str,
    *,
    point: Amount | None = None,
    axis: MoneyAxis | None = None,
    tone: str = "accent",
) -> Values:
    """A range on a log axis, with a point where given. axis: shared with the bars beside it."""
    axis = axis or shared_axis([low, high])
    start, end = axis.fraction(low), axis.fraction(high)
    return {
        "start": percent(start),
        "end": percent(end),
        "width": percent(max(end - start, 0.004)),
        "point": None if point is None else axis.percent(point),
        "ticks": axis.ticks(),
        "low": amount_told(low),
        "high": amount_told(high),
        "middle": "" if point is None else amount_told(point),
        "currency": currency,
        "tone": tone,
    }


@register.inclusion_tag("components/range_axis.html")
def range_axis(axis: MoneyAxis, currency: str) -> Values:
    """The scale under range bars."""
    return {"ticks": axis.ticks(), "currency": currency}


@register.simple_tag
@kept
def meter(
    value: float, maximum: float, label: Text, *, tone: str = "accent", text: Text = ""
) -> SafeString:
    """A share as a bar. label: what is measured. text: shown below, e.g. "6 of 8"."""
    share = 0.0 if maximum <= 0 else min(1.0, max(0.0, value / maximum))
    return small_component(
        "meter", {"width": percent(share), "label": label, "text": text, "tone": tone}
    )


@register.inclusion_tag("components/exceedance_curve.html")
def exceedance_curve(
    curves: Sequence[Curve], currency: str, title: Text, mark: Amount | None = None
) -> Values:
    """Loss exceedance: how likely a year is to cost more than an amount, for each option.

    curves: apps.common.ui.curve.Curve, at most four. title: says what is shown. mark: an amount to
    draw a line at. The points are in the table behind the figure.
    """
    drawn = plot(curves)
    return {
        "plot": drawn,
        "title": title,
        "currency": currency,
        "ticks": drawn.axis.ticks(),
        "levels": [
            (f"{10 + (1 - share) * 200:.0f}", share * 100) for share in (1, 0.75, 0.5, 0.25, 0)
        ],
        "mark": None if mark is None else (drawn.axis.percent(mark), amount_told(mark)),
        "rows": [
            (amount_told(int(loss)), [(share * 100, years_in(share)) for share in shares])
            for loss, shares in drawn.rows
        ],
    }


@register.inclusion_tag("components/trend.html")
def trend(moments: Sequence[Moment], currency: str, title: Text, until: dt.datetime) -> Values:
    """What something was worth over time, in steps, to `until`.

    moments: apps.common.ui.trend.Moment in the order of time; the table behind the figure has them the
    newest first. title: says what is shown.
    """
    drawn = plot_trend(moments, until)
    return {
        "plot": drawn,
        "title": title,
        "currency": currency,
        "levels": [
            (f"{14 + (1 - share) * 110:.0f}", f"{currency} {amount_short(int(amount))}")
            for share, amount in drawn.levels
        ],
        "rows": moments[::-1],
        "has_words": any(each.words for each in moments),
    }


@dataclass(frozen=True)
class LoopStage:
    """What the loop shows of one stage.

    coverage: 0 to 1, the share of systems (or of expected sources) with fresh evidence.
    freshness: words for the age of the newest evidence; empty where there is none.
    """

    slug: str
    url: str
    coverage: float
    freshness: Text
    value: Amount | None
    open_findings: int = 0
    look: StageLook = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "look", stage_look(self.slug))

    @property
    def coverage_percent(self) -> int:
        return round(self.coverage * 100)


@register.simple_tag(takes_context=True)
def devops_loop(
    context: template.Context,
    stages: Sequence[LoopStage],
    currency: str,
    *,
    left: tuple[Text, Text] = ("", ""),
    right: tuple[Text, Text] = ("", ""),
) -> SafeString:
    """The eight stages as a loop, each a link. left, right: (figure, its name) in the two lobes."""
    by_slug = {stage.slug: stage for stage in stages}
    parts = [
        _loop_part(index, segment, by_slug[segment.stage])
        for index, segment in enumerate(loop_geometry.segments())
    ]
    values = {
        "spine": loop_geometry.spine(),
        "parts": parts,
        "currency": currency,
        "left": left,
        "right": right,
        "width": f"{loop_geometry.WIDTH:.0f}",
        "height": f"{loop_geometry.HEIGHT:.0f}",
    }
    return render_component(context, "devops_loop", values)


def _loop_part(index: int, segment: loop_geometry.Segment, stage: LoopStage) -> Values:
    """A segment and how much of it is drawn solid: an SVG dash as long as what is covered."""
    return {
        "segment": segment,
        "stage": stage,
        "covered": f"{segment.length * stage.coverage:.1f} {segment.length + 1:.1f}",
        "arrow": loop_geometry.arrow(index),
    }
