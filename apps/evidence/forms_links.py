"""What a person ticks to join findings and risk statements by hand."""

from collections.abc import Iterable
from typing import Any

from django import forms


class TickedForm(forms.Form):
    """Of the rows that a page offers, those that were ticked; others cannot be named."""

    def __init__(self, data: Any, *, name: str, offered: Iterable[Any], nothing: str) -> None:
        """`nothing`: what is said where no row was ticked."""
        super().__init__(data)
        self.name, self.rows = name, {each.pk: each for each in offered}
        self.fields[name] = forms.TypedMultipleChoiceField(
            coerce=int,
            choices=[(pk, pk) for pk in self.rows],
            error_messages={"required": nothing},
        )

    def chosen(self) -> list[Any]:
        """The rows. Only on a valid form."""
        return [self.rows[pk] for pk in self.cleaned_data[self.name]]
