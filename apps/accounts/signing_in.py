"""From a password, a passkey or a provider to a session; the one place that signs people in."""

import datetime as dt
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import User
from apps.accounts.services.passkeys import Site
from apps.accounts.services.sessions import SEEN_EVERY, Visit, session_seen
from apps.common.rates import address_of

logger = logging.getLogger("secops.sign_in")
HOME = "home"
BACKEND = "django.contrib.auth.backends.ModelBackend"
WAITING = "second-step"  # session: who has shown a password and still owes the second factor
SURE = "sure-at"  # session: when the person last showed who it is
BEGAN = "began-at"  # session: when the person signed in
FACTOR = "with-factor"  # session: whether a second factor was shown
CAME_BY = "came-by"  # session: who the person is at the provider that it came by, as CameBy
CHALLENGE = "passkey-challenge"
SEEN = "seen"  # session: its key and when its use was last noted
PATIENCE = 10 * 60  # seconds to find the telephone
SURE_FOR = 15 * 60


# The number of a PersonIdentity, and the provider's name of its session.
CameBy = tuple[int, str]


@dataclass(frozen=True)
class Waiting:
    user: User
    next: str
    came_by: CameBy | None = None


def begin_second_step(
    request: HttpRequest, user: User, next_page: str, came_by: CameBy | None = None
) -> None:
    """Remember who has shown a password or came from a provider. SECURITY: that opens nothing but
    the page that asks on."""
    request.session.cycle_key()
    request.session[WAITING] = {
        "user": user.pk,
        "at": time.time(),
        "next": next_page,
        "came_by": came_by,
    }


def waiting(request: HttpRequest) -> Waiting | None:
    """Who still owes the second factor here; None where it took too long."""
    held = request.session.get(WAITING)
    if not isinstance(held, dict) or time.time() - held["at"] > PATIENCE:
        return None
    user = User.objects.filter(pk=held["user"], is_active=True).first()
    came_by = held.get("came_by")
    return Waiting(user, held["next"], tuple(came_by) if came_by else None) if user else None


def finish(
    request: HttpRequest,
    user: User,
    *,
    with_factor: bool,
    is_sure_now: bool = True,
    came_by: CameBy | None = None,
) -> None:
    """A session. is_sure_now: the person itself was just asked, and not a browser that is known."""
    request.session.pop(WAITING, None)
    factors = "a second factor" if with_factor else "one factor"
    logger.info("person %d signed in with %s from %s", user.pk, factors, address_of(request))
    login(request, user, backend=BACKEND)
    request.session[FACTOR], request.session[BEGAN] = with_factor, time.time()
    request.session[CAME_BY] = came_by
    if is_sure_now:
        be_sure(request)
    else:
        request.session.pop(SURE, None)
    _note(request, user)


def end_by(request: HttpRequest) -> None:
    """However much it is used, the session ends after SESSION_COOKIE_AGE: then the provider is asked
    again, which knows who has left."""
    ends = timezone.now() + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session.set_expiry(ends)


def note_again(request: HttpRequest, user: User) -> None:
    """That a session is still in use, every few minutes and when its key has changed."""
    held = request.session.get(SEEN)
    if not isinstance(held, list):
        return  # no sign-in of ours, such as a test's
    key, at = held
    if key != request.session.session_key or time.time() - at > SEEN_EVERY.total_seconds():
        _note(request, user)


def _note(request: HttpRequest, user: User) -> None:
    if not request.session.session_key:
        request.session.save()
    key = str(request.session.session_key)
    agent = request.headers.get("User-Agent", "").replace("\x00", "")
    identity, sid = provider_of_session(request) or (None, "")
    session_seen(user, Visit(key, address_of(request), agent, identity, sid))
    request.session[SEEN] = [key, time.time()]


def provider_of_session(request: HttpRequest) -> CameBy | None:
    """By which provider's word the session began; None for a password or a passkey."""
    held = request.session.get(CAME_BY)
    return (int(held[0]), str(held[1])) if held else None


def be_sure(request: HttpRequest) -> None:
    request.session[SURE] = time.time()


def is_sure(request: HttpRequest) -> bool:
    """Whether the person showed who it is in the last quarter of an hour (NIST SP 800-63B-4, 5.2)."""
    return time.time() - float(request.session.get(SURE, 0)) < SURE_FOR


def is_over(request: HttpRequest) -> bool:
    """Whether the session has lasted as long as one may."""
    began = float(request.session.get(BEGAN, time.time()))
    return time.time() - began > settings.SECOPS_SESSION_HOURS * 3600


def local_page(request: HttpRequest, asked: str) -> str:
    """Where to go on: what was asked for if it is of this host."""
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(asked, hosts, require_https=request.is_secure()):
        return asked
    return resolve_url(HOME)


def site_of(request: HttpRequest) -> Site:
    host = request.get_host()  # of ALLOWED_HOSTS
    return Site(host.rsplit(":", 1)[0] if ":" in host else host, f"{request.scheme}://{host}")


def challenge_taken(request: HttpRequest) -> str:
    """The challenge that was asked; each is answered once."""
    return str(request.session.pop(CHALLENGE, ""))
