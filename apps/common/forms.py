"""What the forms of all pages share: refusals put back on their field, edits with a version."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.common.errors import Invalid
from apps.common.merging import (
    BOTH,
    THEIRS,
    Difference,
    Text,
    VersionInput,
    difference,
    digest,
    digests_read,
    digests_told,
    joined,
    may_join,
    put,
    text_of,
)

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


class KeyOfName(forms.Form):
    """A form with a name and a key of at most 60 characters: the key is made of the name where none is given."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("key") and not {"key", "name"} & set(self.errors):
            cleaned["key"] = slugify(cleaned.get("name", ""))[:60]
            if not cleaned["key"]:
                self.add_error("key", _("Say a key: the name has no letters that could make one."))
        return cleaned


def status_of(form: forms.BaseForm) -> int:
    """HTTP status of a page that shows a form: 409 where somebody else was there first, 422 where
    something typed cannot be, 200.
    """
    if getattr(form, "is_conflict", False):
        return 409
    return 422 if form.errors else 200


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
    """A form that edits something: it carries the version that was read (common.editing), and what each
    field held then (common.merging). `initial` is how it stands now.
    """

    version = forms.IntegerField(widget=VersionInput, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].widget.form = self
        self.differences: list[Difference] = []  # what both changed
        self.taken: list[str] = []  # labels of what only somebody else changed: taken over
        self.is_conflict = False
        self._is_chosen = False

    def full_clean(self) -> None:
        """What was chosen of a conflict comes first; not in __init__, where a form is not yet complete."""
        if self.is_bound and not self._is_chosen:
            self._is_chosen = True
            self._take_chosen()
        super().full_clean()

    def typed(self) -> dict[str, Any]:
        """What was typed, without the version: a service's keywords. Only on a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def read_now(self) -> str:
        """What goes into the page: of a form that was refused for another reason, as it came."""
        told: str = self.data.get(self._read_name, "") if self.is_bound else ""
        if told and not self.is_conflict:
            return told
        return digests_told({name: self._stands(name) for name in self._merged()})

    def add_conflict(self, *, current_version: int) -> None:
        """Say at the top that somebody else was there first, and what of it both changed.

        What only they changed is taken over, what only the editor did stays as typed. The next
        submission counts as made on how it stands now; where `initial` was read before that, on what
        was shown, so that a third person is met in the same way.
        """
        read = digests_read(self.data.get(self._read_name, ""))
        self.is_conflict = True
        data = self.data = self._copied()
        shown = self.initial.get("version")
        data[self.add_prefix("version")] = str(shown if isinstance(shown, int) else current_version)
        for name in self._merged():
            self._compare(name, read.get(name, ""))
        self.add_error(None, _("Somebody else changed this since you read it."))
        self.add_error(
            None,
            _("You both changed what is below: choose, and save again.")
            if self.differences
            else _("What you typed is kept. Save again to put it in its place."),
        )

    def _compare(self, name: str, read: str) -> None:
        mine, theirs = self._typed_text(name), self._stands(name)
        if mine == theirs:
            return
        if digest(mine) == read:  # not touched here: it stands as it is now
            put(self.data, self.add_prefix(name), self.fields[name], theirs)
            self.taken.append(str(self[name].label))
        elif digest(theirs) != read:
            choice = self.add_prefix(f"merge-{name}")
            self.differences.append(difference(self[name], choice, mine=mine, theirs=theirs))

    def _take_chosen(self) -> None:
        """What was chosen of a conflict, put into the fields before anything reads them."""
        chosen = {name: self.data.get(self.add_prefix(f"merge-{name}")) for name in self._merged()}
        if not {THEIRS, BOTH} & set(chosen.values()):
            return
        data = self.data = self._copied()
        for name, choice in chosen.items():
            mine, theirs = self._typed_text(name), self._stands(name)
            if choice == THEIRS:
                put(self.data, self.add_prefix(name), self.fields[name], theirs)
            elif choice == BOTH and may_join(self.fields[name], mine, theirs):
                data[self.add_prefix(name)] = joined(str(theirs), str(mine))

    def _merged(self) -> list[str]:
        """The fields that people fill in, but files, which no page can fill in for them."""
        return [
            name
            for name, field in self.fields.items()
            if name != "version"
            and not field.widget.is_hidden
            and not field.widget.needs_multipart_form
            and not isinstance(field.widget, forms.PasswordInput)
        ]

    def _stands(self, name: str) -> Text:
        return text_of(self.fields[name], self.get_initial_for_field(self.fields[name], name))

    def _typed_text(self, name: str) -> Text:
        field = self.fields[name]
        given = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return text_of(field, given)

    def _copied(self) -> Any:
        given: Any = self.data
        return given.copy() if hasattr(given, "setlist") else _as_query(given)

    @property
    def _read_name(self) -> str:
        return f"{self.add_prefix('version')}-read"


def _as_query(data: Mapping[str, Any]) -> QueryDict:
    """Of a plain dict, such as a test's."""
    made = QueryDict(mutable=True)
    for name, value in data.items():
        made.setlist(name, value if isinstance(value, list) else [value])
    return made
