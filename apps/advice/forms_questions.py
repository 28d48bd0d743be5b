"""Asking from any page, and looking through what was asked."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.advice.forms import LONGEST
from apps.catalog.models import System
from apps.common.forms import FilterForm, with_any
from apps.planning.selectors import QuestionFilter


class AskAnywhereForm(forms.Form):
    """A question. about: the path of the page of the thing that it is about; system: where there is none."""

    body = forms.CharField(
        label=_("Your question"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown."),
    )
    system = forms.ModelChoiceField(
        label=_("Who should read it"),
        queryset=System.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("everybody who uses the portal"),
    )
    about = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    at = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        kwargs["auto_id"] = "asking_%s"  # beside the page's own forms
        super().__init__(*args, **kwargs)
        field: Any = self.fields["system"]
        field.queryset = systems
        field.label_from_instance = _people_of


def _people_of(system: System) -> str:
    return gettext("the people of %(system)s") % {"system": system.name}


class QuestionFilterForm(FilterForm):
    """The filters of the list. about: a key such as RS-12, from a link of that thing's page."""

    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    show = forms.ChoiceField(
        label=_("Questions"),
        required=False,
        choices=with_any(
            [("waiting", _("without an answer")), ("mine", _("that I asked"))], _("all")
        ),
    )
    system = forms.ChoiceField(label=_("System"), required=False)
    about = forms.RegexField(
        r"^[A-Z]{1,2}-[1-9]\d{0,17}$", label=_("About"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(each.key, each.name) for each in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> QuestionFilter:
        return QuestionFilter(**{name: self.given(name) for name in self.fields})
