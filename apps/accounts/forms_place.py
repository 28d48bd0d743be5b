"""How one reads: language and time zone."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.places import zone_meant


class PlaceForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        required=False,
        help_text=_("Type a city, such as Berlin. Empty: the zone of the browser."),
        widget=forms.TextInput(
            attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial={"language": user.language, "time_zone": user.time_zone})
        as_browser = ("", _("As the browser says"))
        self.fields["language"].choices = [as_browser, *settings.LANGUAGES]  # type: ignore[attr-defined]

    def clean_time_zone(self) -> str:
        typed = str(self.cleaned_data["time_zone"])
        if not typed:
            return ""
        found = zone_meant(typed)
        if found is None:
            raise forms.ValidationError(
                _("There is no such time zone. Choose one of the list, such as Europe/Berlin.")
            )
        return found
