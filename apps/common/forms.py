"""What the forms of all pages share: refusals put back on their field, edits with a version."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import Invalid

Choice = tuple[Any, Any]


def apply_domain_errors(form: forms.BaseForm, error: Invalid) -> None:
    """Put what a service refused beside the fields it is about; the form must have been validated.

    What belongs to no field of the form stands at its top with the name that the service gave it,
    so that no refusal is lost.
    """
    if not error.fields:
        form.add_error(None, error.message)
    for name, problems in error.fields.items():
        for problem in problems:
            if name in form.fields:
                form.add_error(name, problem)
            else:
                form.add_error(None, f"{name.replace('_', ' ').capitalize()}: {problem}")


def with_any(choices: Iterable[Choice], label: str | Promise) -> list[Choice]:
    """Choices of a filter, with the empty one first."""
    return [("", label), *choices]


class FilterForm(forms.Form):
    """Filters in the address; a value that cannot be asks for nothing, and is never an error."""

    def given(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name) or ""

    def active(self) -> list[tuple[str, str, str]]:
        """(name, label, value in words) of each filter in use."""
        used = []
        for name, field in self.fields.items():
            if value := self.given(name):
                words = dict(getattr(field, "choices", [])).get(value, self.data.get(name, value))
                used.append((name, str(field.label), str(words)))
        return used


class VersionedForm(forms.Form):
    """A form that edits something: it carries the version that was read (common.editing)."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def typed(self) -> dict[str, Any]:
        """What was typed, without the version: a service's keywords. Only on a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def add_conflict(self, message: str, *, current_version: int) -> None:
        """Say at the top that somebody else was there first; everything typed stays in the fields.

        The page shows the current text beside them, so the next submission counts as made on it.
        """
        data: Any = self.data
        self.data = data.copy()
        self.data[self.add_prefix("version")] = str(current_version)  # type: ignore[index]
        self.add_error(None, message)
        self.add_error(None, _("What you typed is kept. Save again to put it in its place."))
