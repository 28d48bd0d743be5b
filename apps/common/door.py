"""The door of the web server: who is answered when, decided before Django is asked (docs/decisions/0008).

Every request goes into a lane. A lane has few threads that work; who waits for one of them sleeps in a thread of
the web server, which costs neither processor nor a connection of the database: connections belong to the threads
that work, so a process holds as many as its lanes have places, however many wait.
"""

import fcntl
import io
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Environ = dict[str, Any]
# Where an application notes in the environ, as True or False, whether somebody is signed in who asks.
SIGNED_IN = "secops.signed_in"
StartResponse = Callable[..., Callable[[bytes], object]]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class Lane:
    """places: requests that are answered at the same time; room: how many more may wait for a place.

    rest: how many times as long as a request took the lane rests before the next one, while somebody of a lane that
    never rests is being answered: two threads share one interpreter. It rests no more once the next one has waited
    for half of the time after which it would be refused.
    """

    name: str
    places: int
    room: int
    rest: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """What somebody hears who is not let in. seconds: when to come again (Retry-After); 0 says nothing of it."""

    content_type: str
    body: bytes
    seconds: int = 5
    status: str = "503 Service Unavailable"


TOO_SLOW = Refusal(
    "text/plain; charset=utf-8", b"The body came too slowly.\n", 0, "408 Request Timeout"
)


@dataclass(frozen=True)
class Keeper:
    """How the door learns who sends what strangers must not fill a lane with, before a byte of the body is read.

    asks: whether that matters for a request on its way to a lane of this name.
    recognise: whether the sender is somebody; it may ask the database, so it is asked in the lane `lane`.
    otherwise: the lane of a stranger whose body is small: the application refuses in its own words there.
    refusal: told to a stranger whose body is large.
    """

    lane: str
    asks: Callable[[Environ, str], bool]
    recognise: Callable[[Environ], bool]
    otherwise: str
    refusal: Callable[[Environ], Refusal]


class _Crowded(Exception):
    """No room, or the deadline is over; nothing of the request was begun."""


class _Slow(Exception):
    """Its sender did not keep up; nothing of the request was begun."""


