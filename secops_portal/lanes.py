"""Which request goes through which lane of the web server (apps/common/door.py)."""

import hashlib
import json
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from django.conf import settings
from django.http.cookie import parse_cookie

from apps.common.api.problems import MEDIA_TYPE, problem
from apps.common.door import (
    SIGNED_IN,
    Application,
    Company,
    Door,
    Environ,
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
    # What else programs ask for, or tell: whether a report is processed, findings, exports; hooks of trackers.
    Lane("programs", places=2, room=64),
    # Large bodies, as slow as their senders.
    Lane("large", places=2, room=16),
    # Supervisors and monitoring.
    Lane("checks", places=1, room=8),
)
# Where pipelines send results, and where they get the token for it.
_REPORTS = re.compile(
    r"/api/(v1/reports|v1/receivers/\w+|v1/oidc/token|v2/(re)?import-scan/"
    r"|(github|v3)/repos/[^/]+/[^/]+/code-scanning/sarifs)"
)
_CHECKS = {"/readyz", "/metrics"}
SECONDS = 5


class Known:
    """Sessions whose holder was found to be signed in, by this process; the latest `most` of them.

    SECURITY: anybody can send a cookie of any text. Only a session that Django recognised leads into the lane of
    people from then on, so strangers cannot fill it; the first request of a session goes with them, once a process.
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


known = Known()


def lane_of(environ: Environ) -> str:
    """The name of a request's lane; "" for what asks nothing of the database."""
    path = environ.get("PATH_INFO", "")
    if path == "/healthz" or path.startswith(settings.STATIC_URL):
        return ""
    if path in _CHECKS:
        return "checks"
    if environ.get("REQUEST_METHOD") == "POST" and _REPORTS.fullmatch(path):
        return "reports"
    if _session_of(environ) in known:  # pages ask the API, too, for the person who looks at them
        return "pages"
    return "programs" if path.startswith(("/api/", "/hooks/")) else "strangers"


def _session_of(environ: Environ) -> str:
    """As Django reads it, which takes no other cookie for it whose name or text has this name in it."""
    return parse_cookie(environ.get("HTTP_COOKIE", "")).get(settings.SESSION_COOKIE_NAME, "")


def recognising(application: Application) -> Application:
    """The application, with what it says of sessions noted."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answered = application(environ, start_response)
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


def behind_a_door(application: Application) -> Door:
    return Door(
        recognising(application),
        LANES,
        lane_of,
        refusal,
        company=Company(os.environ.get("SECOPS_DOOR_FILE") or tempfile.mkstemp()[1]),
        large="large",
        waited=lambda lane, seconds: WAITS.labels(lane).observe(seconds),
        refused=lambda lane: REFUSED.labels(lane).inc(),
    )
