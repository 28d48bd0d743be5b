"""How long the web server waits for what a sender sends: not for ever, however steadily it trickles.

Source of the shape: Apache's mod_reqtimeout (RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500).
"""

import errno
import select
import socket
import time
from typing import Any

HEAD = 10.0  # seconds that all of a request's head may keep us waiting
BODY = 20.0  # seconds that a body may, and
RATE = 4096  # bytes that buy it one more
LINGER = 2.0  # seconds, as gunicorn has it
REST = 0.1  # seconds for what is left of a body after its answer


class TooSlow(TimeoutError):
    """Nobody waits for this sender any longer. To gunicorn it looks as if the connection were gone."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "too slow")


class Clocked:
    """A connection whose reader waits for it within a budget; in everything else the socket that it is.

    Only waiting for the sender counts: what the portal does between two reads takes nothing off.
    """

    def __init__(
        self, line: socket.socket, *, head: float = HEAD, body: float = BODY, rest: float = REST
    ) -> None:
        self._line, self._head, self._body, self._rest = line, head, body, rest
        self._left, self._rate = head, 0.0
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def begin_head(self) -> None:
        """Another request on this connection."""
        self._left, self._rate = self._head, 0.0

    def begin_body(self) -> None:
        self._left, self._rate = self._body, 1 / RATE

    def end_body(self) -> None:
        """It is answered: what was not read is not waited for, so that who was refused holds nothing."""
        self._left, self._rate = min(self._left, self._rest), 0.0

    def shutdown(self, how: int) -> None:
        """The end: gunicorn lingers for a moment, so that what it said last is not cut off."""
        self._left = LINGER
        self._line.shutdown(how)

    def recv(self, size: int) -> bytes:
        """Raises: TooSlow, once the budget is used up."""
        began = time.monotonic()
        own = self._line.gettimeout()  # gunicorn's, where it reads on what the application left
        wait = self._left if own is None else min(self._left, own)
        if wait <= 0 or not self._poll.poll(wait * 1000):
            self._left = 0
            raise TooSlow
        data = self._line.recv(size)
        self._left += len(data) * self._rate - (time.monotonic() - began)
        return data
