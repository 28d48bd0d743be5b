"""Filtering the register of incidents, and writing an entry."""

import re
from typing import Any

from django import forms
from django.db.models import Case, QuerySet, When
from django.urls import reverse_lazy
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.common.entry.fields import MoneyField
from apps.common.forms import FilterForm, with_any
from apps.evidence.incidents import IncidentFilter
from apps.evidence.models import Incident, IncidentKind
from apps.evidence.services.incidents import MOST_TIMES, IncidentInput
from apps.risks.models import RiskStatement, StatementState
from apps.risks.selectors import statements_visible

OFFERED = 100  # risks of a system
_KEY = re.compile(r"(?:RS-)?([0-9]{1,18})", re.IGNORECASE)


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class IncidentFilterForm(FilterForm):
    system = forms.ChoiceField(label=_("System"), required=False)
    statement = forms.CharField(
        label=_("Risk"),
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"placeholder": "RS-7", "size": 8}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=with_any(IncidentKind.choices, _("Any kind"))
    )
    since = _day(label=pgettext_lazy("date", "From"), required=False)
    until = _day(label=_("Until"), required=False)

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def clean_statement(self) -> str:
        """Something else than a key asks for nothing, as every filter that cannot be."""
        found = _KEY.fullmatch(self.cleaned_data["statement"].strip())
        return found[1] if found and found[1].isascii() else ""

    def wanted(self) -> IncidentFilter:
        statement = self.given("statement")
        return IncidentFilter(
            system=self.given("system"),
            statement=int(statement) if statement else None,
            kind=self.given("kind"),
            since=self.given("since") or None,
            until=self.given("until") or None,
        )


class IncidentForm(forms.Form):
    """An entry of the register: a new one, or what takes the place of `row`."""

    system = forms.ModelChoiceField(
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a system"),
        widget=forms.Select(
            attrs={
                "hx-get": reverse_lazy("incident-create"),
                "hx-trigger": "change",
                "hx-target": "#risks",
                "hx-select": "#risks",
                "hx-swap": "outerHTML",
            }
        ),
    )
    kind = forms.ChoiceField(
        label=_("What was it?"),
        choices=[
            (IncidentKind.INCIDENT, _("An incident: the loss event came true")),
            (IncidentKind.NEAR_MISS, _("A near miss: it almost did")),
            (IncidentKind.QUIET, _("Nothing: a time was watched and stayed quiet")),
        ],
        widget=forms.RadioSelect,
    )
    summary = forms.CharField(
        label=_("What happened"),
        max_length=300,
        help_text=_("One sentence, such as: Invoices of 40 customers were public for two days."),
    )
    began_on = _day(label=_("On, or from"))
    ended_on = _day(label=_("Until"), required=False)
    loss = MoneyField(
        label=_("What it cost altogether"),
        required=False,
        free=True,
        help_text=_("As you say it: 40k, 1.2 M. Empty while nobody knows."),
    )
    times = forms.IntegerField(
        label=_("How often"),
        required=False,
        min_value=0,
        max_value=MOST_TIMES,
        help_text=_("Once, if you say nothing."),
    )
    statements = forms.MultipleChoiceField(
        label=_("Risks that it is an event of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "None of them? Leave it empty: nobody had foreseen it, which is worth knowing."
        ),
    )
    detail = forms.CharField(
        label=_("More about it"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Causes, what was done, a link to the review. Markdown."),
    )
    reason = forms.CharField(label=_("Why it is corrected"), max_length=500)

    def __init__(
        self,
        *args: Any,
        viewer: Actor,
        systems: QuerySet[System],
        row: Incident | None = None,
        **kwargs: Any,
    ) -> None:
        if row is not None:
            kwargs["initial"] = _initial(row)
        super().__init__(*args, **kwargs)
        if row is None:
            del self.fields["reason"]
            self.fields["system"].queryset = systems  # type: ignore[attr-defined]
            self.of = self._system(systems)
            if self.of is not None:
                self.initial["system"] = self.of.key
        else:
            del self.fields["system"]
            self.of = row.system
        self._rows = _offered(viewer, self.of, self._named())
        offered: Any = self.fields["statements"]
        offered.choices = [(str(each.pk), _words(each)) for each in self._rows]

    def _system(self, systems: QuerySet[System]) -> System | None:
        """The one that was chosen, or the only one that there is."""
        key = self.data.get("system") if self.is_bound else self.initial.get("system")
        if key:
            return systems.filter(key=str(key)).first()
        several = list(systems[:2])
        return several[0] if len(several) == 1 else None

    def _named(self) -> list[str]:
        """Risks that stand in the form whatever is offered besides."""
        data: Any = self.data
        given = data.getlist("statements") if self.is_bound else self.initial.get("statements", [])
        return [each for each in given if str(each).isascii() and str(each).isdigit()][:OFFERED]

    def content(self) -> IncidentInput:
        """Only on a valid form."""
        said = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {"system", "reason", "statements"}
        }
        chosen = set(self.cleaned_data["statements"])
        statements = [each for each in self._rows if str(each.pk) in chosen]
        return IncidentInput(**said, statements=statements)


def _offered(viewer: Actor, system: System | None, named: list[str]) -> list[RiskStatement]:
    """What was published of a system, what counts now first; with those that are named already."""
    if system is None:
        return []
    rows = statements_visible(viewer).filter(system=system)
    numbers = [int(each) for each in named if len(each) <= 18]  # fits a bigint
    is_past = Case(When(state=StatementState.PUBLISHED, then=0), default=1)
    known = rows.exclude(published=None).exclude(pk__in=numbers).order_by(is_past, "-pk")
    return [*rows.filter(pk__in=numbers).order_by("-pk"), *known[:OFFERED]]


def _words(row: RiskStatement) -> str:
    shown = row.told
    return f"{row.key} · {Truncator(shown.if_clause).chars(110)}"


def _initial(row: Incident) -> dict[str, Any]:
    same_day = row.ended_on == row.began_on and row.kind != IncidentKind.QUIET
    return {
        "kind": row.kind,
        "summary": row.summary,
        "detail": row.detail,
        "began_on": row.began_on,
        "ended_on": None if same_day else row.ended_on,
        "times": row.times if row.times > 1 else None,
        "loss": row.loss,
        "statements": [str(each.pk) for each in row.statements.all()],
    }


class IncidentUndoForm(forms.Form):
    reason = forms.CharField(label=_("Why it is taken back"), max_length=500)
