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


class WebhookEditForm(WebhookForm, VersionedForm):
    pass
