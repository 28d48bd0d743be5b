"""Signing in at a provider: there, and back with its answer."""

import hmac
import logging
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.actors import Actor
from apps.accounts.models import SecondStep, SignInProvider, User
from apps.accounts.selectors import provider_on
from apps.accounts.services.identities import (
    identity_connect,
    identity_shown,
    person_of,
    refusal_note,
)
from apps.accounts.services.logouts import logout_address, logout_take
from apps.accounts.services.openid import (
    Claims,
    SignInRefused,
    check_sender,
    sign_in_begin,
    sign_in_end,
)
from apps.accounts.signing_in import (
    PATIENCE,
    SURE_FOR,
    be_sure,
    begin_second_step,
    end_by,
    finish,
    is_sure,
    local_page,
)
from apps.accounts.tries import of_provider, too_often
from apps.common.errors import DomainError
from apps.common.http import status_of
from apps.common.openid import IssuerUnreachable

logger = logging.getLogger(__name__)

ASKED = "asked-providers"  # session: what was asked and is not answered yet, by state
MOST_ASKED = 5  # windows at once
# Why somebody is sent to a provider.
COME_IN, CONFIRM, CONNECT = "come-in", "confirm", "connect"


@dataclass(frozen=True)
class Question:
    """What the session remembers until the provider answers. user: who asked, if signed in then."""

    provider: int
    purpose: str
    nonce: str
    verifier: str
    next: str
    at: float
    user: int | None


@login_not_required
@never_cache
@require_GET
def sign_in_with(request: HttpRequest, key: str) -> HttpResponse:
    """On to the provider. A GET, since browsers bound where a form may lead (CSP form-action); it
    changes nothing but what this browser waits for.

    SECURITY: whom another site sends here has not asked to be signed in, and a provider that knows the browser would
    do it without a word: that person finds the button (ASVS 5.0 V7.6.2).
    """
    provider = provider_on(key)
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        wanted = urlencode({"next": local_page(request, request.GET.get("next", ""))})
        return redirect(f"{reverse('sign-in')}?{wanted}")
    counted = of_provider(request)
    if wait := counted.wait():
        return _wait(request, provider, wait)
    purpose = _purpose(request)
    if purpose == CONNECT and not is_sure(request):
        return redirect(f"{reverse('settings-confirm')}?next={reverse('settings-security')}")
    try:
        begun = sign_in_begin(provider, back=back_to(provider.key), again=purpose != COME_IN)
    except IssuerUnreachable as error:
        counted.failed()
        return _not_in(request, provider, error)
    question = Question(
        provider=provider.pk,
        purpose=purpose,
        nonce=begun.nonce,
        verifier=begun.verifier,
        next=local_page(request, request.GET.get("next", "")),
        at=time.time(),
        user=request.user.pk,
    )
    held = list(_held(request).items())[1 - MOST_ASKED :]
    request.session[ASKED] = {**dict(held), begun.state: asdict(question)}
    return redirect(begun.address)


@login_not_required
@never_cache
@require_GET
def sign_in_return(request: HttpRequest, key: str) -> HttpResponse:
    """The provider's answer. SECURITY: each is taken once, by the browser that asked."""
    provider = provider_on(key)
    question = _question_taken(request, provider)
    if question is None:
        return _not_in(
            request,
            provider,
            SignInRefused(
                _("This answer was not asked for here, or it took too long. Begin again."),
                why="",
            ),
        )
    try:
        claims = _claims(request, provider, question)
        return _PURPOSES[question.purpose](request, provider, question, claims)
    except (SignInRefused, IssuerUnreachable) as error:
        of_provider(request).failed()
        return _not_in(request, provider, error)


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def provider_logout(request: HttpRequest, key: str) -> HttpResponse:
    """The provider itself says that somebody has signed out there. SECURITY: its signature is all that counts; no
    cookie is read."""
    provider = provider_on(key)
    counted = of_provider(request)
    if wait := counted.wait():
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    try:
        ended = logout_take(provider, request.POST.get("logout_token", ""))
    except (SignInRefused, IssuerUnreachable) as error:
        counted.failed()
        why = error.why if isinstance(error, SignInRefused) else error.message
        logger.warning("a logout by %s is refused: %s", provider.key, why)
        told = {"error": "invalid_request", "error_description": why}
        return JsonResponse(told, status=400)
    logger.info("%s ended %d sessions", provider.key, ended)
    return HttpResponse(status=200)


@login_not_required
@never_cache
@require_GET
def sign_out_with(request: HttpRequest, key: str) -> HttpResponse:
    """On to the provider's page for signing out; here that is done already."""
    provider = provider_on(key)
    counted = of_provider(request)
    if wait := counted.wait():
        return _wait(request, provider, wait)
    try:
        address = logout_address(provider, back=settings.BASE_URL + reverse("sign-in"))
    except IssuerUnreachable:
        counted.failed()  # strangers may have us wait for a provider that does not answer
        said: Any = _("%(name)s has no page for that, or does not answer. Sign out there itself.")
        messages.warning(request, said % {"name": provider.name})
        return redirect("sign-in")
    return redirect(address)


