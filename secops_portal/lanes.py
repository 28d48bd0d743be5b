"""Which request goes through which lane of the web server (apps/common/door.py)."""

import hashlib
import json
import os
import re
import tempfile
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from importlib import import_module
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http.cookie import parse_cookie

from apps.accounts.models import User
from apps.accounts.services.tokens import token_authenticate
from apps.common.api.problems import MEDIA_TYPE, problem
from apps.common.door import (
    SIGNED_IN,
    TOO_SLOW,
    Application,
    Company,
    Door,
    Environ,
    Keeper,
    Lane,
    Refusal,
    StartResponse,
)
from apps.common.metrics import REFUSED, WAITS

LANES = (
    # What people look at who are signed in.
    Lane("pages", places=4, room=64),
    # Everybody else who asks for a page: to sign in, or to keep the portal busy.
    Lane("strangers", places=2, room=48),
    # What pipelines send, often all at the same minute: one after the other, so that pages do not wait for them.
    Lane("reports", places=1, room=224, rest=3.0),
    # Who they are where this process does not know their token yet, which takes a moment; and the exchange of what
    # proves a job for a token.
    Lane("arrivals", places=1, room=224, rest=1.0),
    # What else programs ask for, or tell: whether a report is processed, findings, exports; hooks of trackers.
    Lane("programs", places=2, room=64),
    # Large bodies, as slow as their senders, whom the portal has recognised.
    Lane("large", places=2, room=16),
    # Large messages of trackers, which prove by their signature alone who sends them. It rests, however little, so
    # that reports do not rest for a stranger who holds it.
    Lane("signed", places=1, room=8, rest=0.1),
    # Supervisors and monitoring.
    Lane("checks", places=1, room=8),
)
# Where pipelines send results, and where they get the token for it.
_REPORTS = re.compile(
    r"/api/(v1/reports|v1/receivers/\w+|v2/(re)?import-scan/"
    r"|(github|v3)/repos/[^/]+/[^/]+/code-scanning/sarifs)"
)
_EXCHANGE = "/api/v1/oidc/token"
_CHECKS = {"/readyz", "/metrics"}
SECONDS = 5


class Known:
    """Sessions and tokens whose holder this process has recognised; digests of the latest `most` of them.

    SECURITY: anybody can send a cookie or a token of any text. Only a session that Django recognised leads into the
    lane of people from then on, so strangers cannot fill it; the first request of a session goes with them, once a
    process. A token is asked about before its first post goes into the lane of reports.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, session: str) -> bool:
        return bool(session) and _digest(session) in self._digests

    def note(self, session: str, *, is_signed_in: bool) -> None:
        digest = _digest(session)
        with self._lock:
            self._digests.pop(digest, None)
            if is_signed_in:
                self._digests[digest] = None
            if len(self._digests) > self._most:
                self._digests.popitem(last=False)


def _digest(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "replace")).digest()


known, known_tokens = Known(), Known()


def lane_of(environ: Environ) -> str:
    """The name of the lane of a request with a small body or none; "" for what asks nothing of the database."""
    path = environ.get("PATH_INFO", "")
    if path == "/healthz" or path.startswith(settings.STATIC_URL):
        return ""
    if path in _CHECKS:
        return "checks"
    if environ.get("REQUEST_METHOD") == "POST":
        if _REPORTS.fullmatch(path):
            return "reports"
        if path == _EXCHANGE:
            return "arrivals"
    if _session_of(environ) in known:  # pages ask the API, too, for the person who looks at them
        return "pages"
    return "programs" if path.startswith(("/api/", "/hooks/")) else "strangers"


def lane_of_large(environ: Environ) -> str:
    return "signed" if environ.get("PATH_INFO", "").startswith("/hooks/") else "large"


def _asks(environ: Environ, lane: str) -> bool:
    """SECURITY: a large body each time, since its sender holds a place as long as the line is slow; a small one
    of a pipeline until its token, or the session, is known."""
    if lane == "large":
        return True
    is_known = token_sent(environ) in known_tokens or _session_of(environ) in known
    return lane == "reports" and not is_known


def recognise(environ: Environ) -> bool:
    """Whether a token, or the session, is somebody's; the application itself asks what they may."""
    try:
        if text := token_sent(environ):
            is_somebody = token_authenticate(text) is not None
            known_tokens.note(text, is_signed_in=is_somebody)
        else:
            is_somebody = _is_signed_in(_session_of(environ))
    except DatabaseError:
        return True  # the application says what is the matter, and recognises nobody either
    return is_somebody


