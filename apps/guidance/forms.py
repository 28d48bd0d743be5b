"""Finding, writing and publishing guidance."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.stages import Stage
from apps.common.entry.fields import FrequencyField, MoneyField
from apps.common.forms import VersionedForm, with_any
from apps.common.markdown import MAX_LENGTH
from apps.guidance.models import GuidanceText
from apps.guidance.selectors import Filter

_CWE = re.compile(r"(?:CWE-?)?(\d{1,6})", re.IGNORECASE)


def cwe_number(text: str) -> int:
    """79 of "CWE-79" or "79". Raises: ValidationError."""
    match = _CWE.fullmatch(text.strip())
    if match is None:
        raise forms.ValidationError(
            _("%(text)s is no CWE; write it like CWE-79."), params={"text": text}
        )
    return int(match.group(1))


class CweField(forms.CharField):
    """One CWE, as CWE-79 or 79; None for nothing."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        return cwe_number(text) if text else None


class WordsField(forms.CharField):
    """Words between commas, as a list without repetition, in the order given."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        words = (word.strip() for word in super().clean(value).split(","))
        return list(dict.fromkeys(word for word in words if word))


class CwesField(WordsField):
    """CWEs between commas, as numbers."""

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(
            [f"CWE-{cwe}" for cwe in value] if isinstance(value, list) else value
        )

    def clean(self, value: Any) -> list[int]:  # type: ignore[override]
        return [cwe_number(word) for word in super().clean(value)]


class LinesField(forms.CharField):
    """One thing a line."""

    widget = forms.Textarea

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        for line in lines:
            if len(line) > self.longest:
                raise forms.ValidationError(
                    _("A line has at most %(limit)s characters: %(start)s..."),
                    params={"limit": self.longest, "start": line[:40]},
                )
        return lines


class ControlsField(LinesField):
    """Recommended controls, "what to do: what it changes", one a line."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(
            ": ".join(filter(None, (each["title"], each.get("effect", "")))) for each in value
        )

    def clean(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        parts = (line.partition(": ") for line in super().clean(value))
        return [
            {"title": title.strip(), "effect": effect.strip()} for title, _colon, effect in parts
        ]


class GuidanceFilterForm(forms.Form):
    """The filters of the library; a value that cannot be asks for nothing."""

    q = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("What are you about to build?")}
        ),
    )
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )
    technology = forms.ChoiceField(label=_("Technology"), required=False)
    cwe = CweField(
        label=_("Weakness"),
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"placeholder": "CWE-79"}),
    )

    def __init__(self, *args: Any, technologies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = with_any([(word, word) for word in technologies], _("Any technology"))
        self.fields["technology"].choices = known  # type: ignore[attr-defined]

    def wanted(self) -> Filter:
        self.is_valid()
        given = self.cleaned_data
        return Filter(
            text=given.get("q", ""),
            stage=given.get("stage", ""),
            technology=given.get("technology", ""),
            cwe=given.get("cwe"),
        )


# What the ends of the ranges are called away from their legend, and an example of each.
_ENDS = {
    "frequency_low": (_("Events a year, low"), _("once in 20 years")),
    "frequency_high": (_("Events a year, high"), _("once in 2 years")),
    "magnitude_low": (_("Loss of one event, low"), "20k"),
    "magnitude_high": (_("Loss of one event, high"), "500k"),
}


class GuidanceForm(forms.Form):
    """All that people write of a piece of guidance."""

    title = forms.CharField(
        label=_("Title"), max_length=200, help_text=_("What to do, in one line.")
    )
    summary = forms.CharField(
        label=_("Summary"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What a planner needs to know if she reads no further."),
    )
    body = forms.CharField(
        label=_("Advice"),
        required=False,
        max_length=MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=_("Markdown. Begin each part with ## and its heading."),
    )
    stages = forms.MultipleChoiceField(
        label=_("Stages"),
        required=False,
        choices=Stage.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    technologies = WordsField(
        label=_("Technologies"),
        required=False,
        help_text=_("Between commas: python, s3, kubernetes."),
    )
    cwes = CwesField(
        label=_("Weaknesses"), required=False, help_text=_("Between commas: CWE-79, CWE-89.")
    )
    references = LinesField(
        label=_("References"),
        required=False,
        longest=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: ASVS 5.0 5.2.1, NIST SSDF PW.1.1, or an address."),
    )
    condition = forms.CharField(
        label=_("If you ..."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What a planner would do. {item} stands for the title of the planning item."),
    )
    consequence = forms.CharField(
        label=_("then ..."), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    controls = ControlsField(
        label=_("Recommended controls"),
        required=False,
        longest=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: what to do: what it changes."),
    )
    frequency_low = FrequencyField(label=_("At least"), required=False)
    frequency_high = FrequencyField(label=_("At most"), required=False)
    magnitude_low = MoneyField(label=_("At least"), required=False)
    magnitude_high = MoneyField(label=_("At most"), required=False)
    rationale = forms.CharField(
        label=_("Why these numbers"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (said_of, example) in _ENDS.items():
            range_end: Any = self.fields[name]
            range_end.said_of = said_of
            range_end.widget.attrs |= {"placeholder": example}


class GuidanceEditForm(GuidanceForm, VersionedForm):
    """The same, on something that others may be editing, too."""


class PublishForm(forms.Form):
    note = forms.CharField(
        label=_("What changed"),
        required=False,
        max_length=300,
        help_text=_("Readers see it in the list of versions."),
    )


def initial_of(text: GuidanceText) -> dict[str, Any]:
    """What the form begins with."""
    return {name: getattr(text, name) for name in GuidanceForm.base_fields}


def as_text(text: GuidanceText) -> str:
    """A piece of guidance as lines of text, for comparing two of them."""
    return lines_of(initial_of(text))


def lines_of(values: dict[str, Any]) -> str:
    """What a form holds as lines: "label: value" for short fields, the long ones in full."""
    fields = GuidanceForm().fields
    parts = []
    for name, field in fields.items():
        value = field.prepare_value(values.get(name))
        label = getattr(
            field, "said_of", field.label
        )  # "At least" says little away from its legend
        words = "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
        if words:
            parts.append(f"{label}: {words}" if "\n" not in words else f"{label}:\n{words}")
    return "\n".join(parts)


class WordsForm(VersionedForm):
    """The organisation's own lines of words that mean the same."""

    lines = LinesField(
        label=_("Your own lines"),
        longest=500,
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_(
            "One meaning a line, terms between commas, singular: booking engine, Tern, reservation core. "
            "CWE-434 finds what is about that weakness. A tilde before a term (~from a link) means: understand it "
            "where somebody types it, but do not look for it."
        ),
    )
