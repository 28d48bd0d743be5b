"""Saying what came of an estimate."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.entry.errors import EntryError
from apps.common.entry.fields import SaidField, reads_german, reason_words
from apps.common.entry.reading import parse_money
from apps.evidence.services.outcomes import MOST_EVENTS

MOST_LOSSES = 100


class LossesField(SaidField):
    """Amounts, "20k; 1.5 M". Gives a list of Decimal."""

    def clean(self, value: Any) -> Any:
        words = [each.strip() for each in re.split(r"[;\n]", super().clean(value)) if each.strip()]
        if len(words) > MOST_LOSSES:
            raise ValidationError(_("At most %(most)d.") % {"most": MOST_LOSSES})
        found: list[Decimal] = []
        for word in words:
            try:
                found.append(parse_money(word, german=reads_german()).value)
            except EntryError as error:
                said = {"word": word[:40], "reason": reason_words(error)}
                raise ValidationError(_("%(word)s: %(reason)s.") % said) from error
        return found


class OutcomeForm(forms.Form):
    events = forms.IntegerField(label=lazy("It happened"), min_value=0, max_value=MOST_EVENTS)
    losses = LossesField(
        label=lazy("and cost, each time"),
        required=False,
        max_length=2000,
        help_text=lazy("Where it is known; with ; between: 20k; 1.5 M"),
    )
    note = forms.CharField(label=lazy("Note"), required=False, max_length=500)
