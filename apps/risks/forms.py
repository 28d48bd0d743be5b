"""Writing risk statements: two clauses and two ranges, typed the way people say them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.entry.fields import FrequencyField, MoneyField
from apps.common.forms import VersionedForm
from apps.risks.estimate_form import EstimateForm
from apps.risks.models import Attribute, RiskStatement
from apps.risks.services.statements import ESTIMATE, StatementInput

MOST_CWE = 999_999
MOST_DIGITS = 18


class CweField(forms.CharField):
    """CWE numbers, "89, CWE-79". Gives a sorted list of int."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        numbers = set()
        for word in text.replace(",", " ").split():
            digits = word.upper().removeprefix("CWE-")
            if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:8]) <= MOST_CWE):
                raise ValidationError(_('"%(word)s" is no CWE number.') % {"word": word[:20]})
            numbers.add(int(digits))
        return sorted(numbers)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(each) for each in value) if isinstance(value, list) else value


class StatementForm(EstimateForm):
    """All that a person writes of a statement. `option` belongs to a new one only."""

    field_order = ("condition", "consequence")  # as on the page, where errors are listed, too
    condition = forms.CharField(
        label=lazy("If you ..."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy(
            "What is done or left undone: keep uploads in a bucket that anyone may read"
        ),
    )
    consequence = forms.CharField(
        label=lazy("then ..."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("What may happen, and to whom: strangers read documents of customers."),
    )
    attributes = forms.MultipleChoiceField(
        label=lazy("What is at stake"),
        required=False,
        choices=Attribute.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    rationale = forms.CharField(
        label=lazy("Why these numbers"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea,
        help_text=lazy("Sources, comparable incidents, assumptions. Readers will ask. Markdown."),
    )
    threat_community = forms.CharField(
        label=lazy("Who would do it"), required=False, max_length=200
    )
    asset = forms.CharField(label=lazy("What they are after"), required=False, max_length=200)
    effect = forms.CharField(label=lazy("What it does"), required=False, max_length=300)
    cwes = CweField(
        label=lazy("Weaknesses (CWE)"),
        required=False,
        max_length=200,
        help_text=lazy("Numbers, separated by commas."),
    )

    def content(self) -> StatementInput:
        """The service's input. Call it on a valid form only."""
        texts = set(StatementInput.__dataclass_fields__) - set(ESTIMATE)
        written: dict[str, Any] = {name: self.cleaned_data[name] for name in texts}
        return StatementInput(**written | self.ends(), estimate=self.detail())


class StatementCreateForm(StatementForm):
    option = forms.TypedChoiceField(
        label=lazy("It holds"), required=False, coerce=int, empty_value=None
    )

    def __init__(self, *args: Any, options: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("whatever is chosen")), *options]
        self.fields["option"].choices = choices  # type: ignore[attr-defined]


class StatementEditForm(StatementForm, VersionedForm):
    pass


class AssumptionsForm(EstimateForm, VersionedForm):
    """The numbers of a statement alone, changed where they are read."""

    rationale = StatementForm.base_fields["rationale"]

    def content(self, statement: RiskStatement) -> StatementInput:
        """The statement with these numbers. Call it on a valid form only."""
        texts = set(StatementInput.__dataclass_fields__) - set(ESTIMATE)
        kept: dict[str, Any] = {name: getattr(statement, name) for name in texts}
        changed: dict[str, Any] = {"rationale": self.cleaned_data["rationale"]}
        return StatementInput(**kept | changed | self.ends(), estimate=self.detail())


def assumptions_of(statement: RiskStatement) -> dict[str, Any]:
    """What the form begins with."""
    names = (*ESTIMATE, "rationale", "version")
    return {name: getattr(statement, name) for name in names}


class OpinionForm(forms.Form):
    """Two 90 % ranges of one's own."""

    frequency_low = FrequencyField(label=lazy("At least"))
    frequency_high = FrequencyField(label=lazy("At most"))
    magnitude_low = MoneyField(label=lazy("At least"))
    magnitude_high = MoneyField(label=lazy("At most"))
    reason = forms.CharField(label=lazy("Why"), max_length=500, required=False)

    def ends(self) -> dict[str, Any]:
        """Call it on a valid form only."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=lazy("Why it no longer holds"), max_length=500)


class KeysField(forms.CharField):
    """Keys of statements, "RS-7, RS-9". Gives their numbers, each once."""

    def clean(self, value: Any) -> Any:
        numbers: dict[int, None] = {}
        for word in super().clean(value).replace(",", " ").split():
            digits = word.upper().removeprefix("RS-")
            if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
                raise ValidationError(_('"%(word)s" is no key like RS-7.') % {"word": word[:20]})
            numbers[int(digits)] = None
        return list(numbers)


class SupersedeForm(forms.Form):
    successors = KeysField(
        label=lazy("What says it now"),
        max_length=300,
        help_text=lazy("Keys of published risks of this system: RS-7, or several: RS-7, RS-9."),
    )
    reason = forms.CharField(label=lazy("Why they say it better"), max_length=500)


class RestoreForm(forms.Form):
    reason = forms.CharField(label=lazy("Why it holds again"), max_length=500)


class ReviewForm(forms.Form):
    """An approval may go without words, a comment not; the service says so."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    body = forms.CharField(
        label=lazy("What you found"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PublishForm(forms.Form):
    note = forms.CharField(label=lazy("What changed"), required=False, max_length=300)
