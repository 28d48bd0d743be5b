"""Writing risk statements: two clauses and two ranges, typed the way people say them."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.forms import VersionedForm
from apps.risks.models import Attribute
from apps.risks.quant.entry import parse_frequency, parse_money
from apps.risks.quant.errors import EstimateError
from apps.risks.services.statements import StatementInput

MOST_CWE = 999_999
_SIX_PLACES = Decimal("0.000001")


def _sentence(error: EstimateError) -> str:
    return f"{error.reason[:1].upper()}{error.reason[1:]}."


class MoneyField(forms.CharField):
    """An amount of the organisation's currency: "20k", "1.5 M", "EUR 1,200,000". Gives a Decimal.

    free: accepts 0 (or "free"), which a loss may not be and a cost may.
    """

    def __init__(self, *, free: bool = False, **kwargs: Any) -> None:
        self.free = free
        kwargs.setdefault("max_length", 64)
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "text", "autocomplete": "off", "class": "num"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if self.free and set(text) <= set("0., "):
            return Decimal(0)
        try:
            amount = parse_money(text)
        except EstimateError as error:
            raise ValidationError(_sentence(error)) from error
        if amount.currency not in (None, settings.SECOPS_CURRENCY):
            raise ValidationError(
                _("Give the amount in %(currency)s; this portal does not convert currencies.")
                % {"currency": settings.SECOPS_CURRENCY}
            )
        return amount.value

    def prepare_value(self, value: Any) -> Any:
        """Stored amounts in digits, grouped; what was typed stays as it was typed."""
        if not isinstance(value, Decimal):
            return value
        return f"{value:,.2f}".removesuffix(".00")


class FrequencyField(forms.CharField):
    """Loss events a year: "0.2", "3 per year", "once in 10 years", "monthly". Gives a Decimal."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "text", "autocomplete": "off", "class": "num"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            rate = parse_frequency(text)
        except EstimateError as error:
            raise ValidationError(_sentence(error)) from error
        kept = rate.quantize(_SIX_PLACES, rounding=ROUND_HALF_EVEN)
        if kept <= 0:
            raise ValidationError(_("Less than once in a million years is kept as nothing."))
        return kept

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


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


class EstimateForm(forms.Form):
    """The two ranges alone: what a preview needs."""

    frequency_low = FrequencyField(label=lazy("At least"))
    frequency_high = FrequencyField(label=lazy("At most"))
    magnitude_low = MoneyField(label=lazy("At least"))
    magnitude_high = MoneyField(label=lazy("At most"))


class StatementForm(EstimateForm):
    """All that a person writes of a statement. `option` belongs to a new one only."""

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
        names = StatementInput.__dataclass_fields__
        return StatementInput(**{name: self.cleaned_data[name] for name in names})


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


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=lazy("Why it no longer holds"), max_length=500)


class PublishForm(forms.Form):
    note = forms.CharField(label=lazy("What changed"), required=False, max_length=300)
