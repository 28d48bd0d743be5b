"""The one mapping of errors to HTTP status codes: the domain's, and the database's refusals."""

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.translation import gettext_noop as _

from apps.common.errors import (
    Conflict,
    DomainError,
    EditConflict,
    Invalid,
    Missing,
    NotAuthentic,
    NotPermitted,
    PreconditionNeeded,
    ReportRejected,
    TooMany,
    Unavailable,
)

STATUSES: tuple[tuple[type[DomainError], int], ...] = (
    (Invalid, 400),
    (NotAuthentic, 401),
    (NotPermitted, 403),
    (Missing, 404),
    (EditConflict, 412),
    (Conflict, 409),
    (PreconditionNeeded, 428),
    (TooMany, 429),
    (Unavailable, 503),
)

# Marked only: the API says them in English, pages look them up (apps/common/said.py).
TITLES = {
    400: _("The request cannot be accepted"),
    401: _("Authentication needed"),
    403: _("Not permitted"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Not acceptable"),
    408: _("Too slow"),
    409: _("The object's state does not allow this"),
    412: _("Changed by somebody else"),
    413: _("Too large"),
    415: _("Unsupported media type"),
    422: _("The content cannot be processed"),
    428: _("Precondition needed"),
    429: _("Too many requests"),
    500: _("Something went wrong on our side"),
    503: _("Not available now"),
}


# What the database refuses by its SQLSTATE. Two requests at once may both pass a service's check; a
# constraint has the last word.
REFUSALS = {
    "23505": (409, "conflict", "There is one like it already."),
    "23514": (400, "invalid", "A value is outside what can be stored."),
    "53100": (503, "no-room", "The database has no room now. Nothing was kept."),
}


def status_of(error: DomainError) -> int:
    if isinstance(error, ReportRejected):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)


def refusal_of(error: DatabaseError) -> tuple[int, str, str] | None:
    """Status, code and sentence of what the database refuses; None for what is our own mistake."""
    return REFUSALS.get(getattr(error.__cause__, "pgcode", None) or "")


def own_cookie(request: HttpRequest, name: str) -> str:
    """What a script of ours has kept (assets/js/cookie.js); "" for nothing.

    SECURITY: over https only under a name that no neighbouring host can write (RFC 6265bis section 4.1.3.2).
    """
    return request.COOKIES.get(f"__Host-{name}" if request.is_secure() else name, "")
