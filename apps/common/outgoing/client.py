"""The client itself: one request, its redirects, its answer under limits."""

import contextlib
import http.client
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urljoin

import msgspec

from apps.common.outgoing import errors, sockets
from apps.common.outgoing.errors import OutgoingFailed
from apps.common.outgoing.policy import Limits, Policy, Target

CHUNK = 64 * 1024
MOVED = frozenset({301, 302, 303, 307, 308})
AGENT = "SecOps-Portal"
# What never follows a redirect to another origin.
SECRET_HEADERS = frozenset({"authorization", "cookie", "private-token", "proxy-authorization"})


class Answer:
    """What came back. Read it inside the `with` of Client.send; the bounds hold while it is read."""

    def __init__(
        self, response: http.client.HTTPResponse, target: Target, limits: Limits, method: str
    ) -> None:
        self.status = response.status
        self.headers: Message = response.headers
        self.url = target.url
        self._response = response
        self._limits = limits
        self._announced = _length(response.headers) if method != "HEAD" else None
        if self._announced is not None and self._announced > limits.max_bytes:
            raise self._too_large()

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    def chunks(self) -> Iterator[bytes]:
        """The body. Raises: OutgoingFailed when it is too large, too slow, or breaks off."""
        taken = 0
        while chunk := self._read():
            taken += len(chunk)
            if taken > self._limits.max_bytes:
                raise self._too_large()
            yield chunk
        if self._announced is not None and taken < self._announced:
            raise OutgoingFailed(
                errors.BROKEN,
                f"The answer broke off after {taken} of {self._announced} bytes.",
            )

    def read(self) -> bytes:
        return b"".join(self.chunks())

    def json(self) -> Any:
        """The body as JSON, read strictly. Raises: OutgoingFailed."""
        encoding = self.header("Content-Encoding").lower()
        if encoding not in {"", "identity"}:
            raise OutgoingFailed(
                errors.CONTENT, f"The answer is encoded ({encoding[:40]}), which was not asked for."
            )
        body = self.read()
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            kind = self.header("Content-Type").partition(";")[0] or "something else"
            raise OutgoingFailed(
                errors.CONTENT, f"The answer is no JSON but {kind[:60]}."
            ) from None

    def _read(self) -> bytes:
        try:
            return self._response.read1(CHUNK)
        except TimeoutError as error:
            raise OutgoingFailed(
                errors.TIME, f"Nothing came for {self._limits.idle:g} seconds."
            ) from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise OutgoingFailed(errors.BROKEN, "The answer broke off.") from error

    def _too_large(self) -> OutgoingFailed:
        megabytes = self._limits.max_bytes / 1024 / 1024
        return OutgoingFailed(errors.SIZE, f"The answer is larger than {megabytes:g} MB.")


@dataclass(frozen=True)
class Client:
    """Sends requests as the policy allows. Tests replace `resolve` and `connect`."""

    policy: Policy = field(default_factory=Policy.from_settings)
    limits: Limits = field(default_factory=Limits)
    resolve: sockets.Resolve | None = None
    connect: sockets.Connect | None = None

    @contextlib.contextmanager
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        secret_headers: frozenset[str] = frozenset(),
        follow: bool = True,
    ) -> Iterator[Answer]:
        """One request; every hop of its redirects passes the same checks.

        secret_headers: names (lower case) beyond the usual ones that stay with the first origin.
        Only GET and HEAD follow a redirect. Raises: OutgoingFailed.
        """
        deadline = sockets.Deadline(self.limits)
        sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **(headers or {})}
        target = self.policy.check_url(url)
        for _ in range(self.limits.max_redirects + 1):
            line, response = self._once(method, target, sent, body, deadline)
            with contextlib.closing(line), contextlib.closing(response):
                place = response.headers.get("Location")
                follows = follow and method in {"GET", "HEAD"}
                if not (follows and response.status in MOVED and place):
                    yield Answer(response, target, self.limits, method)
                    return
            following = self.policy.check_url(_joined(target.url, place))
            if following.origin != target.origin:
                hidden = SECRET_HEADERS | secret_headers
                sent = {name: text for name, text in sent.items() if name.lower() not in hidden}
            if target.scheme == "https" and following.scheme == "http":
                raise OutgoingFailed(
                    errors.SCHEME, "It redirects from https:// to http://, which is not followed."
                )
            target = following
        raise OutgoingFailed(
            errors.REDIRECTS, f"It redirects more than {self.limits.max_redirects} times."
        )

    def stream(self, url: str) -> sockets.TimedSocket:
        """A connection for protocols other than HTTP, under the same checks; https:// means TLS.

        Raises: OutgoingFailed.
        """
        return self._opened(self.policy.check_url(url), sockets.Deadline(self.limits))

    def _opened(self, target: Target, deadline: sockets.Deadline) -> sockets.TimedSocket:
        return sockets.opened(
            target,
            self.policy,
            deadline,
            self.resolve or sockets.resolve,
            self.connect or sockets.connect,
        )

    def _once(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: sockets.Deadline,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        sock = self._opened(target, deadline)
        line = http.client.HTTPConnection(target.host, target.port)
        line.auto_open = 0
        line.sock = sock
        try:
            line.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
            line.putheader("Host", target.authority)
            if body is not None:
                line.putheader("Content-Length", str(len(body)))
            for name, text in headers.items():
                line.putheader(name, text)
            line.putheader("Connection", "close")
            line.endheaders(body)
            return line, line.getresponse()
        except OutgoingFailed:
            line.close()
            raise
        except TimeoutError as error:
            line.close()
            raise OutgoingFailed(errors.TIME, f"{target.host} did not answer in time.") from error
        except ssl.SSLError as error:
            line.close()
            raise OutgoingFailed(errors.TLS, f"TLS with {target.host} broke off.") from error
        except OSError as error:  # http.client's RemoteDisconnected is one, too
            line.close()
            raise OutgoingFailed(errors.BROKEN, f"{target.host} broke off.") from error
        except (http.client.HTTPException, ValueError) as error:
            line.close()
            text = f"{target.host} does not speak HTTP that can be read."
            raise OutgoingFailed(errors.PROTOCOL, text) from error


def _joined(base: str, place: str) -> str:
    try:
        return urljoin(base, place)
    except ValueError:
        raise OutgoingFailed(errors.URL, "It redirects to what is no URL.") from None


def _length(headers: Message) -> int | None:
    """The announced size; None where there is none or the body comes in pieces of unknown number."""
    text = str(headers.get("Content-Length", ""))
    chunked = "chunked" in str(headers.get("Transfer-Encoding", "")).lower()
    return int(text) if text.isascii() and text.isdigit() and not chunked else None
