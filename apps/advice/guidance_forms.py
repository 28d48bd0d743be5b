"""Asking about guidance, and answering."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy


class AskForm(forms.Form):
    body = forms.CharField(
        label=lazy("Your question"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("Markdown."),
    )


class UsefulForm(forms.Form):
    """Whether an article helped: two buttons, and words that may follow."""

    useful = forms.ChoiceField(choices=[("yes", lazy("Yes")), ("no", lazy("No"))])
    missing = forms.CharField(
        label=lazy("What is missing, or wrong?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("Those who write guidance read it, with your name."),
    )

    def said(self) -> dict[str, Any]:
        """What vote_give takes. A button that is pressed without the words leaves them as they are."""
        words = self.cleaned_data["missing"] if "missing" in self.data else None
        return {"useful": self.cleaned_data["useful"] == "yes", "missing": words}


class AnswerForm(forms.Form):
    body = forms.CharField(
        label=lazy("Your answer"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
