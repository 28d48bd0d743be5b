"""A threat model, as a file or as the text of one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.forms_files import FileOrTextForm


class ThreatModelForm(FileOrTextForm):
    file = forms.FileField(
        label=_("Threat model"),
        required=False,
        help_text=_(
            "JSON of OTM, TM-BOM (OWASP Threat Model Library), Threat Dragon or Threat Composer, or "
            "risks.json of Threagile."
        ),
    )
