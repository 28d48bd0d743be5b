from django import forms
from django.utils.translation import gettext_lazy as _

from apps.scans.services.retention import LONGEST


class RetentionForm(forms.Form):
    days = forms.IntegerField(
        label=_("Days to keep a raw copy"),
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=_(
            "Counted from the moment the report was done with. Empty: raw copies are kept."
        ),
    )
