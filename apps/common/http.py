"""The one mapping of domain errors to HTTP status codes."""

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


def status_of(error: DomainError) -> int:
    if isinstance(error, ReportRejected):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)