def _claims(request: HttpRequest, provider: SignInProvider, question: Question) -> Claims:
    """Raises: SignInRefused, IssuerUnreachable."""
    check_sender(provider, request.GET.get("iss"))
    code = request.GET.get("code", "")
    if not code or len(code) > 4000 or not code.isprintable():
        refused = request.GET.get("error") == "access_denied"
        said: str = _("You were not signed in there.") if refused else _("There, something failed.")
        raise SignInRefused(said, why="It sent no code but an error." if not refused else "")
    return sign_in_end(
        provider,
        code=code,
        verifier=question.verifier,
        nonce=question.nonce,
        back=back_to(provider.key),
    )


def _come_in(
    request: HttpRequest, provider: SignInProvider, question: Question, claims: Claims
) -> HttpResponse:
    """Then the second step, unless the provider has asked for it (docs/sign-in.md)."""
    user = person_of(provider, claims)
    with_factor = provider.second_step == SecondStep.THEIRS or (
        provider.second_step == SecondStep.CLAIMED and claims.with_factor
    )
    came_by = (user.identities.get(provider=provider).pk, claims.sid)
    if user.factors.exists() and not with_factor:
        begin_second_step(request, user, question.next, came_by)
        end_by(request)
        return redirect("sign-in-second")
    finish(
        *(request, user),
        with_factor=with_factor,
        is_sure_now=_just_asked(claims),
        came_by=came_by,
    )
    end_by(request)
    return redirect(question.next)


def _confirm(
    request: HttpRequest, provider: SignInProvider, question: Question, claims: Claims
) -> HttpResponse:
    """Who is signed in shows once more who it is."""
    identity_shown(provider, claims, request.user.pk)
    if not _just_asked(claims):
        raise SignInRefused(
            _("%(name)s did not ask you to sign in anew.") % {"name": provider.name},
            why="It was asked to have the person sign in anew (max_age) and did not.",
        )
    be_sure(request)
    return redirect(question.next)


def _connect(
    request: HttpRequest, provider: SignInProvider, question: Question, claims: Claims
) -> HttpResponse:
    user = request.user
    identity_connect(
        actor=Actor(user=user if isinstance(user, User) else None), provider=provider, claims=claims
    )
    messages.success(request, _("You can sign in with %(name)s now.") % {"name": provider.name})
    return redirect(question.next)


_PURPOSES = {COME_IN: _come_in, CONFIRM: _confirm, CONNECT: _connect}


def _just_asked(claims: Claims) -> bool:
    """Whether the person was asked within the last quarter of an hour, by what the provider says;
    coming from there counts where it says nothing, as with Google."""
    return claims.at is None or time.time() - claims.at < SURE_FOR


def _purpose(request: HttpRequest) -> str:
    asked = request.GET.get("for", "")
    return asked if request.user.is_authenticated and asked in {CONFIRM, CONNECT} else COME_IN


def back_to(key: str) -> str:
    """The redirect address that a provider knows; never by the Host header of whoever asks."""
    return settings.BASE_URL + reverse("sign-in-return", args=[key])


def logout_at(key: str) -> str:
    """The address that a provider calls when somebody has signed out there."""
    return settings.BASE_URL + reverse("provider-logout", args=[key])


def _held(request: HttpRequest) -> dict[str, Any]:
    held = request.session.get(ASKED)
    return held if isinstance(held, dict) else {}


def _question_taken(request: HttpRequest, provider: SignInProvider) -> Question | None:
    """What the answer's state stands for; gone from the session with that."""
    state, held = request.GET.get("state", ""), _held(request)
    found = next(
        (each for each in held if hmac.compare_digest(each.encode(), state.encode())), None
    )
    if found is None:
        return None
    question = Question(**held.pop(found))
    request.session[ASKED] = held
    fits = question.provider == provider.pk and time.time() - question.at < PATIENCE
    # SECURITY: who asked must be who is still signed in, or nobody as before.
    same = question.purpose == COME_IN or question.user == request.user.pk
    return question if fits and same else None


def _wait(request: HttpRequest, provider: SignInProvider, seconds: int) -> HttpResponse:
    context = {"provider": provider, "said": too_often(seconds), "is_away": False}
    answer = render(request, "accounts/not_in.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _not_in(request: HttpRequest, provider: SignInProvider, error: DomainError) -> HttpResponse:
    """The page that says why somebody does not come in; those who manage the provider read more."""
    why = error.why if isinstance(error, SignInRefused) else error.message
    if why:
        logger.warning("sign-in with %s refused: %s", provider.key, why)
        refusal_note(provider, why)
    is_away = isinstance(error, IssuerUnreachable)
    context = {"provider": provider, "said": error.message, "is_away": is_away}
    status = status_of(error) if is_away else 403
    return render(request, "accounts/not_in.html", context, status=status)
