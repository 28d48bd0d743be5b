"""What can go wrong in the domain. Mapped to HTTP in one place: apps/common/http.py."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal with a reason.

    code: a stable machine word, also used as the metric's label; message: a sentence for a person.
    """

    code = "error"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class Invalid(DomainError):
    """Input that cannot be accepted; `fields` names each field with its sentences."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, Sequence[str] | str], message: str = "") -> None:
        self.fields = {
            name: [problems] if isinstance(problems, str) else list(problems)
            for name, problems in fields.items()
        }
        super().__init__(message or "Some fields need another value.")


class NotPermitted(DomainError):
    """The actor may see the object and may not do this to it."""

    code = "not-permitted"


class Missing(DomainError):
    """It does not exist, or the actor may not know that it does: both answer the same."""

    code = "not-found"


class Conflict(DomainError):
    """The state of the object does not allow this now."""

    code = "conflict"


class Archived(Conflict):
    """It belongs to a system that was archived: it is read, and nothing is written to it."""

    code = "system-archived"

    def __init__(self) -> None:
        super().__init__(
            "This system is archived: it is read, and nothing is written to it. "
            "Whoever manages it can bring it back."
        )


class EditConflict(Conflict):
    """Somebody else changed the object since the actor read it."""

    code = "edit-conflict"

    def __init__(self, message: str, *, current_version: int) -> None:
        super().__init__(message)
        self.current_version = current_version


class ReportRejected(DomainError):
    """A report that is not taken in. `code` is one of apps/scans/constants.py's reasons."""

    code = "report-rejected"

    def __init__(self, code: str, message: str, *, status: int = 400, location: str = "") -> None:
        super().__init__(message, code=code)
        self.status = status
        self.location = location


class PreconditionNeeded(DomainError):
    """An edit that does not say which version it was made on."""

    code = "precondition-needed"


class NotAuthentic(DomainError):
    """What should prove who asks does not."""

    code = "token-not-valid"


class TooMany(DomainError):
    """More than one may ask for within a time."""

    code = "throttled"


class Unavailable(DomainError):
    """Somebody else is needed to answer, and does not answer now."""

    code = "unavailable"
