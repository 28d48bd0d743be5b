"""Asking about guidance, answering, and finding the item to use it on."""

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


class ItemSearchForm(forms.Form):
    q = forms.CharField(
        label=lazy("Planning item"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": lazy("Title, PI-7 or tracker key")}
        ),
    )
