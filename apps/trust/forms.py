from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.catalog.stages import Stage
from apps.trust.hosts import host_name


class TrustRuleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    issuer = forms.ChoiceField(
        label=_("Code host"), help_text=_("Who runs the portal can add a GitLab of your own.")
    )
    repository = forms.CharField(
        label=_("Repository"), max_length=300, help_text=_("owner/name, as the host writes it.")
    )
    ref = forms.CharField(
        label=_("Branch or tag"),
        required=False,
        max_length=300,
        help_text=_("main, refs/tags/v*; empty: any."),
    )
    environment = forms.CharField(label=_("Environment"), required=False, max_length=120)
    workflow = forms.CharField(
        label=_("Workflow file"),
        required=False,
        max_length=300,
        help_text=_(".github/workflows/scan.yml; empty: any."),
    )
    stages = forms.MultipleChoiceField(
        label=_("May post to"),
        choices=Stage.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every stage."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hosts = [(each, host_name(each)) for each in settings.SECOPS_OIDC_ISSUERS]
        self.fields["issuer"].choices = hosts  # type: ignore[attr-defined]
