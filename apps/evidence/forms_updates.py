"""Counting what happened, and saying how evidence may move a statement."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.entry.fields import ChanceField, NumberField
from apps.evidence.models import Mode, UpdateKind

COUNTED = [
    (UpdateKind.EVENTS.value, _("Loss events over years of watching")),
    (UpdateKind.TESTS.value, _("Attempts of tests, and how many got through")),
]
MOST = 1_000_000


class CountForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What was counted"),
        choices=COUNTED,
        initial=UpdateKind.EVENTS,
        widget=forms.RadioSelect,
    )
    count = forms.IntegerField(
        label=_("How many happened, or got through"), min_value=0, max_value=MOST
    )
    base = NumberField(
        label=_("In how many years, or of how many attempts"),
        low=Decimal("0.0001"),
        high=Decimal(MOST),
    )
    relevance = ChanceField(
        label=_("Relevance"),
        initial=Decimal(1),
        help_text=_("100\u00a0%: exactly this event. Less: it was not quite the same."),
    )
    source = forms.CharField(label=_("Where the numbers come from"), max_length=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        base = cleaned.get("base")
        if cleaned.get("kind") == UpdateKind.TESTS and base is not None and base != int(base):
            self.add_error("base", _("Attempts are whole numbers."))
        return cleaned

    def given(self) -> dict[str, Any]:
        """As the API takes it. Only on a valid form."""
        typed = self.cleaned_data
        events = typed["kind"] == UpdateKind.EVENTS
        named = ("events", "years") if events else ("successes", "attempts")
        base = float(typed["base"]) if events else int(typed["base"])
        return {
            "kind": typed["kind"],
            named[0]: typed["count"],
            named[1]: base,
            "relevance": float(typed["relevance"]),
            "source": typed["source"],
        }

    def field_of(self, name: str) -> str:
        """The field that is called otherwise in the data."""
        return {
            "events": "count",
            "successes": "count",
            "years": "base",
            "attempts": "base",
        }.get(name, name)


class PolicyForm(forms.Form):
    mode = forms.ChoiceField(
        label=_("What evidence does to the value"), choices=Mode.choices, widget=forms.RadioSelect
    )
    is_exposed = forms.BooleanField(
        label=_("Attackers can reach the linked findings here"),
        required=False,
        help_text=_("Without it, what is published of them says nothing about this system."),
    )
    uses_epss = forms.BooleanField(label=_("EPSS counts"), required=False)
    uses_kev = forms.BooleanField(label=_("Known exploitation (KEV) counts"), required=False)
    uses_cvss = forms.BooleanField(
        label=_("CVSS counts"),
        required=False,
        help_text=_("Off as a rule: severity is no likelihood."),
    )
