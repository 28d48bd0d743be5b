"""All risks as one, against the organisation's tolerance line."""

import datetime as dt
from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from apps.accounts.actors import Actor
from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.portfolio import Scope, acceptances_due, over_time, portfolio
from apps.catalog.selectors import systems_offered
from apps.catalog.stages import Stage
from apps.common.addresses import address
from apps.common.entry.fields import ChanceField, MoneyField
from apps.common.errors import Invalid
from apps.common.forms import FilterForm, apply_domain_errors, with_any
from apps.common.ui.curve import Curve
from apps.common.ui.trend import Moment
from apps.risks.services.tolerance import Point, current_tolerance, tolerance_set

NARROWING = ("system", "stage")
NAMES = (*NARROWING, "together")
CORRELATIONS = [("0.2", lazy("A little together")), ("0.5", lazy("Much together"))]
POINTS = 3


class PortfolioForm(FilterForm):
    system = forms.ChoiceField(label=lazy("System"), required=False)
    stage = forms.ChoiceField(
        label=lazy("Stage"), required=False, choices=with_any(Stage.choices, lazy("Any stage"))
    )
    together = forms.ChoiceField(
        label=lazy("Bad years come"),
        required=False,
        choices=with_any(CORRELATIONS, lazy("Independently")),
    )

    def scope(self) -> Scope:
        return Scope(
            system=self.given("system"),
            stage=self.given("stage"),
            correlation=float(self.given("together") or 0),
        )


class ToleranceForm(forms.Form):
    """Up to three points; an empty row is none."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for number in range(POINTS):
            self.fields[f"loss_{number}"] = MoneyField(
                label=lazy("A year may cost more than"), required=False
            )
            self.fields[f"allowed_{number}"] = ChanceField(
                label=lazy("with a chance of at most"), required=False
            )

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"loss_{n}"], self[f"allowed_{n}"]) for n in range(POINTS)]

    def points(self) -> list[Point]:
        typed = self.cleaned_data
        rows = [(typed[f"loss_{n}"], typed[f"allowed_{n}"]) for n in range(POINTS)]
        return [Point(loss, float(share or 0)) for loss, share in rows if loss is not None]


@require_http_methods(["GET", "POST"])
def portfolio_page(request: PageRequest) -> HttpResponse:
    """The portfolio; a POST draws the tolerance line anew."""
    viewer, given = request.actor, request.GET
    form = PortfolioForm(given)
    named = [
        (system.key, system.name) for system in systems_offered(viewer, given.get("system", ""))
    ]
    form.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]
    drawn = current_tolerance()
    line = _line_form(request, drawn)
    if request.method == "POST" and line.is_valid():
        try:
            tolerance_set(actor=viewer, points=line.points())
        except Invalid as error:
            apply_domain_errors(line, error)
        else:
            messages.success(request, _("The line is drawn."))
            return redirect(address(reverse("portfolio"), given, NAMES))
    scope = form.scope()
    told = portfolio(viewer, scope, drawn)
    outcome = told.outcome if told else None
    curves = [Curve(_("A year costs more than"), outcome.curve)] if outcome else []
    if outcome and outcome.tolerance:
        points = [(float(each.point.loss), each.point.allowed) for each in outcome.tolerance]
        curves.append(Curve(_("Tolerated"), points))
    context = {
        "form": form,
        "told": told,
        "outcome": outcome,
        "here": address(reverse("portfolio"), given, NAMES),
        "curves": curves,
        "active": [
            (label, words, address(reverse("portfolio"), given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": reverse("portfolio"),
        "carried_url": address(reverse("risk-list"), given, NARROWING, carried="yes"),
        "poam_url": address(reverse("risk-poam"), given, NARROWING),
        "cyclonedx_url": address(reverse("risk-cyclonedx"), given, NARROWING),
        "days": _days(viewer, scope),
        "now": timezone.now(),
        "due": acceptances_due(viewer),
        "line_form": line,
        "may_draw": may(viewer, Permission.STATEMENT_EDIT),
    }
    return render(request, "advice/portfolio.html", context, status=422 if line.errors else 200)


def _days(viewer: Actor, scope: Scope) -> list[Moment]:
    """What was carried on each day, the oldest first; written down by system, so none of a stage alone."""
    zone = timezone.get_current_timezone()
    days = [] if scope.stage else reversed(over_time(viewer, scope))
    return [
        Moment(dt.datetime.combine(each.day, dt.time(), zone), each.expected_annual_loss)
        for each in days
    ]


def _line_form(request: PageRequest, drawn: Sequence[Point]) -> ToleranceForm:
    if request.method == "POST":
        require(request.actor, Permission.STATEMENT_EDIT)
        return ToleranceForm(request.POST)
    initial: dict[str, object] = {}
    for number, point in enumerate(drawn[:POINTS]):
        initial[f"loss_{number}"] = point.loss
        initial[f"allowed_{number}"] = f"{point.allowed * 100:g} %"
    return ToleranceForm(initial=initial)
