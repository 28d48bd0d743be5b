"""The register of risks, to look through."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.risk_list import (
    NOTHING_SAID,
    WORST,
    RiskFilter,
    risks_found,
    risks_page,
    risks_total,
)
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered
from apps.catalog.stages import Stage
from apps.common.addresses import address, whole_number
from apps.common.forms import FilterForm, with_any
from apps.risks.models import StatementState, Treatment

PAGE = 50
FURTHEST = 1000  # pages; behind that a filter leads
NAMES = ("q", "system", "stage", "state", "treatment", "carried", "evidence", "order")


class RiskFilterForm(FilterForm):
    q = forms.CharField(
        label=lazy("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": lazy("What a risk says")}),
    )
    system = forms.ChoiceField(label=lazy("System"), required=False)
    treatment = forms.ChoiceField(
        label=lazy("Treatment"),
        required=False,
        choices=with_any(
            [*Treatment.choices, (NOTHING_SAID, lazy("Nothing said"))], lazy("Any treatment")
        ),
    )
    evidence = forms.ChoiceField(
        label=lazy("Evidence"),
        required=False,
        choices=with_any([("open", lazy("Open findings bear on it"))], lazy("Any evidence")),
    )
    order = forms.ChoiceField(
        label=lazy("Order"),
        required=False,
        choices=[
            ("", lazy("The dearest first")),
            ("new", lazy("Published last first")),
            ("until", lazy("What ends soon first")),
        ],
    )
    stage = forms.ChoiceField(
        label=lazy("Stage"), required=False, choices=with_any(Stage.choices, lazy("Any stage"))
    )
    state = forms.ChoiceField(
        label=lazy("State"),
        required=False,
        choices=with_any(StatementState.choices, lazy("Any that counts or may")),
    )
    carried = forms.ChoiceField(
        label=lazy("Carried"),
        required=False,
        choices=with_any([("yes", lazy("Carried now"))], lazy("Carried or not")),
    )

    def __init__(self, *args: Any, systems: QuerySet[System]) -> None:
        super().__init__(*args)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> RiskFilter:
        return RiskFilter(
            text=self.given("q"),
            system=self.given("system"),
            stage=self.given("stage"),
            state=self.given("state"),
            treatment=self.given("treatment"),
            carried=bool(self.given("carried")),
            has_evidence=bool(self.given("evidence")),
            order=self.given("order"),
        )


@require_GET
def risk_list_page(request: PageRequest) -> HttpResponse:
    viewer, given, path = request.actor, request.GET, reverse("risk-list")
    form = RiskFilterForm(given, systems=systems_offered(viewer, given.get("system", "")))
    wanted = form.wanted()
    found = risks_found(viewer, wanted)
    page = min(whole_number(given.get("page")) or 1, FURTHEST)
    worst = WORST if wanted.has_evidence else 1
    rows, more = risks_page(viewer, found, (page - 1) * PAGE, PAGE, worst=worst)
    context = {
        "form": form,
        "rows": rows,
        "total": risks_total(found),
        "accepts": wanted.treatment == Treatment.ACCEPT,
        "mends": wanted.has_evidence,
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, given, NAMES, page=page + 1) if more else "",
        "previous_url": address(path, given, NAMES, page=page - 1) if page > 1 else "",
        "may_write": may(viewer, Permission.STATEMENT_EDIT),
    }
    return render(request, "advice/risk_list.html", context)
