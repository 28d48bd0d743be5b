"""A file, or its text: what pages that import something ask for."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy


class FileOrTextForm(forms.Form):
    """`cleaned_data["text"]` has it either way. largest: bytes of a file, characters of a text."""

    largest: ClassVar[int] = 2_000_000  # the preview carries the text to the confirmation

    file = forms.FileField(label=lazy("File"), required=False)
    text = forms.CharField(
        label=lazy("Or its text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        file = cleaned.get("file")
        if (file.size if file else len(cleaned.get("text", ""))) > self.largest:
            self.add_error("file", _("At most %(size)s kB.") % {"size": self.largest // 1000})
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
