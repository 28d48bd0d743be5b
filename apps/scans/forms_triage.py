"""Saying what findings are."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Team
from apps.common.forms import with_any
from apps.scans.models import Justification, Verdict
from apps.scans.services.triage import MOST_NAMED


class VerdictForm(forms.Form):
    verdict = forms.ChoiceField(
        label=_("What it is"), choices=with_any(Verdict.choices, _("Choose ..."))
    )
    justification = forms.ChoiceField(
        label=_("Why it is not affected"),
        required=False,
        choices=with_any(Justification.choices, _("Not said")),
        help_text=_("Only of what is not affected; it goes into VEX documents."),
    )
    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed, but to open it again. Whoever reads it later will ask."),
    )

    def said(self) -> dict[str, str]:
        """A service's keywords. Only on a valid form."""
        return {name: self.cleaned_data[name] for name in ("verdict", "justification", "reason")}


class OwnerForm(forms.Form):
    """Whose findings are; to say nothing of it is a choice, too, and not the one at hand."""

    NOBODY = "*"  # no team's key

    team = forms.ChoiceField(label=_("Owner"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = [(team.key, team.name) for team in Team.objects.order_by("name")]
        nobody = (self.NOBODY, _("As rules and the list of owners say"))
        choices = with_any([*teams, nobody], _("Choose ..."))
        self.fields["team"].choices = choices  # type: ignore[attr-defined]

    def owner(self) -> Team | None:
        """None: nobody by hand. Only on a valid form."""
        return Team.objects.filter(key=self.cleaned_data["team"]).first()


class ChosenFindings(forms.Form):
    """The findings that were ticked; none: all that the filter finds."""

    finding = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        given = data.getlist("finding")[: MOST_NAMED + 1]
        numbers = [one for one in given if one.isascii() and one.isdigit() and len(one) <= 18]
        self.fields["finding"].choices = [(one, one) for one in numbers]  # type: ignore[attr-defined]

    def numbers(self) -> list[int]:
        return list(self.cleaned_data["finding"]) if self.is_valid() else []
