"""request.actor for pages; who has to sign in first; where a person is signed in; and who still has to add a
second factor."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from apps.accounts.actors import ANONYMOUS, Actor
from apps.accounts.models import User
from apps.accounts.places import place_of
from apps.accounts.requests import page_before
from apps.accounts.services.factors import factor_due, is_asked
from apps.accounts.signing_in import FACTOR, is_over, note_again
from apps.common.api.problems import plain, problem
from apps.common.door import SIGNED_IN

TOLD = "factor-told"  # session: that the person was told of the day


def actor_of(request: HttpRequest) -> Actor:
    user = request.user
    return Actor(user=user) if isinstance(user, User) and user.is_active else ANONYMOUS


class SignInFirstMiddleware(LoginRequiredMiddleware):
    """Deny by default: views opt out. Afterwards one comes back to the page that one was on.

    A form's own address answers no GET, and a part of a page is none; assets/js/session.js asks before a form
    leaves, so that only pages without script get here with something typed.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        if "HX-Request" in request.headers:
            # htmx leaves the page as it is, and session.js says so; 302 would put the sign-in into it.
            return HttpResponse(status=401)
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(page_before(request, reverse("home")))


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _is_for_machines(path: str) -> bool:
    """Whether an address is of the API and not one of the pages that describe it."""
    return path.startswith("/api/") and path != "/api/docs" and not path.startswith("/api/docs/")


class NoPlainApiMiddleware:
    """Refuses the API over http where the portal is served over https.

    SECURITY: a redirect would work, and so nobody would notice that a token travels in the open.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        plainly = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if plainly and _is_for_machines(request.path):
            text = "Use https. A token that was sent over http may have been read: revoke it."
            return plain(request, 403, "https-needed", text)
        return self.get_response(request)


class PlaceMiddleware:
    """Pages in the language and the time zone of whoever reads them.

    Machines read the same whoever asks: everything under /api/ but its reference is in English and
    UTC, and so is what is streamed, since it is written after this has ended.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_for_machines(request.path):
            return self.get_response(request)
        with place_of(request).entered():
            response = self.get_response(request)
            language = translation.get_language() or ""
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        return response


class SessionMiddleware:
    """Notes where a person is signed in, and leads those to a second factor who must have one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        request.META[SIGNED_IN] = False
        if not isinstance(user, User) or not user.is_active:
            return self.get_response(request)
        if is_over(request):
            logout(request)
            return self.get_response(request)
        request.META[SIGNED_IN] = True
        note_again(request, user)
        due = factor_owed(request, user)
        if due is not None and not _leads_to_factor(request.path):
            if due <= timezone.now():
                return _ask_for_factor(request)
            _tell_of_factor(request, due)
        return self.get_response(request)


def factor_owed(request: HttpRequest, user: User) -> dt.datetime | None:
    """From when on this person needs a second factor; None where it has one, or needs none."""
    if request.session.get(FACTOR) or not is_asked(user):
        return None
    due = factor_due(user)
    if due is None:  # added elsewhere; this session is as good as before
        request.session[FACTOR] = True
    return due


def _tell_of_factor(request: HttpRequest, due: dt.datetime) -> None:
    """Once a session, on a page."""
    if request.method != "GET" or request.path.startswith("/api/") or request.session.get(TOLD):
        return
    request.session[TOLD] = True
    day = date_format(timezone.localtime(due), "DATE_FORMAT")
    said = _(
        "From %(day)s on you need a second factor here. Add one before, on your page of sign-in and sessions."
    )
    messages.info(request, said % {"day": day})


def _leads_to_factor(path: str) -> bool:
    open_paths = (reverse("settings-security"), reverse("sign-out"), "/static/")
    return path.startswith(open_paths)


def _ask_for_factor(request: HttpRequest) -> HttpResponse:
    said = _("You need a second factor here. Add an authenticator app or a passkey to go on.")
    if _is_for_machines(request.path):
        return JsonResponse(
            problem(403, "second-factor-needed", said),
            status=403,
            content_type="application/problem+json",
        )
    messages.info(request, said)
    return redirect("settings-security")