def _recognise_in_lane(environ: Environ) -> bool:
    close_old_connections()  # as before each request: this is none that Django knows of
    return recognise(environ)


def _is_signed_in(session: str) -> bool:
    """Not by Django's get_user, which gives a session another key when the secret key has turned."""
    if not session:
        return False
    held = import_module(settings.SESSION_ENGINE).SessionStore(session).get(SESSION_KEY)
    return held is not None and User.objects.filter(pk=held, is_active=True).exists()


def token_sent(environ: Environ) -> str:
    """The text of a token, as the API takes it (Bearer, Token) and its receivers (the password of Basic); or ""."""
    scheme, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return b64decode(text.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return text.strip() if scheme.lower() in {"bearer", "token"} else ""


def _session_of(environ: Environ) -> str:
    """As Django reads it, which takes no other cookie for it whose name or text has this name in it."""
    return parse_cookie(environ.get("HTTP_COOKIE", "")).get(settings.SESSION_COOKIE_NAME, "")


def recognising(application: Application) -> Application:
    """The application, with what it says of sessions and tokens noted."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        token = token_sent(environ)

        def start(status: str, *words: Any) -> Callable[[bytes], object]:
            if token and status.startswith("401"):  # revoked since, or expired
                known_tokens.note(token, is_signed_in=False)
            return start_response(status, *words)

        answered = application(environ, start)
        session, is_signed_in = _session_of(environ), environ.get(SIGNED_IN)
        if session and is_signed_in is not None:
            known.note(session, is_signed_in=is_signed_in)
        return answered

    return answer


def refusal(environ: Environ) -> Refusal:
    """What is said where there is no room: to programs a problem (RFC 9457), to people a sentence."""
    if environ.get("PATH_INFO", "").startswith("/api/"):
        text = "Too many requests wait already. Nothing of this one was kept: send it again."
        return Refusal(MEDIA_TYPE, json.dumps(problem(503, "busy", text)).encode(), SECONDS)
    text = (
        "The portal has too much to do just now. Nothing was changed: try again in a few seconds.\n"
    )
    return Refusal("text/plain; charset=utf-8", text.encode(), SECONDS)


def slow(environ: Environ) -> Refusal:
    """What a sender hears for whom nobody waits any longer."""
    if not environ.get("PATH_INFO", "").startswith("/api/"):
        return TOO_SLOW
    text = "The body came too slowly. Nothing of it was kept: send it again."
    body = json.dumps(problem(408, "too-slow", text)).encode()
    return Refusal(MEDIA_TYPE, body, 0, TOO_SLOW.status)


def stranger(environ: Environ) -> Refusal:
    """What a stranger hears whose body is large. `message` is where GitHub's clients look."""
    text = (
        "The portal reads a body over 256 KiB, or without a length, only of those whom it knows: "
        "send a token that is neither expired nor revoked."
    )
    if environ.get("PATH_INFO", "").startswith("/api/"):
        said = problem(401, "not-authenticated", text, message=text)
        return Refusal(MEDIA_TYPE, json.dumps(said).encode(), 0, "401 Unauthorized")
    page = "This is more than the portal reads of somebody who is not signed in.\n"
    return Refusal("text/plain; charset=utf-8", page.encode(), 0, "413 Content Too Large")


KEEPER = Keeper("arrivals", _asks, _recognise_in_lane, "strangers", stranger)


def behind_a_door(application: Application) -> Door:
    return Door(
        recognising(application),
        LANES,
        lane_of,
        refusal,
        company=Company(os.environ.get("SECOPS_DOOR_FILE") or tempfile.mkstemp()[1]),
        large=lane_of_large,
        keeper=KEEPER,
        slow=slow,
        waited=lambda lane, seconds: WAITS.labels(lane).observe(seconds),
        refused=lambda lane: REFUSED.labels(lane).inc(),
    )
