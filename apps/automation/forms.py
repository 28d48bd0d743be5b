"""Forms of the register."""

import re
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.automation.guards import guarded
from apps.automation.kinds import USUAL_STAGE, AutomationKind, Drift, Outcome, SignalOf
from apps.automation.models import Automation
from apps.automation.selectors import AutomationFilter
from apps.automation.services.register import LONGEST_INTERVAL, AutomationInput
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.errors import Invalid
from apps.common.forms import FilterForm, VersionedForm, with_any

_SEPARATORS = re.compile(r"[\s,;]+")


class AutomationFilterForm(FilterForm):
    system = forms.ChoiceField(label=_("System"), required=False)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=with_any(Stage.choices, _("Any stage"))
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=with_any(AutomationKind.choices, _("Any kind"))
    )
    drift = forms.ChoiceField(
        label=_("Stands"),
        required=False,
        choices=with_any([("trouble", _("Not as declared")), *Drift.choices], _("However it is")),
    )

    def __init__(self, *args: Any, systems: QuerySet[System], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(system.key, system.name) for system in systems]
        self.fields["system"].choices = with_any(named, _("Any system"))  # type: ignore[attr-defined]

    def wanted(self) -> AutomationFilter:
        return AutomationFilter(**{name: self.given(name) for name in self.fields})


class KeysField(forms.CharField):
    """Keys such as "RS-7, RS-12", as numbers."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=600, **kwargs)
        self.prefix = prefix

    def clean(self, value: Any) -> list[int]:
        numbers = []
        for word in _SEPARATORS.split(super().clean(value).strip()):
            found = re.fullmatch(rf"(?:{self.prefix}-)?([0-9]{{1,18}})", word, re.IGNORECASE)
            if word and found is None:
                told = _("%(word)s is no key; they look like %(prefix)s-7.")
                raise forms.ValidationError(told, params={"word": word, "prefix": self.prefix})
            if found:
                numbers.append(int(found[1]))
        return numbers


class AutomationForm(VersionedForm):
    name = forms.CharField(label=_("Name"), max_length=160)
    system = forms.ModelChoiceField(
        empty_label=_("Choose a system"),
        label=_("System"),
        queryset=System.objects.none(),
        to_field_name="key",
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=AutomationKind.choices)
    stage = forms.ChoiceField(label=_("Stage that runs it"), choices=Stage.choices)
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.all(),
        to_field_name="key",
        required=False,
        empty_label=_("The system's team"),
    )
    description = forms.CharField(
        label=_("What it does"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    repository = forms.URLField(
        label=_("Repository"), required=False, max_length=300, assume_scheme="https"
    )
    path = forms.CharField(label=_("Path in it"), required=False, max_length=300)
    revision = forms.CharField(
        label=_("Revision that should run"),
        required=False,
        max_length=100,
        help_text=_("A commit is compared with what ran."),
    )
    statements = KeysField(
        "RS", label=_("Guards these risks"), help_text=_("Keys, such as RS-7, RS-12.")
    )
    guidance = KeysField("G", label=_("Carries out this guidance"), help_text=_("Such as G-3."))
    tool = forms.CharField(
        label=_("Tool"),
        required=False,
        max_length=120,
        help_text=_("Whose reports are its runs; as the reports name it."),
    )
    category = forms.CharField(label=_("Category"), required=False, max_length=120)
    environment = forms.CharField(label=_("Environment"), required=False, max_length=60)
    pattern = forms.CharField(
        label=_("Rule or title in them"),
        required=False,
        max_length=200,
        help_text=_("Where it is one of many there; * stands for anything."),
    )
    interval_days = forms.IntegerField(
        label=_("Every ... days"), required=False, min_value=1, max_value=LONGEST_INTERVAL
    )
    due_on = forms.DateField(
        label=_("Due on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    hypothesis = forms.CharField(
        label=_("Hypothesis"),
        required=False,
        max_length=2000,
        help_text=_("Of an experiment: what should stay true."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    method = forms.CharField(
        label=_("Method"),
        required=False,
        max_length=5000,
        help_text=_("What is broken, and how it is mended again."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    threshold = forms.CharField(
        label=_("Threshold"),
        required=False,
        max_length=200,
        help_text=_("Of a signal: from when on it warns."),
    )
    signal_of = forms.ChoiceField(
        label=_("It watches"),
        required=False,
        choices=with_any(SignalOf.choices, _("No signal")),
    )
    moves_value = forms.BooleanField(
        label=_("Each run is an attempt that the value of the risks learns from"),
        required=False,
        help_text=_("For experiments and tests; what becomes of it, each risk's page says."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        viewer: Actor,
        systems: QuerySet[System],
        row: Automation | None = None,
        **kwargs: Any,
    ) -> None:
        if row is not None:
            kwargs["initial"] = _initial(row)
        super().__init__(data, **kwargs)
        self.viewer = viewer
        self.fields["version"].required = row is not None
        if row is not None:
            del self.fields["system"]
        else:
            self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if "statements" in typed and "guidance" in typed:
            try:
                found = guarded(self.viewer, typed["statements"], typed["guidance"])
            except Invalid as error:
                for name, problems in error.fields.items():
                    for problem in problems:
                        self.add_error(name, problem)
            else:
                typed |= {"statements": found.statements, "guidance": found.guidance}
        return typed

    def content(self) -> AutomationInput:
        """Only on a valid form."""
        said = {name: value for name, value in self.typed().items() if name != "system"}
        return AutomationInput(**said)


def _initial(row: Automation) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in AutomationForm.base_fields if hasattr(row, name)}
    return said | {
        "owner": row.owner.key if row.owner else "",
        "statements": ", ".join(each.key for each in row.statements.all()),
        "guidance": ", ".join(each.key for each in row.guidance.all()),
    }


def starting(kind: str) -> dict[str, Any]:
    """What the form begins with for a kind."""
    if kind not in AutomationKind.values:
        kind = AutomationKind.TEST
    return {"kind": kind, "stage": USUAL_STAGE[AutomationKind(kind)]}


class RunForm(forms.Form):
    outcome = forms.ChoiceField(label=_("Outcome"), choices=Outcome.choices)
    note = forms.CharField(label=_("Note"), required=False, max_length=2000)
