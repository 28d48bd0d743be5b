"""Half an hour of questions about one system or change."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.risks.estimate_form import level_choices
from apps.risks.services.rapid import Happening

SLOTS = (1, 2, 3, 4)


class RapidForm(forms.Form):
    """A slot a thing that could happen; one without text counts as not there."""

    title = forms.CharField(label=_("What is it about"), max_length=150)
    information = forms.CharField(
        label=_("What data does it hold or see"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whose, how much, and how bad it is if others read it."),
    )
    actions = forms.CharField(
        label=_("What could be done about it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, five at most. Each becomes an option beside doing nothing."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        likelihoods, impacts = level_choices()
        for slot in SLOTS:
            self.fields[f"happening_{slot}"] = forms.CharField(
                label=_("What could happen"), required=False, max_length=500
            )
            self.fields[f"likelihood_{slot}"] = forms.TypedChoiceField(
                label=_("How often"),
                choices=likelihoods,
                coerce=int,
                initial=3,
                required=False,
                empty_value="3",
            )
            self.fields[f"impact_{slot}"] = forms.TypedChoiceField(
                label=_("What it costs"),
                choices=impacts,
                coerce=int,
                initial=3,
                required=False,
                empty_value="3",
            )

    @property
    def slots(self) -> list[tuple[Any, Any, Any]]:
        names = ("happening", "likelihood", "impact")
        return [
            (self[f"{names[0]}_{n}"], self[f"{names[1]}_{n}"], self[f"{names[2]}_{n}"])
            for n in SLOTS
        ]

    def given(self) -> dict[str, Any]:
        """What the service takes."""
        said = self.cleaned_data
        found = [
            Happening(
                said[f"happening_{n}"], int(said[f"likelihood_{n}"]), int(said[f"impact_{n}"])
            )
            for n in SLOTS
            if said[f"happening_{n}"].strip()
        ]
        return {
            "title": said["title"],
            "data": said["information"],
            "happenings": found,
            "actions": said["actions"].splitlines(),
        }
