"""What was said of estimates, as a page lists it, and taking it back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.evidence.selectors import outcomes_list

SHOWN = 20


class OutcomeUndoForm(forms.Form):
    reason = forms.CharField(label=_("Why it is taken back"), max_length=500)

    def __init__(self, data: Any = None, *, outcome: int) -> None:
        super().__init__(data, auto_id=f"o{outcome}-%s")  # many stand on one page


def answers_panel(viewer: Actor, kept: tuple[int, OutcomeUndoForm] | None = None) -> dict[str, Any]:
    """told: (Outcome, form that takes it back or None), the newest first. kept: a form that was refused."""
    refused = dict([kept] if kept else [])
    return {
        "told": [
            (
                each,
                refused.get(each.pk) or OutcomeUndoForm(outcome=each.pk)
                if may(viewer, Permission.EVIDENCE_LINK, each.statement)
                else None,
            )
            for each in outcomes_list(viewer)[:SHOWN]
        ]
    }
