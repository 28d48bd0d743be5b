"""Why a request did not leave or brought nothing. The codes are stable: also metric labels."""

from apps.common.errors import DomainError

URL = "url-refused"
SCHEME = "scheme-refused"
PORT = "port-refused"
HOST = "host-refused"
ADDRESS = "address-refused"
NAME = "name-unknown"
CONNECT = "cannot-connect"
TLS = "tls-failed"
TIME = "timed-out"
BROKEN = "broken-off"
SIZE = "too-large"
REDIRECTS = "too-many-redirects"
PROTOCOL = "not-http"
CONTENT = "bad-answer"
STATUS = "bad-status"
AUTH = "not-authorised"
RATE = "rate-limited"

# Another try, later, ends the same way: somebody has to change something first.
PERMANENT = frozenset({URL, SCHEME, PORT, HOST, ADDRESS, REDIRECTS, AUTH})


class OutgoingFailed(DomainError):
    """A request that was refused by the guard or that failed on its way.

    permanent: only a person can mend it; retry_after: seconds that the other side asked us to wait.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        permanent: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.permanent = code in PERMANENT if permanent is None else permanent
        self.retry_after = retry_after
