"""A rule that says which findings bear on a statement."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.stages import Stage
from apps.common.forms import with_any
from apps.risks.forms import CweField


class RuleForm(forms.Form):
    """All criteria given must hold; of several CWEs any."""

    cwes = CweField(
        label=_("Weaknesses (CWE)"),
        required=False,
        max_length=200,
        help_text=_("Numbers, separated by commas; any of them."),
    )
    rule_pattern = forms.CharField(
        label=_("Rule of the tool"),
        required=False,
        max_length=200,
        help_text=_("* stands for anything: CKV_AWS_2*"),
    )
    path_prefix = forms.CharField(
        label=_("Path begins with"), required=False, max_length=500, help_text="infra/storage/"
    )
    component = forms.CharField(
        label=_("Component"),
        required=False,
        max_length=300,
        help_text=_("A package URL without its version: pkg:pypi/django"),
    )
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )
