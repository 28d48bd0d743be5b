"""Asking about guidance, and answering."""

from django import forms
from django.utils.translation import gettext_lazy as lazy


class AskForm(forms.Form):
    body = forms.CharField(
        label=lazy("Your question"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("Markdown."),
    )


class AnswerForm(forms.Form):
    body = forms.CharField(
        label=lazy("Your answer"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
