from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.translation import gettext_lazy as _

from apps.notices.kinds import NoticeKind
from apps.notices.models import MailEvery, NoticeWish


class WishForm(forms.Form):
    """Which kinds, where, and how often by mail."""

    shown = forms.MultipleChoiceField(
        label=_("In the portal"),
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    mailed = forms.MultipleChoiceField(
        label=_("By mail"),
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    mail_every = forms.ChoiceField(
        label=_("Mails"), choices=MailEvery.choices, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, wish: NoticeWish) -> None:
        super().__init__(
            data,
            initial={
                "shown": [kind for kind in NoticeKind.values if kind not in wish.hidden],
                "mailed": [kind for kind in NoticeKind.values if kind not in wish.unmailed],
                "mail_every": wish.mail_every,
            },
        )

    def rows(self) -> Iterator[tuple[BoundWidget, BoundWidget]]:
        """Of each kind its box in the portal and its box by mail."""
        return zip(self["shown"], self["mailed"], strict=True)

    def said(self) -> dict[str, Any]:
        """A service's keywords. Only on a valid form."""
        typed = self.cleaned_data
        return {
            "hidden": [kind for kind in NoticeKind.values if kind not in typed["shown"]],
            "unmailed": [kind for kind in NoticeKind.values if kind not in typed["mailed"]],
            "mail_every": typed["mail_every"],
        }
