"""The one mapping of errors to HTTP status codes: the domain's, and the database's refusals."""

from django.db import DatabaseError

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
    (Unavailable, 503),
)

TITLES = {
    400: "The request cannot be accepted",
    401: "Authentication needed",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "The object's state does not allow this",
    412: "Changed by somebody else",
    413: "Too large",
    415: "Unsupported media type",
    422: "The content cannot be processed",
    428: "Precondition needed",
    429: "Too many requests",
    503: "Not available now",
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
