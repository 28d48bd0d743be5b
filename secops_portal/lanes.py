"""Which request goes through which lane of the web server (apps/common/door.py)."""

import json
import os
import re
import tempfile

from django.conf import settings

from apps.common.api.problems import MEDIA_TYPE, problem
from apps.common.door import Application, Company, Door, Environ, Lane, Refusal
from apps.common.metrics import REFUSED, WAITS

LANES = (
    # What people look at.
    Lane("pages", places=4, room=64),
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


def lane_of(environ: Environ) -> str:
    """The name of a request's lane; "" for what asks nothing of the database."""
    path = environ.get("PATH_INFO", "")
    if path == "/healthz" or path.startswith(settings.STATIC_URL):
        return ""
    if path in _CHECKS:
        return "checks"
    if environ.get("REQUEST_METHOD") == "POST" and _REPORTS.fullmatch(path):
        return "reports"
    # Pages ask the API, too, for the person who looks at them.
    if path.startswith(("/api/", "/hooks/")) and settings.SESSION_COOKIE_NAME not in environ.get(
        "HTTP_COOKIE", ""
    ):
        return "programs"
    return "pages"


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
        application,
        LANES,
        lane_of,
        refusal,
        company=Company(os.environ.get("SECOPS_DOOR_FILE") or tempfile.mkstemp()[1]),
        large="large",
        waited=lambda lane, seconds: WAITS.labels(lane).observe(seconds),
        refused=lambda lane: REFUSED.labels(lane).inc(),
    )
