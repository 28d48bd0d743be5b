"""Signing in."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.common.rates import address_of, forget, look, take


class SignInForm(AuthenticationForm):
    """E-mail and password. One sentence for every refusal: it does not tell who has an account."""

    username = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": _("This e-mail address and password do not go together. Try again."),
        "inactive": _("This e-mail address and password do not go together. Try again."),
    }

    wait = 0  # seconds until there may be another try

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autocomplete"] = "current-password"

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any]:
        """Tries are counted for this account from this address, and for the address alone: whoever
        tries somebody else's account shuts out only himself."""
        account, address = (
            self.cleaned_data.get("username", ""),
            address_of(self.request) if self.request else "",
        )
        pair = ("sign-in", account, address)
        for rate, who in (
            (settings.SECOPS_RATE_SIGN_IN, pair),
            (settings.SECOPS_RATE_SIGN_IN_ADDRESS, ("sign-in-address", address)),
        ):
            left = look(rate, *who)
            if left is not None and not left.allowed:
                self.wait = max(left.reset, 1)
                raise forms.ValidationError(self._too_often(self.wait), code="throttled")
        try:
            typed = super().clean()
        except forms.ValidationError:
            take(settings.SECOPS_RATE_SIGN_IN, *pair)
            take(settings.SECOPS_RATE_SIGN_IN_ADDRESS, "sign-in-address", address)
            raise
        forget(settings.SECOPS_RATE_SIGN_IN, *pair)
        return dict(typed)

    @staticmethod
    def _too_often(seconds: int) -> str:
        minutes = -(-seconds // 60)
        return ngettext(
            "Too many tries from here. Wait %(n)d minute, then try again.",
            "Too many tries from here. Wait %(n)d minutes, then try again.",
            minutes,
        ) % {"n": minutes}
