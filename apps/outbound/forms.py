from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import System
from apps.common.forms import VersionedForm
from apps.outbound.kinds import EventName, MessageKind


class WebhookForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    url = forms.CharField(
        label=_("Address"), max_length=2000, help_text=_("https://hooks.example.org/secops")
    )
    kind = forms.ChoiceField(label=_("What is sent"), choices=MessageKind.choices)
    system = forms.ModelChoiceField(
        label=_("Only of the system"),
        queryset=System.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("All systems"),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"), choices=EventName.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]


class WebhookNewForm(WebhookForm):
    """One more webhook; who wants to hear everything ticks one box, not each."""

    every = forms.BooleanField(
        label=_("All of these events"),
        required=False,
        help_text=_("Instead of ticking each; they can be chosen one by one later."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["events"].required = False

    def clean(self) -> dict[str, Any]:
        """The typed values, with the events that are meant in place of the box for all."""
        typed = super().clean() or self.cleaned_data
        if typed.pop("every", False):
            typed["events"] = list(EventName.values)
        elif typed.get("events") == []:
            self.add_error("events", self.fields["events"].error_messages["required"])
        return typed


class WebhookEditForm(WebhookForm, VersionedForm):
    pass
