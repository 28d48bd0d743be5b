"""Settings: a person's own ways to sign in, and where it is signed in."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.forms import AppForm, ConfirmForm, CountedTries, NewPasswordForm
from apps.accounts.requests import PageRequest, page_before
from apps.accounts.selectors import identities_own, providers_on
from apps.accounts.services.factors import (
    app_add,
    app_new,
    app_shown,
    factor_due,
    factor_remove,
    recovery_make,
    secret_found,
    secret_hidden,
)
from apps.accounts.services.identities import identity_disconnect
from apps.accounts.services.passkeys import passkey_add, passkey_ask_new
from apps.accounts.services.passwords import password_changed
from apps.accounts.services.sessions import session_end, sessions_end_others, sessions_of
from apps.accounts.signing_in import (
    CHALLENGE,
    FACTOR,
    be_sure,
    challenge_taken,
    is_sure,
    site_of,
)
from apps.accounts.tries import throttled
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors

PENDING = "app-pending"  # session: the sealed secret of an app that is being set up
P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponse]


def sure(view: View[P]) -> View[P]:
    """SECURITY: an open browser is not enough to change how somebody signs in."""

    @wraps(view)
    def asked(request: PageRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_sure(request):
            return view(request, *args, **kwargs)
        back = request.get_full_path()
        if request.method != "GET":  # the page whose button was pressed: there it is pressed again
            back = page_before(request, reverse("settings-security"))
        return redirect(f"{reverse('settings-confirm')}?{urlencode({'next': back})}")

    return asked  # type: ignore[return-value]  # the same, but for the name of an argument


@never_cache
@require_GET
def security_page(request: PageRequest) -> HttpResponse:
    context = {
        "factors": list(request.user.factors.all()),
        "factor_due": factor_due(request.user),
        "codes_left": request.user.recovery_codes.filter(used_at=None).count(),
        "sessions": sessions_of(request.user),
        "this_session": request.session.session_key,
        "has_password": request.user.has_usable_password(),
        "identities": identities_own(request.actor),
        "connectable": providers_on().exclude(identities__user=request.user),
    }
    return render(request, "accounts/security.html", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def confirm_page(request: PageRequest) -> HttpResponse:
    form = ConfirmForm(request.POST or None, user=request.user, request=request)
    if form.is_valid():
        be_sure(request)
        return redirect(_back(request))
    identities = identities_own(request.actor)
    context = {
        "identities": [each for each in identities if each.provider.is_on],
        "has_password": request.user.has_usable_password(),
        "next": _back(request),
    }
    return _asked_again(request, "accounts/confirm.html", form, context)


def _asked_again(
    request: PageRequest,
    template: str,
    form: CountedTries,
    more: Mapping[str, object] | None = None,
) -> HttpResponse:
    context = {"form": form, **(more or {})}
    answer = render(request, template, context, status=422 if form.errors else 200)
    return throttled(answer, form)


def _back(request: PageRequest) -> str:
    asked = request.GET.get("next", "")
    allowed = url_has_allowed_host_and_scheme(asked, None)
    return asked if allowed and asked.startswith("/") else reverse("settings-security")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_page(request: PageRequest) -> HttpResponse:
    """A new password ends every other session: their hash no longer fits."""
    form = NewPasswordForm(request.user, request.POST or None, request=request)
    if form.is_valid():
        user = form.save()
        update_session_auth_hash(request, user)
        password_changed(actor=request.actor)
        be_sure(request)
        messages.success(request, _("The password is changed; everywhere else you are signed out."))
        return redirect("settings-security")
    return _asked_again(request, "accounts/password.html", form)


@never_cache
@sure
@require_http_methods(["GET", "POST"])
def app_page(request: PageRequest) -> HttpResponse:
    """Set an authenticator app up: scan, then show a code of it."""
    hidden = request.session.get(PENDING)
    try:
        if request.method == "GET" or not hidden:
            shown = app_new(request.user)
            request.session[PENDING] = secret_hidden(request.user, shown.secret)
        else:
            shown = app_shown(request.user, secret_found(request.user, hidden))
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("settings-security")
    form = AppForm(request.POST if request.method == "POST" and hidden else None)
    if form.is_valid():
        try:
            codes = app_add(actor=request.actor, secret=shown.secret, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            del request.session[PENDING]
            return _added(request, codes, _("The app is set up."))
    context = {"form": form, "app": shown}
    return render(request, "accounts/app.html", context, status=422 if form.errors else 200)


def _added(request: PageRequest, codes: list[str], said: str) -> HttpResponse:
    """Recovery codes are in this answer, once. SECURITY: no redirect, a session would keep them."""
    request.session[FACTOR] = True
    if codes:
        return render(request, "accounts/codes.html", {"codes": codes, "said": said})
    messages.success(request, said)
    return redirect("settings-security")


@never_cache
@sure
@require_POST
def passkey_new_options(request: PageRequest) -> HttpResponse:
    asked = passkey_ask_new(request.user, site_of(request))
    request.session[CHALLENGE] = asked.challenge
    return HttpResponse(asked.options, content_type="application/json")


@never_cache
@sure
@require_POST
def passkey_add_action(request: PageRequest) -> HttpResponse:
    try:
        codes = passkey_add(
            actor=request.actor,
            site=site_of(request),
            challenge=challenge_taken(request),
            answer=request.POST.get("answer", ""),
            name=request.POST.get("name", "")[:80].replace("\x00", ""),
        )
    except Invalid as error:
        messages.error(request, " ".join(text for texts in error.fields.values() for text in texts))
        return redirect("settings-security")
    return _added(request, codes, _("The passkey is kept. Next time it signs you in by itself."))


@sure
@require_POST
def factor_remove_action(request: PageRequest, pk: int) -> HttpResponse:
    factor_remove(actor=request.actor, pk=pk)
    messages.success(request, _("It is removed; it opens nothing any more."))
    return redirect("settings-security")


@sure
@require_POST
def identity_remove_own_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        identity = identity_disconnect(actor=request.actor, pk=pk)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        said: Any = _("You come in with %(name)s no longer.")
        messages.success(request, said % {"name": identity.provider.name})
    return redirect("settings-security")


@never_cache
@sure
@require_POST
def recovery_action(request: PageRequest) -> HttpResponse:
    try:
        codes = recovery_make(actor=request.actor)
    except Invalid:
        messages.error(request, _("Recovery codes stand in for another factor; add one first."))
        return redirect("settings-security")
    context = {"codes": codes, "said": _("These take the place of all codes before.")}
    return render(request, "accounts/codes.html", context)


@require_POST
def session_end_action(request: PageRequest, pk: int) -> HttpResponse:
    session_end(actor=request.actor, pk=pk)
    messages.success(request, _("Signed out there."))
    return redirect("settings-security")


@require_POST
def sessions_end_action(request: PageRequest) -> HttpResponse:
    ended = sessions_end_others(actor=request.actor, keep=request.session.session_key or "")
    said: Any = _("Signed out everywhere else (%(number)d).") % {"number": ended}
    messages.success(request, said)
    return redirect("settings-security")
