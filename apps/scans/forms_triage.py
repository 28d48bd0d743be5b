"""Saying what findings are."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext
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

    def __init__(
        self, *args: Any, teams: Sequence[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        """teams: keys and names of all, where the caller has read them."""
        super().__init__(*args, **kwargs)
        if teams is None:
            teams = [(team.key, team.name) for team in Team.objects.order_by("name")]
        nobody = (self.NOBODY, _("As rules and the list of owners say"))
        choices = with_any([*teams, nobody], _("Choose ..."))
        self.fields["team"].choices = choices  # type: ignore[attr-defined]

    def owner(self) -> Team | None:
        """None: nobody by hand. Only on a valid form."""
        return Team.objects.filter(key=self.cleaned_data["team"]).first()


class ChosenFindings(forms.Form):
    """Which findings are meant: the ticked ones, or all that the filter finds where that was chosen.

    number: of all that the filter finds, None where it is not known.
    """

    TICKED, ALL = "ticked", "all"

    meant = forms.ChoiceField(label=_("Which findings"), required=False, widget=forms.RadioSelect)
    finding = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, data: Any = None, *, number: int | None = None) -> None:
        super().__init__(data, initial={"meant": self.TICKED}, auto_id="triage-%s")
        meant = [(self.TICKED, _("Only those that I picked")), (self.ALL, _all_of(number))]
        self.fields["meant"].choices = meant  # type: ignore[attr-defined]
        if data is None:
            return
        given = data.getlist("finding")[: MOST_NAMED + 1]
        numbers = [one for one in given if one.isascii() and one.isdigit() and len(one) <= 18]
        self.fields["finding"].choices = [(one, one) for one in numbers]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and cleaned["meant"] != self.ALL and not cleaned["finding"]:
            self.add_error("meant", _("Tick findings on the list, or choose all of its filter."))
        return cleaned

    @property
    def is_all(self) -> bool:
        return self.is_valid() and bool(self.cleaned_data["meant"] == self.ALL)

    def numbers(self) -> list[int]:
        """Of the ticked ones; of all that a filter finds none are named."""
        return [] if self.is_all or not self.is_valid() else list(self.cleaned_data["finding"])


def _all_of(number: int | None) -> str:
    if number is None:
        return gettext("All that the filter finds; how many is said before anything is done")
    text = ngettext(
        "All that the filter finds: %(number)s finding",
        "All that the filter finds: %(number)s findings",
        number,
    )
    return text % {"number": intcomma(number)}
