"""A threat model, as a file or as the text of one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LARGEST = 2_000_000  # bytes; the preview carries the text to the confirmation


class ThreatModelForm(forms.Form):
    file = forms.FileField(
        label=_("Threat model"),
        required=False,
        help_text=_("JSON of OTM, Threat Dragon, Threat Composer, or risks.json of Threagile."),
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        file = cleaned.get("file")
        if file and file.size > LARGEST:
            self.add_error("file", _("At most 2 MB."))
        elif file:
            cleaned["text"] = self._text(file.read())
        elif not cleaned.get("text"):
            self.add_error("file", _("Choose a file, or paste its text."))
        return cleaned

    def _text(self, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", _("This is no UTF-8 text."))
            return ""
