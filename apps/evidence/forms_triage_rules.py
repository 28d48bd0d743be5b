"""A rule of findings, with the risk that they bear on."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.risks.forms import KeysField
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.scans.forms_rules import RuleForm


class TriageRuleForm(RuleForm):
    statement = KeysField(
        label=lazy("Risk that they bear on"),
        required=False,
        max_length=22,
        help_text=lazy("The key of a risk of the system, such as RS-7: they become its evidence."),
    )

    def __init__(self, *args: Any, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_statement(self) -> RiskStatement | None:
        keys: list[int] = self.cleaned_data["statement"]
        if len(keys) > 1:
            raise forms.ValidationError(_("One risk a rule: make another rule for another one."))
        try:
            return statement_get(self.viewer, keys[0]) if keys else None
        except Missing as error:
            raise forms.ValidationError(error.message) from error

    def said(self) -> dict[str, Any]:
        """A service's keywords. Only on a valid form."""
        return {"draft": self.draft(), "statement": self.cleaned_data["statement"]}
