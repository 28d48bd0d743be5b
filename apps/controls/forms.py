"""Forms of controls: what it is and costs, and what it takes away of a risk."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.catalog.models import System
from apps.common.entry.fields import ChanceField, MoneyField, NumberField
from apps.common.forms import FilterForm, VersionedForm, with_any
from apps.controls.models import Control, ControlEffect, ControlStatus
from apps.controls.selectors import ControlFilter
from apps.controls.services.controls import ENDS, PARTS, ControlInput, EffectInput
from apps.guidance.models import Guidance

GUIDANCE_OFFERED = 300


class ControlFilterForm(FilterForm):
    system = forms.ChoiceField(label=_("System"), required=False)
    status = forms.ChoiceField(
        label=_("Stands"),
        required=False,
        choices=with_any(ControlStatus.choices, _("However it is")),
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> ControlFilter:
        return ControlFilter(**{name: self.given(name) for name in self.fields})


class ControlForm(VersionedForm):
    name = forms.CharField(
        label=_("Name"), max_length=160, help_text=_("Such as: Multi-factor sign-in for staff.")
    )
    system = forms.ModelChoiceField(
        empty_label=_("Choose a system"),
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
    )
    status = forms.ChoiceField(
        label=_("It is"),
        choices=ControlStatus.choices,
        help_text=_("Only what is in place lowers a value."),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.all(),
        to_field_name="key",
        required=False,
        empty_label=_("The system's team"),
    )
    guidance = forms.ModelChoiceField(
        label=_("Recommended by"),
        queryset=Guidance.objects.none(),
        required=False,
        empty_label=_("No guidance"),
    )
    description = forms.CharField(
        label=_("What it does"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    cost_once = MoneyField(label=_("To buy or build it"), required=False, free=True)
    years = NumberField(
        label=_("Lasts, in years"), required=False, low=Decimal(1), high=Decimal(100)
    )
    cost_yearly_low = MoneyField(label=_("To run it, a year: at least"), required=False, free=True)
    cost_yearly_high = MoneyField(label=_("At most"), required=False, free=True)

    def __init__(
        self,
        data: Any = None,
        *,
        viewer: Actor,
        systems: QuerySet[System],
        row: Control | None = None,
        **kwargs: Any,
    ) -> None:
        start = {"status": ControlStatus.PLANNED, "years": Decimal(3)}
        kwargs["initial"] = _initial(row) if row else start | kwargs.get("initial", {})
        super().__init__(data, **kwargs)
        known = Guidance.objects.visible_to(viewer).order_by("-pk")[:GUIDANCE_OFFERED]
        chosen: Any = self.fields["guidance"]
        chosen.queryset = Guidance.objects.filter(pk__in=[each.pk for each in known]).order_by(
            "title"
        )
        self.fields["version"].required = row is not None
        if row is not None:
            del self.fields["system"]
        else:
            self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def content(self) -> ControlInput:
        """Only on a valid form. An amount left out is nothing; one end of a range is both."""
        said = {name: value for name, value in self.typed().items() if name != "system"}
        low, high = said["cost_yearly_low"], said["cost_yearly_high"]
        said["cost_once"] = said["cost_once"] or Decimal(0)
        said["years"] = said["years"] or Decimal(3)
        said["cost_yearly_low"] = low if low is not None else high or Decimal(0)
        said["cost_yearly_high"] = high if high is not None else low or Decimal(0)
        return ControlInput(**said)


def _initial(row: Control) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ControlForm.base_fields if hasattr(row, name)}
    return said | {"owner": row.owner.key if row.owner else "", "guidance": row.guidance_id}


class EffectForm(forms.Form):
    """What a control takes away of one risk: least, likely, most. The likely one is enough."""

    statement = forms.ChoiceField(label=_("Risk"), required=False)
    frequency_low = ChanceField(label=_("At least"), required=False)
    frequency_mode = ChanceField(label=_("Most likely"), required=False)
    frequency_high = ChanceField(label=_("At most"), required=False)
    loss_low = ChanceField(label=_("At least"), required=False)
    loss_mode = ChanceField(label=_("Most likely"), required=False)
    loss_high = ChanceField(label=_("At most"), required=False)
    rationale = forms.CharField(
        label=_("Why these shares"),
        required=False,
        max_length=500,
        help_text=_("A test, a study, another system; so that others can judge it."),
    )

    def __init__(
        self, *args: Any, statements: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if statements:
            self.fields["statement"].choices = list(statements)  # type: ignore[attr-defined]
            self.fields["statement"].required = True
        else:
            del self.fields["statement"]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        for part in PARTS:
            typed |= _completed(typed, part)
        if not self.errors and not any(typed[f"{part}_high"] for part in PARTS):
            self.add_error(
                "frequency_mode", _("Say what it takes away: of the events, the loss, or both.")
            )
        return typed

    def content(self) -> EffectInput:
        """Only on a valid form."""
        return EffectInput(
            **{name: value for name, value in self.cleaned_data.items() if name != "statement"}
        )


def _completed(typed: dict[str, Any], part: str) -> dict[str, Decimal]:
    """Three points from those that were typed: one stands for all, two have their middle as likely."""
    low, mode, high = (typed.get(f"{part}_{end}") for end in ENDS)
    if mode is None and low is not None and high is not None:
        mode = (low + high) / 2
    known = [end for end in (low, mode, high) if end is not None] or [Decimal(0)]
    points = (
        known[0] if low is None else low,
        known[0] if mode is None else mode,
        known[-1] if high is None else high,
    )
    return {f"{part}_{end}": point for end, point in zip(ENDS, points, strict=True)}


def effect_initial(effect: ControlEffect) -> dict[str, Any]:
    """What the form begins with where something was said already; nothing typed is nothing shown."""
    said: dict[str, Any] = {"rationale": effect.rationale}
    for part in PARTS:
        if getattr(effect, f"{part}_high"):
            said |= {f"{part}_{end}": getattr(effect, f"{part}_{end}") for end in ENDS}
    return said
