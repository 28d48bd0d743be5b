"""Signing in, and how one signs in."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts import tries
from apps.accounts.models import User
from apps.accounts.services.factors import code_taken


class CountedTries(forms.BaseForm):
    """A form that asks for a secret, with wrong tries counted."""

    wait = 0  # seconds until there may be another try

    @contextlib.contextmanager
    def counting(self, counted: tries.Tries) -> Iterator[None]:
        """The secret is checked inside, unless there were too many tries. Raises: ValidationError."""
        with counted.under_way() as self.wait:
            if self.wait:
                raise forms.ValidationError(tries.too_often(self.wait), code="throttled")
            try:
                yield
            except forms.ValidationError:
                counted.failed()
                raise
            counted.worked()


class SignInForm(CountedTries, AuthenticationForm):
    """E-mail and password. One sentence for every refusal: it does not tell who has an account."""

    username = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username webauthn", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": _("This e-mail address and password do not go together. Try again."),
        "inactive": _("This e-mail address and password do not go together. Try again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autocomplete"] = "current-password"

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("username"):  # of what is typed anew only the password is missing
            self.fields["username"].widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True
        with self.counting(tries.of_account(self.cleaned_data.get("username", ""), self.request)):
            return dict(super().clean())


class SecretForm(CountedTries, forms.Form):
    """Something that only one person knows."""

    def checked(self, counted: tries.Tries, name: str, refusal: Any) -> None:
        """Ask `is_right`, unless there were too many tries."""
        with self.counting(counted):
            if not self.is_right(self.cleaned_data.get(name, "")):
                raise forms.ValidationError({name: refusal})

    def is_right(self, typed: str) -> bool:
        raise NotImplementedError


class SecondStepForm(SecretForm):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("Six digits of the app, or a recovery code."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "class": "num"}
        ),
    )

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            counted = tries.of_second_step(self.user.pk, self.request)
            self.checked(counted, "code", _("This code opens nothing. Each code works once."))
        return self.cleaned_data

    def is_right(self, typed: str) -> bool:
        return code_taken(self.user, typed)


class ConfirmForm(SecretForm):
    password = forms.CharField(
        label=_("Password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            counted = tries.of_account(self.user.email, self.request)
            self.checked(counted, "password", _("This is not your password."))
        return self.cleaned_data

    def is_right(self, typed: str) -> bool:
        return self.user.check_password(typed)


class AppForm(forms.Form):
    code = forms.CharField(
        label=_("Code that the app shows"),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "class": "num"}),
    )
    name = forms.CharField(
        label=_("What to call it"),
        max_length=80,
        required=False,
        help_text=_("Such as: telephone."),
    )


class NewPasswordForm(CountedTries, PasswordChangeForm):
    """Django's, with the tries at the old password counted as at the door: a session that somebody
    left open is no place to guess it."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        with self.counting(tries.of_account(self.user.email, self.request)):
            return str(super().clean_old_password())
