"""HTTP as connectors use it: with the source's secret, with statuses told apart, and with patience."""

import base64
import contextlib
import email.utils
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from apps.common.outgoing import Answer, Client, OutgoingFailed, errors, origin_of
from apps.common.outgoing.sockets import TimedSocket
from apps.sources.secret import Secret

GOOD = frozenset({200, 206})
# What passes by itself, soon: tried again within the run, a few times.
PASSING = frozenset({500, 502, 503, 504})
LONGEST_WAIT = 30.0  # seconds; whoever asks for more gets the worker's time back
WAITS_IN_ALL = 90.0
TRIES = 3
BIG = 1e9
WEEK = 7 * 24 * 3600.0
UNSAID_WAIT = 60.0  # GitHub: at least a minute, where a limit names no time
# Below the soft limit of a task (CELERY_TASK_SOFT_TIME_LIMIT), with room for one last request.
RUN_SECONDS = 800.0


def pause(seconds: float) -> None:
    time.sleep(seconds)


class Session:
    """Requests of one run. SECURITY: the secret goes to its own origin and nowhere else."""

    def __init__(
        self,
        client: Client,
        secret: Secret | None = None,
    ) -> None:
        self._client = client
        self.secret = secret
        self._waited = 0.0
        self._ends = time.monotonic() + RUN_SECONDS

    @contextlib.contextmanager
    def open(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        also: Collection[int] = (),
        signer: Callable[[str, str, bytes], Mapping[str, str]] | None = None,
    ) -> Iterator[Answer]:
        """A good answer (200, 206, or one of `also`). Raises: OutgoingFailed.

        signer: makes headers for method, URL and body, for schemes that sign each request.
        """
        tries = 0
        while True:
            tries += 1
            if time.monotonic() > self._ends:
                raise OutgoingFailed(
                    errors.TIME, f"The run was not over after {RUN_SECONDS / 60:.0f} minutes."
                )
            sent = {**(headers or {}), **self._headers(url)}
            if signer is not None:
                sent |= signer(method, url, body or b"")
            with self._client.send(
                method, url, headers=sent, body=body, secret_headers=self._secret_names()
            ) as answer:
                if answer.status in GOOD or answer.status in also:
                    yield answer
                    return
                failure = failure_of(answer, time.time())
                is_passing = answer.status in PASSING
            self._wait_or_raise(failure, tries, is_passing=is_passing)

    def stream(self, url: str) -> TimedSocket:
        """A connection for another protocol than HTTP, made by the guard. Raises: OutgoingFailed."""
        return self._client.stream(url)

    def json(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        also: Collection[int] = (),
    ) -> tuple[Any, Answer]:
        """A JSON answer and what came with it."""
        accept = {"Accept": "application/json", **(headers or {})}
        with self.open(url, method=method, headers=accept, body=body, also=also) as answer:
            return (answer.json() if answer.status in GOOD else None), answer

    def _headers(self, url: str) -> dict[str, str]:
        secret = self.secret
        if secret is None or origin_of(url) != secret.origin:
            return {}
        if secret.kind == "bearer":
            return {"Authorization": f"Bearer {secret.text}"}
        if secret.kind == "basic":
            pair = f"{secret.username}:{secret.text}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if secret.kind == "header":
            return {secret.username: secret.text}
        return {}  # keys sign, they are not sent

    def _secret_names(self) -> frozenset[str]:
        if self.secret is not None and self.secret.kind == "header":
            return frozenset({self.secret.username.lower()})
        return frozenset()

    def _wait_or_raise(self, failure: OutgoingFailed, tries: int, *, is_passing: bool) -> None:
        """Wait as asked, if it is short; else the run ends and comes again later."""
        wait = failure.retry_after
        if wait is None and is_passing:
            wait = 2.0 ** (tries - 1)
        short = wait is not None and wait <= LONGEST_WAIT and self._waited + wait <= WAITS_IN_ALL
        if tries >= TRIES or not short or wait is None:
            raise failure
        self._waited += wait
        pause(wait)


def failure_of(answer: Answer, now: float) -> OutgoingFailed:
    """What an answer that is not good means. Nothing of its body is repeated: it may hold anything."""
    status = answer.status
    wait = wait_of(answer, now)
    if wait is None and (status == 429 or (status == 403 and _speaks_of_a_limit(answer))):
        wait = UNSAID_WAIT
    if status == 429 or (status in {403, 503} and wait is not None):
        return OutgoingFailed(
            errors.RATE, f"It asks us to wait (HTTP {status}).", permanent=False, retry_after=wait
        )
    if status in {401, 403}:
        text = (
            f"It does not let us in (HTTP {status}): the credential is missing, wrong or too weak."
        )
        return OutgoingFailed(errors.AUTH, text)
    if status in {404, 410}:
        text = (
            f"There is nothing at this address (HTTP {status}), or the credential may not see it."
        )
        return OutgoingFailed(errors.STATUS, text, permanent=True)
    if 300 <= status < 400:
        return OutgoingFailed(errors.STATUS, f"It redirects without saying where (HTTP {status}).")
    if 400 <= status < 500 and status != 408:
        text = f"It refuses the request (HTTP {status})."
        return OutgoingFailed(errors.STATUS, text, permanent=True)
    return OutgoingFailed(errors.STATUS, f"It answers HTTP {status}.", permanent=False)


def _speaks_of_a_limit(answer: Answer) -> bool:
    """GitHub's secondary limit is a 403 that often says so in its body only; a refused credential, which
    looks the same otherwise, must not count as one, and the other way round."""
    try:
        start = next(iter(answer.chunks()), b"")[:4000]
    except OutgoingFailed:
        return False
    return b"rate limit" in start.lower()


def wait_of(answer: Answer, now: float) -> float | None:
    """Seconds that an answer asks us to wait: Retry-After (RFC 9110, 10.2.3), or an exhausted budget
    with its reset as GitHub and GitLab tell it."""
    if text := answer.header("Retry-After").strip():
        return _bounded(_retry_after(text, now))
    for prefix in ("X-RateLimit-", "RateLimit-"):
        if answer.header(f"{prefix}Remaining").strip() == "0":
            reset = answer.header(f"{prefix}Reset").strip()
            if reset.isascii() and reset.isdigit() and len(reset) < 13:
                moment = float(reset)
                return _bounded(moment - now if moment > BIG else moment)
    return None


def _retry_after(text: str, now: float) -> float:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 60.0


def _bounded(seconds: float) -> float:
    return min(max(seconds, 1.0), WEEK)
