"""Rules for findings, and the list of owners."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Team
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.forms import with_any
from apps.scans.forms import CweField
from apps.scans.models import SEVERITIES, Justification, Verdict
from apps.scans.selectors import FindingFilter
from apps.scans.services.rules import RuleDraft

_VERDICTS = [(each.value, each.label) for each in Verdict if each != Verdict.OPEN]


class RuleForm(forms.Form):
    """Which findings, and what is said of them."""

    name = forms.CharField(label=_("Name"), max_length=120)
    system = forms.ModelChoiceField(
        label=_("System"), queryset=System.objects.none(), to_field_name="key", required=False
    )
    q = forms.CharField(label=_("Text in title, rule or place"), required=False, max_length=200)
    rule = forms.CharField(
        label=_("Rule of the tool"),
        required=False,
        max_length=200,
        help_text=_("* stands for anything: CKV_AWS_2*"),
    )
    path = forms.CharField(
        label=_("Path begins with"), required=False, max_length=500, help_text="tests/"
    )
    component = forms.CharField(
        label=_("Component"),
        required=False,
        max_length=300,
        help_text=_("A package URL without its version: pkg:pypi/django"),
    )
    cwe = CweField(label=_("Weakness"), required=False, max_length=12)
    tool = forms.CharField(label=_("Tool"), required=False, max_length=120)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )
    severity = forms.ChoiceField(
        label=_("At least"),
        required=False,
        choices=with_any([(str(n), name) for n, name in reversed(SEVERITIES)], _("Any severity")),
    )
    verdict = forms.ChoiceField(
        label=_("State"), required=False, choices=with_any(_VERDICTS, _("Leave it open"))
    )
    justification = forms.ChoiceField(
        label=_("Why it is not affected"),
        required=False,
        choices=with_any(Justification.choices, _("Not said")),
    )
    reason = forms.CharField(
        label=_("Why"), required=False, max_length=500, help_text=_("Needed with a state.")
    )
    team = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.none(),
        to_field_name="key",
        required=False,
        empty_label=_("As it is"),
    )
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas.")
    )

    def __init__(
        self, *args: Any, systems: QuerySet[System], everywhere: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        system: Any = self.fields["system"]
        system.queryset, system.required = systems, not everywhere
        system.empty_label = _("All systems") if everywhere else _("Choose a system")
        self.fields["team"].queryset = Team.objects.order_by("name")  # type: ignore[attr-defined]

    def draft(self) -> RuleDraft:
        """Only on a valid form."""
        given = self.cleaned_data
        wanted = FindingFilter(
            stage=given["stage"],
            severity=int(given["severity"]) if given["severity"] else None,
            text=given["q"],
            cwe=given["cwe"],
            rule=given["rule"],
            path=given["path"],
            component=given["component"],
            tool=given["tool"],
        )
        return RuleDraft(
            name=given["name"],
            wanted=wanted,
            system=given["system"],
            verdict=given["verdict"],
            justification=given["justification"],
            reason=given["reason"],
            team=given["team"],
            tags=[word.strip() for word in given["tags"].split(",") if word.strip()],
        )


class OwnersForm(forms.Form):
    text = forms.CharField(
        label=_("Who owns what"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
        help_text=_("As in CODEOWNERS; the last line that fits counts."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
