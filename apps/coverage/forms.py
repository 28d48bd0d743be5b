"""Forms of what is expected."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.catalog.stages import Stage
from apps.common.errors import Missing
from apps.common.forms import VersionedForm, with_any
from apps.common.merging import VersionInput
from apps.coverage.kinds import SENSIBLE, EvidenceKind
from apps.coverage.picture import Line
from apps.coverage.selectors import ProfileView
from apps.coverage.services.profiles import LONGEST_REASON, OLDEST
from apps.guidance.models import Guidance
from apps.guidance.selectors import guidance_get

KINDS = [choice for choice in EvidenceKind.choices if choice[0] != EvidenceKind.OTHER]


class GuidanceKeyField(forms.CharField):
    """A guidance's key, such as G-7; gives the guidance, or None where the field is empty."""

    def __init__(self, *, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=20, **kwargs)
        self.viewer = viewer

    def clean(self, value: Any) -> Guidance | None:
        text = super().clean(value).upper().removeprefix("G-")
        if not text:
            return None
        try:
            return guidance_get(self.viewer, int(text) if text.isascii() and text.isdigit() else 0)
        except (Missing, ValueError):
            raise forms.ValidationError(
                _("There is no such guidance; keys look like G-7.")
            ) from None


class ProfileForm(VersionedForm):
    """For each kind that can sensibly be expected at a stage: the days, or nothing."""

    version = forms.IntegerField(widget=VersionInput, min_value=0)  # 0: nobody said anything yet

    def __init__(self, data: Any = None, *, profile: ProfileView, viewer: Actor) -> None:
        known = {(line.stage, line.kind): line for line in profile.lines}
        initial: dict[str, Any] = {"version": profile.version}
        self.places = list(dict.fromkeys([*_sensible(), *known]))
        for number, place in enumerate(self.places):
            if line := known.get(place):
                initial[f"days_{number}"] = line.max_age_days
                initial[f"guidance_{number}"] = line.guidance.key if line.guidance else ""
        super().__init__(data, initial=initial)
        for number, (stage, kind) in enumerate(self.places):
            names = {"kind": kind.label, "stage": stage.label}
            self.fields[f"days_{number}"] = forms.IntegerField(
                label=_("%(stage)s: %(kind)s, days") % names,
                required=False,
                min_value=1,
                max_value=OLDEST,
            )
            self.fields[f"guidance_{number}"] = GuidanceKeyField(
                label=_("%(stage)s: %(kind)s, guidance") % names, viewer=viewer
            )

    def groups(self) -> list[tuple[Stage, list[tuple[str, forms.BoundField, forms.BoundField]]]]:
        """By stage: the kind's name with its two fields."""
        return [
            (
                stage,
                [
                    (str(kind.label), self[f"days_{number}"], self[f"guidance_{number}"])
                    for number, (at, kind) in enumerate(self.places)
                    if at == stage
                ],
            )
            for stage in Stage
        ]

    def lines(self) -> list[Line]:
        typed = self.cleaned_data
        return [
            Line(stage, kind, typed[f"days_{number}"], typed[f"guidance_{number}"])
            for number, (stage, kind) in enumerate(self.places)
            if typed[f"days_{number}"]
        ]


def _sensible() -> list[tuple[Stage, EvidenceKind]]:
    return [(stage, kind) for stage, kinds in SENSIBLE.items() for kind in kinds]


class ExceptionForm(forms.Form):
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices)
    kind = forms.ChoiceField(label=_("Kind of evidence"), choices=KINDS)
    max_age_days = forms.IntegerField(
        label=_("At most ... days old"),
        required=False,
        min_value=1,
        max_value=OLDEST,
        help_text=_("Empty: it is not expected of this system."),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_REASON,
        help_text=_("Whoever reads this page will ask."),
    )


class ToolKindForm(forms.Form):
    tool = forms.CharField(max_length=120, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Counts as"), choices=with_any(KINDS, _("Choose")))