class Company:
    """Whether anybody is being answered in a lane that never rests, in any process that uses the same file.

    Each holds a shared lock on it. Locks are the kernel's, so they go with a process that dies.
    """

    PAUSE = 0.02  # seconds between two looks

    def __init__(self, file: str) -> None:
        """file: it exists, and stays empty."""
        self._file = file

    @contextmanager
    def joined(self) -> Iterator[None]:
        handle = os.open(self._file, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def leaves(self, until: float) -> None:
        """Return when there is nobody, and at `until` (of time.monotonic) in any case."""
        while time.monotonic() < until and self._is_there():
            time.sleep(self.PAUSE)

    def _is_there(self) -> bool:
        handle = os.open(self._file, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


class Door:
    """A WSGI application before another one.

    choose: the name of the lane of a request, or "" to answer it right here: only what asks no database.
    patience: seconds after which somebody who waits is refused, so that no proxy gives up first.
    company: who is answered meanwhile, in all processes that share its file.
    small: bytes of a body that is read before a place is taken, so that a slow sender holds none. Bodies that are
    longer or have no length are read as they come in: `large` chooses their lane, whatever they ask for.
    readers: such small bodies that are read at the same time, so that slow senders leave threads to everybody else.
    slow: told to a sender for whom the server waited long enough (TimeoutError of `wsgi.input`).
    keeper: who recognises senders before they hold a place; None: nobody is asked.
    waited: told the lane and the seconds of each wait; refused: told the lane of each refusal.
    """

    def __init__(
        self,
        application: Application,
        lanes: Iterable[Lane],
        choose: Callable[[Environ], str],
        refusal: Callable[[Environ], Refusal],
        *,
        company: Company,
        large: Callable[[Environ], str],
        keeper: Keeper | None = None,
        small: int = 256 * 1024,
        readers: int = 344,
        slow: Callable[[Environ], Refusal] = lambda _environ: TOO_SLOW,
        patience: float = 50.0,
        waited: Callable[[str, float], None] = lambda _lane, _seconds: None,
        refused: Callable[[str], None] = lambda _lane: None,
    ) -> None:
        self._application = application
        self._queues: Mapping[str, _Queue] = {
            lane.name: _Queue(lane, company, patience) for lane in lanes
        }
        self._choose, self._refusal = choose, refusal
        self._large, self._keeper, self._small = large, keeper, small
        self._readers, self._slow = threading.Semaphore(readers), slow
        self._waited, self._refused = waited, refused

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = _length(environ)
        is_small = length is not None and length <= self._small
        name = self._choose(environ) if is_small else self._large(environ)
        if not name:
            return self._application(environ, start_response)
        try:
            keeper = self._keeper
            if keeper and keeper.asks(environ, name) and not self._recognised(keeper, environ):
                if not is_small:
                    return _refuse(keeper.refusal(environ), start_response)
                name = keeper.otherwise
            if length and is_small:  # before the queue: slow senders take nobody's room in it
                environ["wsgi.input"] = io.BytesIO(self._read(environ, length))
            self._enter(name, lambda: _answer(self._application, environ, start_response))
        except _Crowded:
            return _refuse(self._refusal(environ), start_response)
        except _Slow:
            return _refuse(self._slow(environ), start_response)
        return ()

    def _read(self, environ: Environ, length: int) -> bytes:
        """Raises: _Crowded where too many are slow already, _Slow."""
        if not self._readers.acquire(blocking=False):
            raise _Crowded
        try:
            body: bytes = environ["wsgi.input"].read(length)
        except TimeoutError as error:
            raise _Slow from error
        finally:
            self._readers.release()
        return body

    def _recognised(self, keeper: Keeper, environ: Environ) -> bool:
        """Raises: _Crowded."""
        told = [False]

        def ask() -> None:
            told[0] = keeper.recognise(environ)

        self._enter(keeper.lane, ask)
        return told[0]

    def _enter(self, name: str, work: Callable[[], None]) -> None:
        """Do it in a thread of a lane. Raises: _Crowded, and what `work` raises."""
        queue = self._queues[name]
        came = time.monotonic()

        def begin() -> None:
            self._waited(name, time.monotonic() - came)
            work()

        try:
            with queue.room():
                queue.run(begin)
        except _Crowded:
            self._refused(name)
            raise


class _Queue:
    """The threads of a lane, and how many wait for them."""

    def __init__(self, lane: Lane, company: Company, patience: float) -> None:
        self._lane, self._company, self._patience = lane, company, patience
        self._inside = 0
        self._lock = threading.Lock()
        self._rested = 0.0  # when the lane will have
        self._threads = ThreadPoolExecutor(lane.places, thread_name_prefix=f"lane-{lane.name}")

    @contextmanager
    def room(self) -> Iterator[None]:
        """A stay in the queue. Raises: _Crowded."""
        with self._lock:
            if self._inside >= self._lane.places + self._lane.room:
                raise _Crowded
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1

    def run(self, work: Callable[[], None]) -> None:
        """Wait for a thread and for what it does. Raises: _Crowded, and what `work` raises."""
        how, came = self._in_turn if self._lane.rest else self._ahead, time.monotonic()
        future: Future[None] = self._threads.submit(how, work, came)
        wait([future], self._patience)
        if future.cancel():  # not what has begun: that goes on to its end
            raise _Crowded
        future.result()

    def _ahead(self, work: Callable[[], None], _came: float) -> None:
        with self._company.joined():
            work()

    def _in_turn(self, work: Callable[[], None], came: float) -> None:
        self._company.leaves(until=min(self._rested, came + self._patience / 2))
        began = time.monotonic()
        try:
            work()
        finally:
            ended = time.monotonic()
            self._rested = ended + (ended - began) * self._lane.rest


def _length(environ: Environ) -> int | None:
    """How long the body says it is; None for one that says nothing (chunked)."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    said = environ.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0


def _answer(application: Application, environ: Environ, start_response: StartResponse) -> None:
    """Answer in this thread to the last byte, by the callable `write` of PEP 3333: what is streamed asks the
    database as it goes, and its connection belongs to the thread."""
    told: list[Callable[[bytes], object]] = []

    def start(*words: Any) -> Callable[[bytes], object]:
        told[:] = [start_response(*words)]
        return told[0]

    chunks = application(environ, start)
    try:
        for chunk in chunks:
            if chunk:
                told[0](chunk)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _refuse(refusal: Refusal, start_response: StartResponse) -> Iterable[bytes]:
    headers = [
        ("Content-Type", refusal.content_type),
        ("Content-Length", str(len(refusal.body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if refusal.seconds:
        headers.append(("Retry-After", str(refusal.seconds)))
    if refusal.status.startswith("401"):
        headers.append(("WWW-Authenticate", 'Bearer realm="SecOps Portal"'))
    start_response(refusal.status, headers)
    return [refusal.body]
