"""Forms of a page, filled in as somebody would who has nothing special in mind."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone

WORDS = "Words that are new"
_MANY = (forms.MultipleChoiceField, forms.ModelMultipleChoiceField)


def forms_of(answer: HttpResponse) -> list[forms.BaseForm]:
    """The forms that a page was rendered with, those that say something is missing first."""
    found: list[forms.BaseForm] = []
    for layer in getattr(answer, "context", None) or []:
        for part in getattr(layer, "dicts", [layer]):
            for each in part.values():
                if isinstance(each, forms.BaseForm) and each not in found:
                    found.append(each)
    return sorted(found, key=lambda form: not form.errors)


def filled(form: forms.BaseForm) -> dict[str, Any]:
    """{name in the page: what is sent}: how it stands; where something must stand and does not, the first that fits."""
    told: dict[str, Any] = {}
    for bound in form:
        stands = form.get_initial_for_field(bound.field, bound.name)
        is_empty = stands in (None, "", [])
        if is_empty and (bound.field.required or form.errors.get(bound.name)):
            sent = _first(bound.field, bound.name)
        else:
            nothing = [] if isinstance(bound.field, _MANY) else ""
            sent = nothing if is_empty else bound.field.prepare_value(stands)
        if sent is not None and sent is not False:
            told[bound.html_name] = sent
    return told


def _choices(choices: Any) -> Iterator[str]:
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from _choices(label)
        elif key not in {"", None}:
            yield str(key)


def _first(field: forms.Field, name: str) -> Any:
    """What is sent of one field; the kinds of fields from the special to the general."""
    if isinstance(field, forms.FileField):
        return SimpleUploadedFile("new.json", b"{}")
    if isinstance(field, forms.ModelChoiceField):
        row = field.queryset.first() if field.queryset is not None else None
        sent = field.prepare_value(row) if row is not None else ""
        return [sent] if isinstance(field, forms.ModelMultipleChoiceField) else sent
    if isinstance(field, forms.ChoiceField):
        sent = next(_choices(field.choices), "")
        return [sent] if isinstance(field, forms.MultipleChoiceField) else sent
    plain = {
        forms.BooleanField: "on",
        forms.EmailField: "new@example.org",
        forms.URLField: "https://example.org/new",
        forms.DateField: (timezone.localdate() - dt.timedelta(days=1)).isoformat(),
        forms.DecimalField: "5" if "high" in name else "2",
        forms.IntegerField: "5" if "high" in name else "2",
        forms.SlugField: "new-one",
    }
    return next((sent for kind, sent in plain.items() if isinstance(field, kind)), WORDS)
