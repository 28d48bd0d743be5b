"""Taking in a VEX document."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import System


class VexForm(forms.Form):
    file = forms.FileField(
        label=_("Document"),
        allow_empty_file=True,  # the service says what is wrong with it
        help_text=_("OpenVEX, or CycloneDX in JSON with an analysis of its vulnerabilities."),
    )
    system = forms.ModelChoiceField(
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
        empty_label=_("Choose a system"),
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]
