"""The forms of the page of a planning item."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.advice.item_page import ItemView, OptionView
from apps.common.entry.fields import MoneyField
from apps.common.forms import VersionedForm
from apps.planning.models import Option
from apps.risks.models import RiskStatement, StatementState, Treatment

LONGEST = 20_000


class AskForm(forms.Form):
    body = forms.CharField(
        label=_("Your question"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It waits on the home page of those who may answer. Markdown."),
    )


class AnswerForm(forms.Form):
    body = forms.CharField(
        label=_("Answer"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class OptionForm(forms.Form):
    title = forms.CharField(label=_("Option"), max_length=200)
    description = forms.CharField(
        label=_("What it means"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown."),
    )
    cost_once = MoneyField(
        label=_("Cost once"), required=False, free=True, help_text=_("Like 20k; 0 for free.")
    )
    cost_yearly = MoneyField(
        label=_("Cost a year"),
        required=False,
        free=True,
        help_text=_("Of one alone the other counts as 0. Both empty: not known yet."),
    )
    is_baseline = forms.BooleanField(
        label=_("This is the baseline"),
        required=False,
        help_text=_("The other options are compared with it. The first one is it by itself."),
    )
    is_do_nothing = forms.BooleanField(
        label=_("This is to do nothing"),
        required=False,
        help_text=_("A legitimate option: its risk is what the others are worth."),
    )


class OptionEditForm(OptionForm, VersionedForm):
    pass


def _choices(options: Sequence[OptionView]) -> list[tuple[int, str]]:
    return [(view.option.pk, view.option.title) for view in options]


class _ChoosesOption(forms.Form):
    """A form with an `option` of one item."""

    def __init__(self, *args: Any, view: ItemView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.view = view
        self.fields["option"].choices = self.option_choices()  # type: ignore[attr-defined]

    def option_choices(self) -> list[tuple[Any, Any]]:
        return list(_choices(self.view.options))

    def chosen(self) -> Option | None:
        pk = self.cleaned_data["option"]
        return next((each.option for each in self.view.options if each.option.pk == pk), None)


class RecommendForm(_ChoosesOption):
    option = forms.TypedChoiceField(
        label=_("Security would choose"), required=False, coerce=int, empty_value=None
    )
    reason = forms.CharField(
        label=_("Because"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )

    def option_choices(self) -> list[tuple[Any, Any]]:
        return [("", _("none of them: advice on the item as a whole")), *super().option_choices()]


class DecisionForm(_ChoosesOption):
    """The option, why, until when, and what is done about each risk that the option runs."""

    # The decision that the page showed, 0 for none: nobody replaces one that they have not seen.
    instead_of = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    option = forms.TypedChoiceField(label=_("Chosen option"), coerce=int, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Because"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever reads this in a year will ask. Markdown."),
    )
    valid_until = forms.DateField(
        label=_("Valid until"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("After this day it is open again. Empty: no end."),
    )

    def __init__(self, *args: Any, view: ItemView, **kwargs: Any) -> None:
        super().__init__(*args, view=view, **kwargs)
        self.treated: dict[str, RiskStatement] = {}
        for statement in published_statements(view):
            name = f"treatment_{statement.pk}"
            self.treated[name] = statement
            self.fields[name] = forms.ChoiceField(
                label=statement.key,
                required=False,
                choices=[("", _("not said")), *Treatment.choices],
            )

    def add_conflict(self, message: str) -> None:
        """What was typed stays; the page around it shows the decision that counts now, and the next try is on that."""
        data: Any = self.data
        self.data = data.copy()
        current = self.view.decision
        self.data[self.add_prefix("instead_of")] = str(current.pk if current else 0)  # type: ignore[index]
        self.add_error(None, message)
        self.add_error(None, _("What you typed is kept. Record it again to put it in its place."))

    def treatments(self) -> dict[int, str]:
        """{statement id: treatment} of the risks that the chosen option runs."""
        option = self.cleaned_data["option"]
        return {
            statement.pk: self.cleaned_data[name]
            for name, statement in self.treated.items()
            if self.cleaned_data[name] and statement.option_id in (None, option)
        }

    def shared(self) -> list[tuple[RiskStatement, forms.BoundField]]:
        """Risks of the item as a whole, each with its field."""
        return self._of(None)

    def choices(self) -> list[tuple[Any, list[tuple[RiskStatement, forms.BoundField]]]]:
        """Each option's radio button with the risks that only this option runs, in the order of the view."""
        return [
            (radio, self._of(view.option.pk))
            for radio, view in zip(self["option"], self.view.options, strict=True)
        ]

    def _of(self, option_id: int | None) -> list[tuple[RiskStatement, forms.BoundField]]:
        return [
            (statement, self[name])
            for name, statement in self.treated.items()
            if statement.option_id == option_id
        ]


def published_statements(view: ItemView) -> list[RiskStatement]:
    everywhere = [view.on_item, *(option.statements for option in view.options)]
    return [
        each.statement
        for statements in everywhere
        for each in statements
        if each.statement.state == StatementState.PUBLISHED
    ]
